import Diagnostics
import MixedInteger

/// Solves selection problems to proven optimality by branch and bound: a search of its own where groups do not interact, GLPK's
/// where they do.
///
/// A call works on the caller's thread and returns when it is done; any number of threads may call at once.
public enum SelectionSolver {
  /// The best selection.
  ///
  /// Every row of the result holds when it is summed again in `Double` (fixed cost, then groups in order, then
  /// interactions in order) and compared without tolerance.
  ///
  /// - Throws: ``Diagnostic`` where the problem breaks a rule of ``SelectionProblem/validate()`` or an option cannot
  ///   be used. An infeasible problem is a result, not an error.
  public static func solve(
    _ problem: SelectionProblem, options: SelectionOptions = SelectionOptions()
  ) throws -> SelectionResult {
    let session = try SelectionSession(problem, options)
    return try session.result(session.rows)
  }
}

extension SelectionSession {
  /// Solves for the score within `rows`. `baselines` saves computing them again for the same rows.
  func result(
    _ rows: [BudgetRow], excluding excluded: [[Int]] = [], baselines known: SelectionBaselines? = nil,
    near neighbour: Neighbour? = nil
  ) throws -> SelectionResult {
    try solved(rows, excluding: excluded, baselines: known, near: neighbour).result
  }

  /// What is known from a problem that is almost the same.
  struct Neighbour {
    var selection: [Int]?
    /// How far the best selection lay above the relaxation's bound.
    var width: Double?
  }

  /// A result, and what a problem that is almost the same begins with.
  func solved(
    _ rows: [BudgetRow], excluding excluded: [[Int]] = [], baselines known: SelectionBaselines? = nil,
    near neighbour: Neighbour? = nil
  ) throws -> (result: SelectionResult, neighbour: Neighbour) {
    let clock = ContinuousClock()
    let began = clock.now
    let baselines = known ?? self.baselines(rows)
    let starts = [baselines.greedy, baselines.uniform, baselines.random, neighbour?.selection].compactMap { $0 }
    let question = Question(
      goal: scoreGoal, rows: rows, excluded: excluded,
      start: tables.best(of: starts.filter { !excluded.contains($0) }, scoreGoal, rows), deadline: deadline,
      firstWidth: neighbour?.width)
    let answer = try self.answer(question)
    var result = describe(answer)
    if options.reportsBaselines { result.baselines = values(of: baselines) }
    if answer.isInfeasible, excluded.isEmpty {
      let spent = (clock.now - began).seconds
      result.attainable = try attainable(rows, timeLimit: options.timeLimit.map { max(1, $0 - spent) })
    }
    result.solveSeconds = (clock.now - began).seconds
    return (result, Neighbour(selection: answer.selection, width: answer.width))
  }

  func describe(_ answer: Answer) -> SelectionResult {
    let presolve = SelectionResult.Presolve(
      choicesBefore: tables.allowed.reduce(0) { $0 + $1.count }, choicesAfter: answer.candidateCount)
    return SelectionResult(
      status: status(answer), stopped: SelectionResult.Stop(answer.stopped),
      solver: answer.solver, objective: answer.value,
      bound: answer.isInfeasible ? nil : answer.bound, gap: gap(answer),
      costs: answer.selection.map(costs) ?? [:], choices: answer.selection.map(choices) ?? [:],
      solveSeconds: 0, presolve: presolve)
  }

  private func status(_ answer: Answer) -> SelectionResult.Status {
    if answer.isInfeasible { return .infeasible }
    guard answer.selection != nil else { return .timeLimit }
    return answer.stopped == .proved ? .optimal : .feasible
  }

  private func gap(_ answer: Answer) -> Double? {
    guard let value = answer.value, let bound = answer.bound else { return nil }
    return value == bound ? 0 : abs(value - bound) / max(abs(value), 1e-10)
  }

  private func costs(_ selection: [Int]) -> [String: Double] {
    Dictionary(
      uniqueKeysWithValues: tables.costNames.enumerated().map { ($1, tables.total($0 + 1, of: selection)) })
  }

  private func choices(_ selection: [Int]) -> [String: String] {
    Dictionary(
      uniqueKeysWithValues: zip(problem.groups, selection).map { ($0.name, $0.choices[$1].name) })
  }

  func values(of baselines: SelectionBaselines) -> SelectionResult.Baselines {
    func value(_ selection: [Int]?) -> Double? {
      selection.map { tables.total(SelectionTables.score, of: $0) }
    }
    return .init(
      greedy: value(baselines.greedy), uniform: value(baselines.uniform), random: value(baselines.random))
  }

  /// The tightest value of each budget's cost if it were the only budget.
  private func attainable(_ rows: [BudgetRow], timeLimit: Double?) throws -> [String: Double?] {
    var result: [String: Double?] = [:]
    for row in rows where row.measure <= tables.costNames.count {
      func extreme(_ sense: SelectionProblem.Sense) throws -> Double? {
        let goal = Goal(measure: row.measure, sense: sense)
        let question = Question(goal: goal, rows: [], deadline: Deadline(timeLimit))
        guard let selection = try answer(question).selection, let chance = row.chance else {
          return try answer(question).value
        }
        let sum = tables.total(row.measure, of: selection)
        let margin = chance.margin(sum, variance: tables.total(chance.variance, of: selection))
        return sense == .minimize ? sum + margin : sum - margin
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
}

extension SelectionResult.Stop {
  init(_ reason: StopReason) {
    switch reason {
    case .proved: self = .proved
    case .gap: self = .gap
    case .timeLimit: self = .timeLimit
    case .interrupted: self = .interrupted
    }
  }
}
