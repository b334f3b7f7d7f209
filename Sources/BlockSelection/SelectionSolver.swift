import Diagnostics
import MixedInteger

/// Solves selection problems to proven optimality: by a search of its own where groups do not interact, by a dynamic
/// program where few of them at a time hold the others together, by GLPK elsewhere.
///
/// A call returns when it is done; it works on the caller's thread, and a sweep on all cores. Any number of threads may
/// call at once.
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
    guard problem.batches.isEmpty else { return try solveBatches(problem, options) }
    let session = try SelectionSession(problem, options)
    return try session.result(session.rows)
  }

  /// The best selection over all batch sizes, and what each of them gives.
  private static func solveBatches(_ problem: SelectionProblem, _ options: SelectionOptions) throws -> SelectionResult {
    try problem.validate()
    let goal = Goal(measure: SelectionTables.score, sense: problem.sense)
    let deadline = Deadline(options.timeLimit)
    var options = options
    var results: [SelectionResult] = []
    for batch in problem.batches {
      options.timeLimit = deadline.remaining
      let session = try SelectionSession(checked: problem.at(batch: batch), options)
      var result = try session.result(session.rows)
      result.batch = batch
      results.append(result)
      if result.stopped == .interrupted { break }
    }
    return combined(results, goal, isComplete: results.count == problem.batches.count)
  }

  /// The best of the batches' results, claiming no more than all of them prove together: of sizes that were not tried
  /// nothing is known.
  private static func combined(_ results: [SelectionResult], _ goal: Goal, isComplete: Bool) -> SelectionResult {
    var best = results[0]
    for result in results.dropFirst() where isBetter(result, than: best, goal) { best = result }
    best.batches = results.map { .init(batch: $0.batch ?? 0, status: $0.status, objective: $0.objective) }
    best.solveSeconds = results.reduce(0) { $0 + $1.solveSeconds }
    if best.objective == nil { best.batch = nil }
    guard let open = results.first(where: { $0.stopped != .proved }) else { return best }
    let undecided = results.filter { $0.status != .infeasible }
    let bounds = undecided.compactMap(\.bound)
    best.bound =
      isComplete && bounds.count == undecided.count
      ? bounds.reduce(bounds.first) { goal.isBetter($1, than: $0 ?? $1) ? $1 : $0 } : nil
    best.gap = best.bound.flatMap { bound in best.objective.map { SelectionSession.gap($0, bound) } }
    best.stopped = results.first { $0.stopped == .interrupted || $0.stopped == .timeLimit }?.stopped ?? open.stopped
    best.status = best.objective == nil ? .timeLimit : best.bound == best.objective ? best.status : .feasible
    (best.attainable, best.relaxation) = (nil, nil)
    return best
  }

  private static func isBetter(_ result: SelectionResult, than best: SelectionResult, _ goal: Goal) -> Bool {
    guard let value = result.objective else { return false }
    return best.objective.map { goal.isBetter(value, than: $0) } ?? true
  }

  /// The problem of the only batch size, for what compares many selections.
  static func single(_ problem: SelectionProblem) throws -> SelectionProblem {
    guard problem.batches.count > 1 else { return problem.batches.first.map(problem.at) ?? problem }
    throw Diagnostic(
      .usage, "a sweep or a pool takes one batch size", value: problem.batches.map(String.init).joined(separator: ", "),
      rule: "batches lists one size", remedy: "solve without sweep and pool first: the answer names the best batch")
  }
}

extension SelectionSession {
  /// Solves for the score within `rows`. `baselines` saves computing them again for the same rows.
  func result(
    _ rows: [BudgetRow], excluding excluded: [[Int]] = [], baselines known: SelectionBaselines? = nil
  ) throws -> SelectionResult {
    try solved(rows, excluding: excluded, baselines: known).result
  }

  /// A result and its selection, with which a problem that is almost the same begins: its `neighbour`.
  func solved(
    _ rows: [BudgetRow], excluding excluded: [[Int]] = [], baselines known: SelectionBaselines? = nil,
    near neighbour: [Int]? = nil, explains: Bool = true
  ) throws -> (result: SelectionResult, selection: [Int]?) {
    let clock = ContinuousClock()
    let (began, deadline) = (clock.now, deadline)
    let greedy = known == nil ? greedy(rows) : known?.greedy
    // The greedy method knows nothing of probabilities, so that its selection seldom keeps them; and what is not left
    // to the search, which is the fastest, is worth a better start.
    let isHard = rows.contains { $0.chance != nil } || !tables.interactions.isEmpty || greedy == nil
    let known = isHard ? known ?? self.baselines(rows, greedy: greedy) : known
    let starts = [greedy, known?.uniform, known?.random, neighbour].compactMap { $0 }
    let question = Question(
      goal: scoreGoal, rows: rows, excluded: excluded,
      start: tables.best(of: starts.filter { !excluded.contains($0) }, scoreGoal, rows), deadline: deadline)
    var answer = try self.answer(question)
    let seconds = (clock.now - began).seconds
    let baselines = options.reportsBaselines ? known ?? self.baselines(rows, greedy: greedy) : known
    if let baselines { offer(baselines, to: &answer, question) }
    var result = describe(answer)
    result.solveSeconds = seconds
    if options.reportsBaselines { result.baselines = baselines.map(values) }
    if answer.isInfeasible, excluded.isEmpty, explains {
      let timeLimit = options.timeLimit.map { max(1, $0 - result.solveSeconds) }
      result.attainable = try attainable(rows, timeLimit: timeLimit)
      result.relaxation = try relaxation(rows, timeLimit: timeLimit)
    }
    return (result, answer.selection)
  }

  /// No answer is worse than what it is compared with: within a solver's tolerance, or where it was stopped, it might
  /// be.
  private func offer(_ baselines: SelectionBaselines, to answer: inout Answer, _ question: Question) {
    let known = [baselines.greedy, baselines.uniform, baselines.random].compactMap { $0 }
    guard let best = tables.best(of: known.filter { !question.excluded.contains($0) }, question.goal, question.rows)
    else { return }
    let value = tables.total(question.goal.measure, of: best)
    guard answer.value.map({ question.goal.isBetter(value, than: $0) }) ?? true else { return }
    answer.selections = [best]
    answer.take(best, value: value, question.goal)
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
    return Self.gap(value, bound)
  }

  /// How far a value is from its bound, relative to the value.
  static func gap(_ value: Double, _ bound: Double) -> Double {
    value == bound ? 0 : abs(value - bound) / max(abs(value), 1e-10)
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
