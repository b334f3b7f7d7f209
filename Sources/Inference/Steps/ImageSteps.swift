import CKernels

/// How the output of a step over images is cut into blocks: images × rows × channels.
struct ImageBlocks {
  let images: Int
  let rows: Int
  let channels: Int
  let rowBlocks: Int
  let channelBlocks: Int
  /// What blocks of channels begin at multiples of: the channels of whole vectors.
  let lanes: Int

  /// The image, rows and channels of a block.
  func block(_ index: Int) -> (image: Int, rows: Range<Int>, channels: Range<Int>) {
    let (rest, channelBlock) = index.quotientAndRemainder(dividingBy: channelBlocks)
    let (image, rowBlock) = rest.quotientAndRemainder(dividingBy: rowBlocks)
    let vectors = part(channelBlock, of: channelBlocks, (channels + lanes - 1) / lanes)
    return (
      image, part(rowBlock, of: rowBlocks, rows),
      vectors.lowerBound * lanes..<min(channels, vectors.upperBound * lanes)
    )
  }

  /// The number of blocks.
  var count: Int { images * rowBlocks * channelBlocks }
}

/// How a step over the pixels of images is cut into blocks: images × pixels.
struct PixelBlocks {
  let images: Int
  let pixels: Int
  let perImage: Int

  /// A few blocks for every thread; a single pixel is never cut.
  init(images: Int, pixels: Int, threads: Int) {
    (self.images, self.pixels) = (images, pixels)
    perImage = min(pixels, threads == 1 ? 1 : 4 * threads)
  }

  /// The image and pixels of a block.
  func block(_ index: Int) -> (image: Int, pixels: Range<Int>) {
    let (image, block) = index.quotientAndRemainder(dividingBy: perImage)
    return (image, part(block, of: perImage, pixels))
  }

  /// The number of blocks.
  var count: Int { images * perImage }
}

/// A depthwise convolution with what follows it.
struct DepthwiseStep {
  let function: qn_f32_dwconv_function
  let window: qn_window
  let input: UnsafePointer<Float>
  let weights: UnsafePointer<Float>
  let bias: UnsafePointer<Float>?
  let residual: UnsafePointer<Float>?
  let activation: qn_activation
  let output: UnsafeMutablePointer<Float>
  let inputImage: Int
  let outputImage: Int
  let blocks: ImageBlocks
  let partition: Partition

  func run(_ piece: Int) {
    for index in partition.blocks(of: piece) {
      let (image, rows, channels) = blocks.block(index)
      withUnsafePointer(to: window) {
        function(
          $0, input + image * inputImage, weights, bias, residual.map { $0 + image * outputImage },
          activation,
          output + image * outputImage, Int32(rows.lowerBound), Int32(rows.upperBound),
          Int32(channels.lowerBound),
          Int32(channels.upperBound))
      }
    }
  }
}

/// Pooling over windows; the global average is a window as large as the image.
struct PoolStep {
  let function: qn_f32_pool_function
  let window: qn_window
  let isMaximum: Bool
  let input: UnsafePointer<Float>
  let output: UnsafeMutablePointer<Float>
  let inputImage: Int
  let outputImage: Int
  let blocks: ImageBlocks
  let partition: Partition

  func run(_ piece: Int) {
    for index in partition.blocks(of: piece) {
      let (image, rows, channels) = blocks.block(index)
      withUnsafePointer(to: window) {
        function(
          $0, isMaximum ? 1 : 0, input + image * inputImage, output + image * outputImage,
          Int32(rows.lowerBound),
          Int32(rows.upperBound), Int32(channels.lowerBound), Int32(channels.upperBound))
      }
    }
  }
}

/// Bilinear resizing.
struct ResizeStep {
  let function: qn_f32_resize_function
  let width: Int
  let outWidth: Int
  let rows: UnsafePointer<qn_neighbours>
  let columns: UnsafePointer<qn_neighbours>
  let input: UnsafePointer<Float>
  let output: UnsafeMutablePointer<Float>
  let inputImage: Int
  let outputImage: Int
  /// Never cut along the channels.
  let blocks: ImageBlocks
  let partition: Partition

  func run(_ piece: Int) {
    for index in partition.blocks(of: piece) {
      let (image, range, _) = blocks.block(index)
      function(
        Int32(blocks.channels), Int32(width), input + image * inputImage, Int32(outWidth), rows, columns,
        output + image * outputImage, Int32(range.lowerBound), Int32(range.upperBound))
    }
  }
}
