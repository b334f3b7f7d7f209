import CKernels

/// A convolution from few channels; reads the caller's planes where it is the first of a network.
struct StemStep {
  let function: qn_f32_stem_function
  let window: qn_window
  let input: UnsafePointer<Float>
  /// From one channel's element to the next's, and from one pixel's.
  let channelStride: Int
  let pixelStride: Int
  let inputImage: Int
  let packed: UnsafePointer<Float>
  let outputs: Int
  let activation: qn_activation
  let output: UnsafeMutablePointer<Float>
  let outputImage: Int
  /// Blocks of rows of one image.
  let rowBlocks: Int
  let scratch: UnsafeMutablePointer<Float>
  let scratchPerWorker: Int
  let partition: Partition

  func run(_ piece: Int, worker: Int) {
    for block in partition.blocks(of: piece) {
      let (image, rowBlock) = block.quotientAndRemainder(dividingBy: rowBlocks)
      let rows = part(rowBlock, of: rowBlocks, Int(window.out_height))
      withUnsafePointer(to: window) {
        function(
          $0, input + image * inputImage, channelStride, pixelStride, packed, Int32(outputs), activation,
          output + image * outputImage, Int32(rows.lowerBound), Int32(rows.upperBound),
          scratch + worker * scratchPerWorker)
      }
    }
  }
}
