import CGLPK

/// A program as the plain arrays that the shim reads.
struct GLPKArrays {
  /// What came back from the shim.
  struct Answer {
    let result: quoin_glpk_result
    let message: String
    let point: [Double]
  }

  private let maximize: Bool
  private let offset: Double
  private var objective: [Double]
  private var columnLower: [Double] = []
  private var columnUpper: [Double] = []
  private var integer: [Bool] = []
  private var rowLower: [Double] = []
  private var rowUpper: [Double] = []
  private var entryRow: [Int32] = []
  private var entryColumn: [Int32] = []
  private var entryValue: [Double] = []
  /// GLPK's objective is the program's times this power of two, without the constant.
  let scale: Double

  /// `nil` where an integer variable has no whole number between its bounds, or a row without variables is broken.
  init?(_ program: IntegerProgram) {
    maximize = program.sense == .maximize
    objective = Self.dense(program.objective, count: program.columns.count)
    let scale = Self.scale(for: objective)
    self.scale = scale
    offset = program.objective.constant * scale
    objective = objective.map { $0 * scale }
    for column in program.columns {
      // GLPK wants whole bounds of whole variables.
      let lower = column.isInteger ? column.lower.rounded(.up) : column.lower
      let upper = column.isInteger ? column.upper.rounded(.down) : column.upper
      guard lower <= upper else { return nil }
      columnLower.append(lower)
      columnUpper.append(upper)
      integer.append(column.isInteger)
    }
    var merger = TermMerger(count: program.columns.count)
    for constraint in program.constraints where !append(constraint, &merger) { return nil }
  }

  /// Returns `false` where the row has no variables and cannot hold.
  private mutating func append(_ constraint: LinearConstraint, _ merger: inout TermMerger) -> Bool {
    let terms = merger.merged(constraint.expression)
    let lower = constraint.lower - constraint.expression.constant
    let upper = constraint.upper - constraint.expression.constant
    if terms.isEmpty { return lower <= 0 && upper >= 0 }
    for (column, value) in terms {
      entryRow.append(Int32(rowLower.count))
      entryColumn.append(Int32(column))
      entryValue.append(value)
    }
    rowLower.append(lower)
    rowUpper.append(upper)
    return true
  }

  private static func dense(_ expression: LinearExpression, count: Int) -> [Double] {
    var coefficients = [Double](repeating: 0, count: count)
    for term in expression.terms { coefficients[term.variable.index] += term.coefficient }
    return coefficients
  }

  /// GLPK compares objectives with absolute tolerances that suit coefficients of about 1000. A power of two brings
  /// the largest coefficient there without rounding. Whole coefficients stay whole: GLPK makes use of that.
  private static func scale(for coefficients: [Double]) -> Double {
    let largest = coefficients.reduce(0) { max($0, abs($1)) }
    guard largest > 0 else { return 1 }
    if largest < 1e6, coefficients.allSatisfy({ $0 == $0.rounded() }) { return 1 }
    return Double(sign: .plus, exponent: 10 - largest.exponent, significand: 1)
  }

  /// Calls the shim.
  func solve(_ options: SolveOptions, cut: (([Double]) -> LinearConstraint?)?) -> Answer {
    var result = quoin_glpk_result()
    var point = [Double](repeating: 0, count: objective.count)
    withoutActuallyEscaping(cut ?? { _ in nil }) { escapable in
      let callbacks = Callbacks(
        columns: objective.count, options: options, cut: cut == nil ? nil : escapable)
      withExtendedLifetime(callbacks) {
        withProblem { problem in
          withSettings(options, callbacks) { settings in
            quoin_glpk_solve(&problem, &settings, &result, &point)
          }
        }
      }
    }
    let message = withUnsafeBytes(of: result.message) {
      String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
    }
    return Answer(result: result, message: message, point: point)
  }

  private func withSettings(
    _ options: SolveOptions, _ callbacks: Callbacks, _ body: (inout quoin_glpk_options) -> Void
  ) {
    let start = options.start ?? []
    start.withUnsafeBufferPointer { pointer in
      var settings = quoin_glpk_options()
      settings.time_limit = options.timeLimit ?? .infinity
      settings.gap = options.gap
      settings.offset = offset
      settings.start = options.start == nil ? nil : pointer.baseAddress
      settings.context = Unmanaged.passUnretained(callbacks).toOpaque()
      if callbacks.isInterrupted != nil { settings.interrupted = interruptedCallback }
      if callbacks.cut != nil { settings.separate = separateCallback }
      if callbacks.log != nil { settings.log = logCallback }
      body(&settings)
    }
  }

  private func withProblem(_ body: (inout quoin_glpk_problem) -> Void) {
    var problem = quoin_glpk_problem()
    problem.columns = Int32(objective.count)
    problem.rows = Int32(rowLower.count)
    problem.entries = Int32(entryValue.count)
    problem.maximize = maximize
    // One nesting per array: the pointers are valid inside only.
    objective.withUnsafeBufferPointer { a in
      columnLower.withUnsafeBufferPointer { b in
        columnUpper.withUnsafeBufferPointer { c in
          integer.withUnsafeBufferPointer { d in
            (problem.objective, problem.column_lower) = (a.baseAddress, b.baseAddress)
            (problem.column_upper, problem.integer) = (c.baseAddress, d.baseAddress)
            withRows(&problem, body)
          }
        }
      }
    }
  }

  private func withRows(_ problem: inout quoin_glpk_problem, _ body: (inout quoin_glpk_problem) -> Void) {
    rowLower.withUnsafeBufferPointer { a in
      rowUpper.withUnsafeBufferPointer { b in
        entryRow.withUnsafeBufferPointer { c in
          entryColumn.withUnsafeBufferPointer { d in
            entryValue.withUnsafeBufferPointer { e in
              (problem.row_lower, problem.row_upper) = (a.baseAddress, b.baseAddress)
              (problem.entry_row, problem.entry_column) = (c.baseAddress, d.baseAddress)
              problem.entry_value = e.baseAddress
              body(&problem)
            }
          }
        }
      }
    }
  }
}
