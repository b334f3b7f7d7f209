import CKernels

/// A convolution in groups of few channels, with what follows it.
struct GroupedStep {
  let function: qn_f32_gconv_function
  let window: qn_window
  let groups: Int
  let input: UnsafePointer<Float>
  let packed: UnsafePointer<Float>
  let residual: UnsafePointer<Float>?
  let activation: qn_activation
  let output: UnsafeMutablePointer<Float>
  let inputImage: Int
  let outputImage: Int
  let blocks: ImageBlocks
  let scratch: UnsafeMutablePointer<Float>
  let scratchPerWorker: Int
  let partition: Partition

  func run(_ piece: Int, worker: Int) {
    for index in partition.blocks(of: piece) {
      let (image, rows, channels) = blocks.block(index)
      withUnsafePointer(to: window) {
        function(
          $0, Int32(groups), Int32(blocks.channels), input + image * inputImage, packed,
          residual.map { $0 + image * outputImage }, activation, output + image * outputImage,
          Int32(rows.lowerBound), Int32(rows.upperBound), Int32(channels.lowerBound), Int32(channels.upperBound),
          scratch + worker * scratchPerWorker)
      }
    }
  }
}
