import Diagnostics

extension SelectionSolver {
  private static let largestSweep = 10_000

  /// The best selections at `count` equally spaced limits of one cost, from the tightest that the other budgets
  /// leave attainable to the value that the cost takes without this budget. All other budgets stay.
  ///
  /// The cost's maximum is moved; its minimum where the budget has no maximum. A cost that has no budget is swept as
  /// if it had a maximum. A time limit holds for each point.
  ///
  /// - Throws: ``Diagnostic`` as ``solve(_:options:)`` does, where `count` is not within 1 ... 10,000, and where no
  ///   such cost exists or not every choice states it.
  public static func sweep(
    _ problem: SelectionProblem, budget: String, count: Int, options: SelectionOptions = SelectionOptions()
  ) throws -> SelectionSweep {
    try validate(count)
    let session = try SelectionSession(single(problem), options)
    return try session.sweep(budget, session.budgetSweep(budget), count)
  }

  /// The best selections at every pair of limits of two costs, equally spaced; each ranges as in
  /// ``sweep(_:budget:count:options:)`` while the other one has no budget.
  ///
  /// - Throws: ``Diagnostic`` as ``sweep(_:budget:count:options:)`` does, where the two are the same, and where there
  ///   were more than
  ///   10,000 points.
  public static func sweep(
    _ problem: SelectionProblem, first: (budget: String, count: Int), second: (budget: String, count: Int),
    options: SelectionOptions = SelectionOptions()
  ) throws -> SelectionGrid {
    try validate(first.count)
    try validate(second.count)
    try validate(first.count.multipliedReportingOverflow(by: second.count).partialValue)
    guard first.budget != second.budget else {
      throw Diagnostic(.usage, "a budget is swept twice", value: first.budget, rule: "two different budgets")
    }
    let session = try SelectionSession(single(problem), options)
    return try session.grid(first, second)
  }

  private static func validate(_ count: Int) throws {
    guard (1...largestSweep).contains(count) else {
      throw Diagnostic(
        .usage, "the number of points cannot be used", value: "\(count)",
        rule: "a number within 1 ... \(largestSweep)")
    }
  }
}

/// The rows of a problem with one limit that moves.
private struct BudgetSweep {
  private let row: BudgetRow
  private let movesUpper: Bool

  init(_ rows: [BudgetRow], _ measure: Int) {
    row = rows.first { $0.measure == measure } ?? BudgetRow(measure: measure)
    movesUpper = row.upper < .infinity || row.lower == -.infinity
  }

  /// Which end of the cost is the tight one.
  private var tightSense: SelectionProblem.Sense { movesUpper ? .minimize : .maximize }

  /// The limit that a selection keeps.
  func limit(_ session: SelectionSession, keptBy selection: [Int]) -> Double {
    session.limit(row, tightSense, keptBy: selection)
  }

  /// The tightest limit that any selection keeps, as far as it is found in time. With a probability that need not be
  /// the one of the least sum.
  func tightest(_ session: SelectionSession, _ free: [BudgetRow]) throws -> Double? {
    try session.tightest(row, tightSense, others: free, session.options.timeLimit, isProved: false)
  }

  /// The rows with the limit at a value, or away.
  func rows(limit: Double?, of rows: [BudgetRow]) -> [BudgetRow] {
    var row = row
    if movesUpper { row.upper = limit ?? .infinity } else { row.lower = limit ?? -.infinity }
    return rows.filter { $0.measure != row.measure } + [row]
  }
}

extension SelectionSession {
  fileprivate func budgetSweep(_ budget: String) throws -> BudgetSweep {
    guard let measure = tables.measure(ofCost: budget) else {
      throw Diagnostic(
        .usage, "unknown budget", value: budget,
        rule: "a cost that every choice states can be swept: " + tables.costNames.joined(separator: ", "),
        nearest: nearestName(to: budget, among: tables.costNames))
    }
    return BudgetSweep(rows, measure)
  }

  fileprivate func grid(
    _ first: (budget: String, count: Int), _ second: (budget: String, count: Int)
  ) throws -> SelectionGrid {
    let sweeps = try [budgetSweep(first.budget), budgetSweep(second.budget)]
    let free = sweeps[1].rows(limit: nil, of: sweeps[0].rows(limit: nil, of: rows))
    let loosest = try result(free)
    guard loosest.objective != nil else {
      return SelectionGrid(budgets: [first.budget, second.budget], points: [], failure: loosest)
    }
    var limits: [[Double]] = []
    for (sweep, wanted) in zip(sweeps, [first, second]) {
      guard let from = try sweep.tightest(self, free) else { continue }
      limits.append(Self.spaced(from, sweep.limit(self, keptBy: selection(of: loosest)), wanted.count))
    }
    guard limits.count == 2 else {
      return SelectionGrid(budgets: [first.budget, second.budget], points: [], failure: loosest)
    }
    let results = try solve(
      along: limits[0].map { one in
        limits[1].map { sweeps[1].rows(limit: $0, of: sweeps[0].rows(limit: one, of: rows)) }
      })
    let points = zip(limits[0], results).flatMap { one, results in
      zip(limits[1], results).map {
        SelectionGrid.Point(limits: [first.budget: one, second.budget: $0], result: $1)
      }
    }
    return SelectionGrid(budgets: [first.budget, second.budget], points: points)
  }

  /// Equally spaced numbers. The ends are exact, so that selections found there are feasible.
  private static func spaced(_ first: Double, _ last: Double, _ count: Int) -> [Double] {
    (0..<count).map { index in
      index == count - 1 ? last : first + (last - first) * (Double(index) / Double(count - 1))
    }
  }

  fileprivate func sweep(_ budget: String, _ sweep: BudgetSweep, _ count: Int) throws -> SelectionSweep {
    let free = sweep.rows(limit: nil, of: rows)
    let loosest = try result(free)
    guard loosest.objective != nil, let first = try sweep.tightest(self, free) else {
      return SelectionSweep(budget: budget, points: [], failure: loosest)
    }
    let last = sweep.limit(self, keptBy: selection(of: loosest))
    let limits = Self.spaced(first, last, count)
    let paths = stride(from: 0, to: count, by: Self.pathLength).map { limits[$0..<min($0 + Self.pathLength, count)] }
    let results = try solve(along: paths.map { $0.map { sweep.rows(limit: $0, of: rows) } })
    let points = zip(paths, results).flatMap { limits, results in
      zip(limits, results).map { SelectionSweep.Point(limit: $0, result: $1) }
    }
    return SelectionSweep(budget: budget, points: points)
  }

  /// Enough paths that all cores are busy to the end, and not so short ones that many points have no neighbour.
  private static let pathLength = 10
}
