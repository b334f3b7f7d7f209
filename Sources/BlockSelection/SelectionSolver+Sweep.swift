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
    guard (1...largestSweep).contains(count) else {
      throw Diagnostic(
        .usage, "the number of points cannot be used", value: "\(count)",
        rule: "a number within 1 ... \(largestSweep)")
    }
    let session = try SelectionSession(problem, options)
    guard let measure = session.tables.measure(ofCost: budget) else {
      throw Diagnostic(
        .usage, "unknown budget", value: budget,
        rule: "a cost that every choice states can be swept: "
          + session.tables.costNames.joined(separator: ", "),
        nearest: nearestName(to: budget, among: session.tables.costNames))
    }
    return try session.sweep(budget, BudgetSweep(session.rows, measure), count)
  }
}

/// The rows of a problem with one limit that moves.
private struct BudgetSweep {
  private let otherRows: [BudgetRow]
  private let row: BudgetRow
  private let movesUpper: Bool

  init(_ rows: [BudgetRow], _ measure: Int) {
    otherRows = rows.filter { $0.measure != measure }
    row = rows.first { $0.measure == measure } ?? BudgetRow(measure: measure)
    movesUpper = row.upper < .infinity || row.lower == -.infinity
  }

  /// Which end of the cost is the tight one.
  var tightGoal: Goal { Goal(measure: row.measure, sense: movesUpper ? .minimize : .maximize) }

  /// The rows with the limit at a value, or away.
  func rows(limit: Double?) -> [BudgetRow] {
    var row = row
    if movesUpper { row.upper = limit ?? .infinity } else { row.lower = limit ?? -.infinity }
    return otherRows + [row]
  }
}

extension SelectionSession {
  fileprivate func sweep(_ budget: String, _ sweep: BudgetSweep, _ count: Int) throws -> SelectionSweep {
    let free = sweep.rows(limit: nil)
    let loosest = try result(free)
    let tightest = try answer(Question(goal: sweep.tightGoal, rows: free, deadline: deadline))
    guard let last = loosest.costs[budget], let first = tightest.value else {
      return SelectionSweep(budget: budget, points: [], failure: loosest)
    }
    var points: [SelectionSweep.Point] = []
    var neighbour: Neighbour?
    for index in 0..<count {
      // The ends are exact, so that the selections found there are feasible.
      let isLast = index == count - 1
      let limit = isLast ? last : first + (last - first) * (Double(index) / Double(count - 1))
      let solved = try solved(sweep.rows(limit: limit), near: neighbour)
      points.append(.init(limit: limit, result: solved.result))
      neighbour = solved.neighbour
      if points.last?.result.stopped == .interrupted { break }
    }
    return SelectionSweep(budget: budget, points: points)
  }
}
