import CGLPK

/// Sums the coefficients of variables that stand in several terms: GLPK takes a column once per row.
struct TermMerger {
  private var sums: [Double]

  init(count: Int) { sums = [Double](repeating: 0, count: count) }

  /// The columns with a coefficient other than 0, in order of their first appearance.
  mutating func merged(_ expression: LinearExpression) -> [(column: Int, value: Double)] {
    for term in expression.terms { sums[term.variable.index] += term.coefficient }
    var terms: [(column: Int, value: Double)] = []
    for term in expression.terms where sums[term.variable.index] != 0 {
      terms.append((term.variable.index, sums[term.variable.index]))
      sums[term.variable.index] = 0
    }
    return terms
  }
}

/// What the shim's callbacks need; lives on the stack of one `solve`, on one thread.
final class Callbacks {
  let columns: Int
  let isInterrupted: (@Sendable () -> Bool)?
  let log: (@Sendable (String) -> Void)?
  let cut: (([Double]) -> LinearConstraint?)?
  private var merger: TermMerger

  init(columns: Int, options: SolveOptions, cut: (([Double]) -> LinearConstraint?)?) {
    self.columns = columns
    isInterrupted = options.isInterrupted
    log = options.log
    self.cut = cut
    merger = TermMerger(count: columns)
  }

  /// Writes the caller's constraint into `row`; returns whether there was one.
  func separate(_ point: UnsafePointer<Double>, into row: UnsafeMutablePointer<quoin_glpk_row>) -> Bool {
    guard let constraint = cut?(Array(UnsafeBufferPointer(start: point, count: columns))) else {
      return false
    }
    let terms = merger.merged(constraint.expression)
    for (index, term) in terms.enumerated() {
      row.pointee.columns[index] = Int32(term.column)
      row.pointee.values[index] = term.value
    }
    row.pointee.count = Int32(terms.count)
    row.pointee.lower = constraint.lower - constraint.expression.constant
    row.pointee.upper = constraint.upper - constraint.expression.constant
    return true
  }
}

func interruptedCallback(_ context: UnsafeMutableRawPointer?) -> Bool {
  guard let context else { return false }
  return Unmanaged<Callbacks>.fromOpaque(context).takeUnretainedValue().isInterrupted?() ?? false
}

func separateCallback(
  _ context: UnsafeMutableRawPointer?, _ point: UnsafePointer<Double>?,
  _ row: UnsafeMutablePointer<quoin_glpk_row>?
) -> Bool {
  guard let context, let point, let row else { return false }
  return Unmanaged<Callbacks>.fromOpaque(context).takeUnretainedValue().separate(point, into: row)
}

func logCallback(_ context: UnsafeMutableRawPointer?, _ line: UnsafePointer<CChar>?) {
  guard let context, let line else { return }
  Unmanaged<Callbacks>.fromOpaque(context).takeUnretainedValue().log?(String(cString: line))
}
