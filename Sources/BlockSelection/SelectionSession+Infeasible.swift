import Foundation

// What an infeasible problem's answer explains.

extension SelectionSession {
  /// The tightest value of each budget's cost if it were the only budget. Where it has to be kept with a probability:
  /// the limit that the selection of that value keeps.
  func attainable(_ rows: [BudgetRow], timeLimit: Double?) throws -> [String: Double?] {
    var result: [String: Double?] = [:]
    for row in budgets(rows) {
      func extreme(_ sense: SelectionProblem.Sense) throws -> Double? {
        try tightest(row, sense, others: lasting(rows), timeLimit)
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

  /// The rows that are no budgets and never give way.
  private func lasting(_ rows: [BudgetRow]) -> [BudgetRow] { rows.filter { $0.measure > tables.costNames.count } }

  /// The tightest limit that a selection keeps; `nil` where there is no selection, or where it is not proved and that
  /// is asked.
  func tightest(
    _ row: BudgetRow, _ sense: SelectionProblem.Sense, others: [BudgetRow], _ timeLimit: Double?, isProved: Bool = true
  ) throws -> Double? {
    let goal = Goal(measure: row.measure, sense: sense)
    let found = try answer(Question(goal: goal, rows: others, deadline: Deadline(timeLimit)))
    guard found.stopped == .proved || !isProved, let selection = found.selection else { return nil }
    let kept = limit(row, sense, keptBy: selection)
    return row.chance == nil ? kept : try tightest(row, sense, others, from: selection, kept, Deadline(timeLimit))
  }

  /// The tightest limit that is kept with a probability, to about 1e-6, by halving: it need not be that of the
  /// smallest sum.
  private func tightest(
    _ row: BudgetRow, _ sense: SelectionProblem.Sense, _ others: [BudgetRow], from selection: [Int], _ kept: Double,
    _ deadline: Deadline
  ) throws -> Double {
    let sign = sense == .minimize ? 1.0 : -1.0
    var (low, high) = (sign * tables.total(row.measure, of: selection), sign * kept)
    while high - low > 1e-6 * abs(high), !deadline.isOver, options.isInterrupted?() != true {
      let middle = low + (high - low) / 2
      var moved = row
      (moved.lower, moved.upper) = sense == .minimize ? (-.infinity, middle) : (-middle, .infinity)
      guard let found = try anySelection(others + [moved], deadline) else {
        low = middle
        continue
      }
      high = min(middle, sign * limit(row, sense, keptBy: found))
    }
    return sign * high
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
    // The row's other limit stays.
    func sides(_ lower: Double, _ upper: Double) -> [BudgetRow] {
      var row = row
      (row.lower, row.upper) = (lower, upper)
      return lower == -.infinity && upper == .infinity ? others : others + [row]
    }
    if row.upper < .infinity,
      let least = try tightest(row, .minimize, others: sides(row.lower, .infinity), timeLimit), least > row.upper
    {
      return least
    }
    if row.lower > -.infinity,
      let most = try tightest(row, .maximize, others: sides(-.infinity, row.upper), timeLimit), most < row.lower
    {
      return most
    }
    return nil
  }

  /// The least fraction by which all limits have to give way, by halving; `nil` where none is found.
  private func commonFraction(_ rows: [BudgetRow], _ deadline: Deadline) throws -> Double? {
    // Of a limit of 0 no fraction is anything: it is kept as it is.
    let fixed = rows.map { row in
      var row = row
      if row.measure <= tables.costNames.count, row.upper != 0 { row.upper = .infinity }
      if row.measure <= tables.costNames.count, row.lower != 0 { row.lower = -.infinity }
      return row
    }
    guard let whatever = try anySelection(fixed, deadline) else { return nil }
    var (low, high) = (0.0, fraction(whatever, rows))
    guard high.isFinite else { return nil }
    let bound = CommonFractionBound(self, rows, enough: high, mustStop: mustStop(deadline))
    if let bound { low = bound.fraction }
    while high - low > 1e-6 * max(1, low), !deadline.isOver {
      let middle = low + (high - low) / 2
      let relaxed = rows.map { self.relaxed($0, by: middle) }
      let found = try bound.map { try anySelection(relaxed, $0, deadline) } ?? anySelection(relaxed, deadline)
      if let found { high = min(middle, fraction(found, rows)) } else { low = middle }
    }
    return high
  }

  private func anySelection(_ rows: [BudgetRow], _ deadline: Deadline) throws -> [Int]? {
    try answer(Question(goal: scoreGoal, rows: rows, deadline: deadline, wantsAny: true)).selection
  }

  /// The same where a bound tells which sum the rows limit most: the search goes by that, not by the score.
  private func anySelection(_ rows: [BudgetRow], _ bound: CommonFractionBound, _ deadline: Deadline) throws -> [Int]? {
    let (tables, row) = bound.surrogate(of: rows)
    let goal = Goal(measure: row.measure, sense: .minimize)
    let question = Question(goal: goal, rows: rows, deadline: deadline, mustBeat: row.upper, wantsAny: true)
    return try answer(question, tables).selection
  }

  /// A budget whose limits give way by a fraction of their magnitudes.
  func relaxed(_ row: BudgetRow, by fraction: Double) -> BudgetRow {
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
      let (isRaised, old) = (limit > row.upper, limit > row.upper ? row.upper : row.lower)
      let percent = old == 0 ? "" : String(format: ", %.3g %%", 100 * abs(limit - old) / abs(old))
      // A limit that is rounded the other way would not be enough.
      let new = Self.text(limit, isRoundedUp: isRaised, digits: 6, change: abs(limit - old))
      let verb = isRaised ? "raise the maximum" : "lower the minimum"
      return "\(verb) of \(name) from \(Self.text(old)) to \(new)\(percent)"
    }
    let all = together.map {
      "let all limits give way by \(Self.text(100 * $0, isRoundedUp: true, digits: 3, change: 100 * $0)) %"
    }
    let isZero = budgets(rows).contains { $0.upper == 0 || $0.lower == 0 }
    if changes.isEmpty, all == nil, isZero {
      return "No single budget is enough, and no fraction of limits that are 0: give them some room."
    }
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

  /// A number rounded in one direction, to as many digits as a change needs to be seen to about a hundredth.
  private static func text(_ number: Double, isRoundedUp: Bool, digits: Int, change: Double) -> String {
    guard number != 0, number.isFinite else { return text(number) }
    for count in digits...16 {
      // A digit more than wanted begins with 0.
      let unit = pow(10, log10(abs(number)).rounded(.down) + 1 - Double(count))
      for step in 0...2 {
        let rounded = String(format: "%.\(count)g", number + (isRoundedUp ? 1 : -1) * Double(step) / 2 * unit)
        let value = Double(rounded) ?? .nan
        let isEnough = isRoundedUp ? value >= number : value <= number
        if isEnough, abs(value - number) <= 0.01 * change || count == 16 { return rounded }
        if isEnough { break }
      }
    }
    return String(format: "%.17g", number)
  }
}
