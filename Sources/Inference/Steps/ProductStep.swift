import CKernels

/// A matrix product with what follows it: a fully connected layer, a pointwise convolution, or any other convolution
/// whose windows are first unrolled into the rows of a matrix, a cache-sized block at a time.
struct ProductStep {
  /// The right operand, packed for a family of kernels.
  enum Operand {
    /// In FP32; the numbers of a group lie `stride` behind those of the one before.
    case numbers(qn_f32_gemm_function, UnsafePointer<Float>, stride: Int)
    /// In BF16, of a single group; a column takes `column` bytes. The left operand is rounded in scratch memory, and what
    /// follows the sums is a pass of its own over the block, which is still in a cache.
    case rounded(qn_linear_gemm_function, UnsafeRawPointer, column: Int, tail: qn_f32_epilogue_function)
  }

  let operand: Operand
  /// Unrolls windows where the operand is not a matrix as it lies.
  let window: qn_window
  let isUnrolled: Bool
  /// Where there are no windows, all rows belong to one image.
  let images: Int
  let rowsPerImage: Int
  let groups: Int
  /// Columns of the product and length of its sums, per group.
  let columns: Int
  let depth: Int
  let input: UnsafePointer<Float>
  let inputStride: Int
  let inputImage: Int
  let panel: Int
  let output: UnsafeMutablePointer<Float>
  let outputStride: Int
  let residual: UnsafePointer<Float>?
  let activation: qn_activation
  /// Blocks of rows per image, and of panels of columns.
  let rowBlocks: Int
  let columnBlocks: Int
  /// Room for one block of unrolled rows per thread, and behind it for the same rows in BF16.
  let scratch: UnsafeMutablePointer<Float>
  let scratchPerWorker: Int
  let unrolledElements: Int
  let partition: Partition

  func run(_ piece: Int, worker: Int) {
    for block in partition.blocks(of: piece) {
      let (rest, columnBlock) = block.quotientAndRemainder(dividingBy: columnBlocks)
      let (imageAndRows, group) = rest.quotientAndRemainder(dividingBy: groups)
      let (image, rowBlock) = imageAndRows.quotientAndRemainder(dividingBy: rowBlocks)
      multiply(
        image, part(rowBlock, of: rowBlocks, rowsPerImage), group, columnRange(columnBlock),
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
    _ image: Int, _ rows: Range<Int>, _ group: Int, _ span: Range<Int>,
    _ unrolled: UnsafeMutablePointer<Float>
  ) {
    var left = input + image * inputImage
    var stride = inputStride
    if isUnrolled {
      unroll(left, rows, group, unrolled)
      left = UnsafePointer(unrolled)
      stride = depth
    } else {
      left += rows.lowerBound * inputStride + group * depth
    }
    let first = (image * rowsPerImage + rows.lowerBound) * outputStride + group * columns + span.lowerBound
    let (addend, result) = (residual.map { $0 + first }, output + first)
    switch operand {
    case .numbers(let function, let packed, let groupStride):
      var epilogue = qn_epilogue(residual: addend, residual_stride: outputStride, activation: activation)
      function(
        rows.count, span.count, depth, left, stride, packed + group * groupStride + span.lowerBound * (depth + 1),
        &epilogue, result, outputStride)
    case .rounded(let function, let packed, let column, let tail):
      function(
        rows.count, span.count, depth, left, stride, packed + span.lowerBound * column,
        unrolled + unrolledElements, result, outputStride)
      guard addend != nil || activation != qn_identity else { return }
      tail(
        rows.count, span.count, result, outputStride, nil, nil, addend, outputStride, activation, result, outputStride)
    }
  }

  private func unroll(
    _ image: UnsafePointer<Float>, _ rows: Range<Int>, _ group: Int, _ to: UnsafeMutablePointer<Float>
  ) {
    let channels = window.channels / Int32(groups)
    withUnsafePointer(to: window) {
      qn_f32_im2col(
        $0, image, Int32(group) * channels, channels, Int32(rows.lowerBound), Int32(rows.upperBound), to)
    }
  }
}
