import CKernels

/// A 3×3 convolution by Winograd's minimal filtering: tiles of the image are transformed, multiplied by the transformed
/// filters, one matrix product per element of a tile, and transformed back.
///
/// The tiles of all images of a batch are numbered one after the other and cut into blocks, so that a transformed block
/// stays in the second-level cache. Either a thread takes a block through all three parts, or, where there are too few
/// blocks for all threads, each part is a step of its own that all threads share. Blocks are the same either way.
struct WinogradStep {
  /// Which parts the step does, and what its partition counts.
  enum Phase {
    /// All, for every block.
    case all
    /// The image's transform, for runs of tiles.
    case input
    /// The products, for every element of every block.
    case products
    /// The transform back, for runs of tiles.
    case output
  }

  let transforms: qn_f32_winograd_kernel
  let product: qn_f32_gemm_function
  let window: qn_window
  let shape: WinogradShape
  let input: UnsafePointer<Float>
  let inputImage: Int
  /// One packed matrix per element, one behind the other.
  let packed: UnsafePointer<Float>
  let packedElement: Int
  let bias: UnsafePointer<Float>?
  let residual: UnsafePointer<Float>?
  let activation: qn_activation
  let output: UnsafeMutablePointer<Float>
  let outputImage: Int
  let scratch: UnsafeMutablePointer<Float>
  /// A step that does all has scratch memory per worker, the others have one for all blocks.
  var phase: Phase
  var partition: Partition

  func run(_ piece: Int, worker: Int) {
    for index in partition.blocks(of: piece) {
      switch phase {
      case .all:
        let block = TransformedBlock(shape, index, scratch + worker * shape.blockElements)
        transformInput(block, block.tiles)
        for element in 0..<shape.elements { multiply(block, element) }
        transformOutput(block, block.tiles)
      case .input:
        let (block, tiles) = portion(index)
        transformInput(block, tiles)
      case .products:
        let (number, element) = index.quotientAndRemainder(dividingBy: shape.elements)
        multiply(TransformedBlock(shape, number, scratch + number * shape.blockElements), element)
      case .output:
        let (block, tiles) = portion(index)
        transformOutput(block, tiles)
      }
    }
  }

  /// A block and the portion of its tiles that has the given number.
  private func portion(_ index: Int) -> (TransformedBlock, Range<Int>) {
    let (number, portion) = index.quotientAndRemainder(dividingBy: shape.portions)
    let block = TransformedBlock(shape, number, scratch + number * shape.blockElements)
    let range = part(portion, of: shape.portions, block.tiles.count)
    return (block, block.tiles.lowerBound + range.lowerBound..<block.tiles.lowerBound + range.upperBound)
  }

  private func transformInput(_ block: TransformedBlock, _ tiles: Range<Int>) {
    var first = tiles.lowerBound
    while first < tiles.upperBound {
      let (image, begin) = first.quotientAndRemainder(dividingBy: shape.tilesPerImage)
      let end = min(shape.tilesPerImage, begin + tiles.upperBound - first)
      withUnsafePointer(to: window) {
        transforms.input(
          $0, input + image * inputImage, begin, end,
          block.input + (first - block.tiles.lowerBound) * shape.inputs, shape.inputStride)
      }
      first += end - begin
    }
  }

  private func multiply(_ block: TransformedBlock, _ element: Int) {
    var plain = qn_epilogue(residual: nil, residual_stride: 0, activation: qn_identity)
    product(
      block.tiles.count, shape.outputs, shape.inputs, block.input + element * shape.inputStride, shape.inputs,
      packed + element * packedElement, &plain, block.products + element * shape.outputStride, shape.outputs)
  }

  private func transformOutput(_ block: TransformedBlock, _ tiles: Range<Int>) {
    var first = tiles.lowerBound
    while first < tiles.upperBound {
      let (image, begin) = first.quotientAndRemainder(dividingBy: shape.tilesPerImage)
      let end = min(shape.tilesPerImage, begin + tiles.upperBound - first)
      var epilogue = qn_epilogue(
        residual: residual.map { $0 + image * outputImage }, residual_stride: shape.outputs,
        activation: activation)
      withUnsafePointer(to: window) {
        transforms.output(
          $0, block.products + (first - block.tiles.lowerBound) * shape.outputs, shape.outputStride, begin, end,
          shape.outputs, bias, &epilogue, output + image * outputImage)
      }
      first += end - begin
    }
  }
}

/// One block of tiles and where its transformed tiles and products lie.
private struct TransformedBlock {
  let tiles: Range<Int>
  let input: UnsafeMutablePointer<Float>
  let products: UnsafeMutablePointer<Float>

  init(_ shape: WinogradShape, _ number: Int, _ memory: UnsafeMutablePointer<Float>) {
    tiles = part(number, of: shape.blocks, shape.tiles)
    input = memory
    products = memory + shape.elements * shape.inputStride
  }
}
