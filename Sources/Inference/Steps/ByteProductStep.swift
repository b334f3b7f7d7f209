import CKernels

/// A product of bytes with what follows it: the counterpart of ``ProductStep`` for quantised layers.
struct ByteProductStep {
  let function: qn_u8_gemm_function
  let window: qn_window
  /// Unrolls windows where the operand is not a matrix as it lies.
  let isUnrolled: Bool
  let images: Int
  let rowsPerImage: Int
  /// Groups of a convolution are multiplied in sections of one or more, of which the last may have fewer.
  let sections: Int
  /// Columns of the product, and channels of the operand, of a section and of all.
  let sectionColumns: Int
  let columns: Int
  let sectionChannels: Int
  let channels: Int
  /// Sums run over these many taps of a section's channels.
  let taps: Int
  let input: UnsafePointer<UInt8>
  let inputStride: Int
  let inputImage: Int
  /// The byte that stands for the padding.
  let inputZero: UInt8
  let packed: UnsafeRawPointer
  let packedSection: Int
  /// The sums of a column are packed to a multiple of this; blocks of columns begin at whole panels.
  let depthMultiple: Int
  let panel: Int
  /// `nil` where the result is in FP32.
  let output: UnsafeMutablePointer<UInt8>?
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
      let (imageAndRows, section) = rest.quotientAndRemainder(dividingBy: sections)
      let (image, rowBlock) = imageAndRows.quotientAndRemainder(dividingBy: rowBlocks)
      let first = rowBlock * blockRows
      multiply(
        image, first..<min(rowsPerImage, first + blockRows), section, columnRange(columnBlock, of: section),
        scratch + worker * scratchPerWorker)
    }
  }

  /// Columns of a block within its section; blocks begin at panels.
  private func columnRange(_ block: Int, of section: Int) -> Range<Int> {
    let columns = min(sectionColumns, columns - section * sectionColumns)
    guard columnBlocks > 1 else { return 0..<columns }
    let panels = part(block, of: columnBlocks, (columns + panel - 1) / panel)
    return min(columns, panels.lowerBound * panel)..<min(columns, panels.upperBound * panel)
  }

  private func multiply(
    _ image: Int, _ rows: Range<Int>, _ section: Int, _ span: Range<Int>, _ unrolled: UnsafeMutablePointer<UInt8>
  ) {
    // The last section has fewer columns than blocks of them.
    if span.isEmpty { return }
    var left = input + image * inputImage
    var stride = inputStride
    let channel = section * sectionChannels
    let channels = min(sectionChannels, channels - channel)
    if isUnrolled {
      withUnsafePointer(to: window) {
        qn_u8_im2col(
          $0, left, inputZero, Int32(channel), Int32(channels), Int32(rows.lowerBound), Int32(rows.upperBound),
          unrolled, scratchStride)
      }
      (left, stride) = (UnsafePointer(unrolled), scratchStride)
    } else {
      left += rows.lowerBound * inputStride + channel
    }
    let column = section * sectionColumns + span.lowerBound
    let first = (image * rowsPerImage + rows.lowerBound) * columns + column
    let depth = taps * channels
    let packedColumn = MemoryLayout<Int32>.stride + (depth + depthMultiple - 1) / depthMultiple * depthMultiple
    var requantisation = requantisation
    requantisation.scale += column
    if requantisation.residual != nil { requantisation.residual += first }
    if requantisation.real != nil { requantisation.real += first }
    function(
      rows.count, span.count, depth, left, stride,
      packed + section * packedSection + span.lowerBound * packedColumn, &requantisation, output.map { $0 + first },
      columns)
  }
}
