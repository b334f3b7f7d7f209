import CKernels

/// One unit of a plan: it computes a stored value, or the numbers of a normalisation.
protocol TrainingStep: AnyObject {
  /// What it does, for timings.
  var kind: StepKind { get }
  /// Elements of scratch memory that one thread needs.
  var scratchElements: Int { get }
  /// Reads parameters from the store into the layout that the kernels want.
  func loadParameters()
  func forward(_ context: PassContext)
  func backward(_ context: PassContext)
}

extension TrainingStep {
  func loadParameters() {}
}

/// Classes of steps, by what limits their speed.
package enum StepKind: String, CaseIterable, Sendable {
  case pointwise, depthwise, windowed, normalisation, elementwise, pooling
}

/// How many rows of this many elements fit in the second-level cache together with what else is there.
func blockRows(elementsPerRow: Int) -> Int {
  // 512 KiB, a quarter to a half of a core's second-level cache.
  max(16, min(1024, (128 * 1024 / max(1, elementsPerRow)) & ~15))
}

/// Calls `body` with blocks of at most `size` rows.
func forEachBlock(_ rows: Rows, size: Int, _ body: (Rows) -> Void) {
  var row = rows.lowerBound
  while row < rows.upperBound {
    let end = min(rows.upperBound, row + size)
    body(row..<end)
    row = end
  }
}
