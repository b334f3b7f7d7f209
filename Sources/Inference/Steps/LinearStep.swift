import CKernels

/// A fully connected layer whose weights are stored in fewer bits than FP32.
struct LinearStep {
  let function: qn_linear_gemm_function
  let rows: Int
  let columns: Int
  let depth: Int
  let input: UnsafePointer<Float>
  let packed: UnsafeRawPointer
  /// Bytes of a column; blocks of columns begin at whole panels.
  let packedColumn: Int
  let panel: Int
  let output: UnsafeMutablePointer<Float>
  let scratch: UnsafeMutablePointer<Float>
  let scratchPerWorker: Int
  /// The blocks are of columns, so that a thread reads its own part of the weights.
  let partition: Partition

  func run(_ piece: Int, worker: Int) {
    for block in partition.blocks(of: piece) {
      let panels = part(block, of: partition.blocks, (columns + panel - 1) / panel)
      let span = panels.lowerBound * panel..<min(columns, panels.upperBound * panel)
      function(
        rows, span.count, depth, input, depth, packed + span.lowerBound * packedColumn,
        scratch + worker * scratchPerWorker, output + span.lowerBound, columns)
    }
  }
}
