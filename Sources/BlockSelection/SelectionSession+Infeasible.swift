import Foundation

// What an infeasible problem's answer explains.

extension SelectionSession {
  /// The tightest value of each budget's cost if it were the only budget. Where it has to be kept with a probability: the limit that the
  /// selection of that value keeps.
  func attainable(_ rows: [BudgetRow], timeLimit: Double?) throws -> [String: Double?] {
    var result: [String: Double?] = [:]
    for row in budgets(rows) {
      func extreme(_ sense: SelectionProblem.Sense) throws -> Double? {
        try tightest(row, sense, others: [], timeLimit)
      }
      var value: Double?
      if row.upper < .infinity { value = try extreme(.minimize) }
      if row.lower > -.infinity, value.map({ $0 <= row.upper }) ?? true {
        let largest = try extreme(.maximize)
        if row.upper == .infinity || largest.map({ $0 < row.lower }) == true { value = largest }
      }
      result.updateValue(value, forKey: tables.name(of: row.measure))
    }
    return result
  }

  private func budgets(_ rows: [BudgetRow]) -> [BudgetRow] { rows.filter { $0.measure <= tables.costNames.count } }

  /// The tightest limit that a selection keeps whose cost is least or largest; `nil` where there is no selection.
  private func tightest(
    _ row: BudgetRow, _ sense: SelectionProblem.Sense, others: [BudgetRow], _ timeLimit: Double?
  ) throws -> Double? {
    let goal = Goal(measure: row.measure, sense: sense)
    let found = try answer(Question(goal: goal, rows: others, deadline: Deadline(timeLimit)))
    guard found.stopped == .proved, let selection = found.selection else { return nil }
    return limit(row, sense, keptBy: selection)
  }

  /// The least maximum, or the largest minimum, of a row that a selection keeps.
  func limit(_ row: BudgetRow, _ sense: SelectionProblem.Sense, keptBy selection: [Int]) -> Double {
    let sum = tables.total(row.measure, of: selection)
    let margin = row.chance.map { $0.margin(sum, variance: tables.total($0.variance, of: selection)) } ?? 0
    return sense == .minimize ? sum + margin : sum - margin
  }

  /// What would have to give way so that there is a selection.
  func relaxation(_ rows: [BudgetRow], timeLimit: Double?) throws -> SelectionResult.Relaxation {
    var single: [String: Double] = [:]
    for row in budgets(rows) {
      let others = rows.filter { $0.measure != row.measure }
      if let limit = try limitThatIsEnough(row, others, timeLimit) { single[tables.name(of: row.measure)] = limit }
    }
    let together = try commonFraction(rows, Deadline(timeLimit))
    return .init(single: single, together: together, words: words(rows, single, together))
  }

  /// The limit of one budget that makes the problem feasible while all others stay.
  private func limitThatIsEnough(_ row: BudgetRow, _ others: [BudgetRow], _ timeLimit: Double?) throws -> Double? {
    if row.upper < .infinity, let least = try tightest(row, .minimize, others: others, timeLimit), least > row.upper {
      return least
    }
    if row.lower > -.infinity, let most = try tightest(row, .maximize, others: others, timeLimit), most < row.lower {
      return most
    }
    return nil
  }

  /// The least fraction by which all limits have to give way, by halving; `nil` where none is found.
  private func commonFraction(_ rows: [BudgetRow], _ deadline: Deadline) throws -> Double? {
    guard let whatever = try anySelection(rows.filter { $0.measure > tables.costNames.count }, deadline) else {
      return nil
    }
    var (low, high) = (0.0, fraction(whatever, rows))
    while high.isFinite, high - low > 1e-6 * max(1, low), !deadline.isOver {
      let middle = low + (high - low) / 2
      if let selection = try anySelection(rows.map { relaxed($0, by: middle) }, deadline) {
        high = min(middle, fraction(selection, rows))
      } else {
        low = middle
      }
    }
    return high.isFinite ? high : nil
  }

  private func anySelection(_ rows: [BudgetRow], _ deadline: Deadline) throws -> [Int]? {
    try answer(Question(goal: scoreGoal, rows: rows, deadline: deadline, wantsAny: true)).selection
  }

  private func relaxed(_ row: BudgetRow, by fraction: Double) -> BudgetRow {
    guard row.measure <= tables.costNames.count else { return row }
    var row = row
    row.upper += fraction * abs(row.upper)
    row.lower -= fraction * abs(row.lower)
    return row
  }

  /// By what fraction of their magnitudes limits have to give way for a selection.
  private func fraction(_ selection: [Int], _ rows: [BudgetRow]) -> Double {
    budgets(rows).reduce(0) { worst, row in
      let (above, below) = (limit(row, .minimize, keptBy: selection), limit(row, .maximize, keptBy: selection))
      return max(
        worst, above > row.upper ? (above - row.upper) / abs(row.upper) : 0,
        below < row.lower ? (row.lower - below) / abs(row.lower) : 0)
    }
  }

  private func words(_ rows: [BudgetRow], _ single: [String: Double], _ together: Double?) -> String {
    let changes = budgets(rows).compactMap { row -> String? in
      let name = tables.name(of: row.measure)
      guard let limit = single[name] else { return nil }
      let old = limit > row.upper ? row.upper : row.lower
      let percent = old == 0 ? "" : String(format: ", %.3g %%", 100 * abs(limit - old) / abs(old))
      return "\(limit > row.upper ? "raise the maximum" : "lower the minimum") of \(name) from \(Self.text(old)) to "
        + "\(Self.text(limit))\(percent)"
    }
    let all = together.map { String(format: "let all limits give way by %.3g %%", 100 * $0) }
    if changes.isEmpty, all == nil {
      return
        "No selection is allowed, or none was found in time, whatever the budgets' limits: look at what is forbidden, forced, "
        + "has to match, or may not be repeated."
    }
    if changes.isEmpty { return "No single budget is enough; \(all ?? "")." }
    let alone = "With all other limits kept: " + changes.joined(separator: ", or ") + "."
    return budgets(rows).count > 1 ? alone + (all.map { " Or \($0)." } ?? "") : alone
  }

  private static func text(_ number: Double) -> String { String(format: "%.6g", number) }
}
