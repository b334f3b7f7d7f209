import CKernels

/// A depthwise convolution of bytes with what follows it.
struct ByteDepthwiseStep {
  let function: qn_u8_dwconv_function
  let window: qn_window
  let input: UnsafePointer<UInt8>
  let inputZero: UInt8
  let packed: UnsafeRawPointer
  /// For the first image.
  let requantisation: qn_requantisation
  let output: UnsafeMutablePointer<UInt8>?
  let inputImage: Int
  let outputImage: Int
  let blocks: ImageBlocks
  let partition: Partition

  func run(_ piece: Int) {
    for index in partition.blocks(of: piece) {
      let (image, rows, channels) = blocks.block(index)
      var requantisation = requantisation
      if requantisation.residual != nil { requantisation.residual += image * outputImage }
      if requantisation.real != nil { requantisation.real += image * outputImage }
      withUnsafePointer(to: window) {
        function(
          $0, input + image * inputImage, inputZero, packed, &requantisation,
          output.map { $0 + image * outputImage },
          Int32(rows.lowerBound), Int32(rows.upperBound), Int32(channels.lowerBound), Int32(channels.upperBound))
      }
    }
  }
}

/// Pooling of bytes over windows; without averaging, the largest byte.
struct BytePoolStep {
  let function: qn_u8_pool_function
  let window: qn_window
  let averaging: qn_u8_averaging?
  let input: UnsafePointer<UInt8>
  let output: UnsafeMutablePointer<UInt8>
  let inputImage: Int
  let outputImage: Int
  let blocks: ImageBlocks
  let partition: Partition

  func run(_ piece: Int) {
    for index in partition.blocks(of: piece) {
      let (image, rows, channels) = blocks.block(index)
      withUnsafePointer(to: window) { window in
        if var averaging {
          run(window, &averaging, image, rows, channels)
        } else {
          run(window, nil, image, rows, channels)
        }
      }
    }
  }

  private func run(
    _ window: UnsafePointer<qn_window>, _ averaging: UnsafePointer<qn_u8_averaging>?, _ image: Int,
    _ rows: Range<Int>, _ channels: Range<Int>
  ) {
    function(
      window, averaging, input + image * inputImage, output + image * outputImage, Int32(rows.lowerBound),
      Int32(rows.upperBound), Int32(channels.lowerBound), Int32(channels.upperBound))
  }
}
