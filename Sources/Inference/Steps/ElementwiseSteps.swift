import CKernels

/// y = activation(x · scale + shift + residual), where scale and shift are per channel.
struct ChannelStep {
  let function: qn_f32_epilogue_function
  let channels: Int
  let input: UnsafePointer<Float>
  let scale: UnsafePointer<Float>?
  /// From one image's scale to the next's; 0 where all share one.
  let scaleImage: Int
  let shift: UnsafePointer<Float>?
  let activation: qn_activation
  let output: UnsafeMutablePointer<Float>
  let blocks: PixelBlocks
  let partition: Partition

  func run(_ piece: Int) {
    for index in partition.blocks(of: piece) {
      let (image, pixels) = blocks.block(index)
      let first = (image * blocks.pixels + pixels.lowerBound) * channels
      function(
        pixels.count, channels, input + first, channels, scale.map { $0 + image * scaleImage }, shift, nil, 0,
        activation, output + first, channels)
    }
  }
}

/// An activation, a sum or a product of values of one shape, element by element.
struct FlatStep {
  let function: qn_f32_epilogue_function
  let count: Int
  let input: UnsafePointer<Float>
  /// A second operand to multiply by.
  let factor: UnsafePointer<Float>?
  /// A second operand to add.
  let addend: UnsafePointer<Float>?
  let activation: qn_activation
  let output: UnsafeMutablePointer<Float>
  let partition: Partition

  func run(_ piece: Int) {
    for block in partition.blocks(of: piece) {
      let range = part(block, of: partition.blocks, count)
      let first = range.lowerBound
      function(
        1, range.count, input + first, range.count, factor.map { $0 + first }, nil, addend.map { $0 + first },
        0,
        activation, output + first, range.count)
    }
  }
}
