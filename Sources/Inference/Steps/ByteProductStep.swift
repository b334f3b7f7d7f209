import CKernels

/// A product of bytes with what follows it: the counterpart of ``ProductStep`` for quantised layers.
struct ByteProductStep {
  let function: qn_u8_gemm_function
  let window: qn_window
  /// Unrolls windows where the operand is not a matrix as it lies.
  let isUnrolled: Bool
  let images: Int
  let rowsPerImage: Int
  let groups: Int
  /// Columns of the product and length of its sums, per group.
  let columns: Int
  let depth: Int
  let input: UnsafePointer<UInt8>
  let inputStride: Int
  let inputImage: Int
  /// The byte that stands for the padding.
  let inputZero: UInt8
  let packed: UnsafeRawPointer
  let packedGroup: Int
  /// Bytes of a column; blocks of columns begin at whole panels.
  let packedColumn: Int
  let panel: Int
  /// `nil` where the result is in FP32.
  let output: UnsafeMutablePointer<UInt8>?
  let outputStride: Int
  /// For the first row and column of the whole step.
  let requantisation: qn_requantisation
  /// Rows of a block; the last block of an image may have fewer.
  let blockRows: Int
  let rowBlocks: Int
  let columnBlocks: Int
  let scratch: UnsafeMutablePointer<UInt8>
  let scratchPerWorker: Int
  let scratchStride: Int
  let partition: Partition

  func run(_ piece: Int, worker: Int) {
    for block in partition.blocks(of: piece) {
      let (rest, columnBlock) = block.quotientAndRemainder(dividingBy: columnBlocks)
      let (imageAndRows, group) = rest.quotientAndRemainder(dividingBy: groups)
      let (image, rowBlock) = imageAndRows.quotientAndRemainder(dividingBy: rowBlocks)
      let first = rowBlock * blockRows
      multiply(
        image, first..<min(rowsPerImage, first + blockRows), group, columnRange(columnBlock),
        scratch + worker * scratchPerWorker)
    }
  }

  /// Columns of a block; blocks begin at panels.
  private func columnRange(_ block: Int) -> Range<Int> {
    guard columnBlocks > 1 else { return 0..<columns }
    let panels = part(block, of: columnBlocks, (columns + panel - 1) / panel)
    return panels.lowerBound * panel..<min(columns, panels.upperBound * panel)
  }

  private func multiply(
    _ image: Int, _ rows: Range<Int>, _ group: Int, _ span: Range<Int>, _ unrolled: UnsafeMutablePointer<UInt8>
  ) {
    var left = input + image * inputImage
    var stride = inputStride
    if isUnrolled {
      let channels = window.channels / Int32(groups)
      withUnsafePointer(to: window) {
        qn_u8_im2col(
          $0, left, inputZero, Int32(group) * channels, channels, Int32(rows.lowerBound), Int32(rows.upperBound),
          unrolled, scratchStride)
      }
      (left, stride) = (UnsafePointer(unrolled), scratchStride)
    } else {
      left += rows.lowerBound * inputStride + group * depth
    }
    let column = group * columns + span.lowerBound
    let first = (image * rowsPerImage + rows.lowerBound) * outputStride + column
    var requantisation = requantisation
    requantisation.scale += column
    if requantisation.residual != nil { requantisation.residual += first }
    if requantisation.real != nil { requantisation.real += first }
    function(
      rows.count, span.count, depth, left, stride,
      packed + group * packedGroup + span.lowerBound * packedColumn, &requantisation,
      output.map { $0 + first }, outputStride)
  }
}
