import Diagnostics
import MixedInteger

/// One problem while it is solved, perhaps several times with different goals and rows.
struct SelectionSession {
  /// What one run of a solver gave.
  struct Answer {
    /// The best selections found, from the best on.
    var selections: [[Int]] = []
    /// The best one's goal.
    var value: Double?
    /// No selection is better than this.
    var bound: Double?
    var stopped: StopReason
    /// Whether it is proved that there is no selection.
    var isInfeasible = false
    var candidateCount = 0
    var solver: SelectionResult.Solver

    var selection: [Int]? { selections.first }

    /// The goal that the last one of the wanted selections has; `nil` where there are fewer.
    func lastValue(_ question: Question, _ tables: SelectionTables) -> Double? {
      guard selections.count >= question.count else { return nil }
      return selections.last.map { tables.total(question.goal.measure, of: $0) }
    }

    /// Gives the answer its best selection, and a bound that fits.
    mutating func take(_ selection: [Int], value: Double, _ goal: Goal) {
      if selections.first != selection { selections.insert(selection, at: 0) }
      self.value = value
      isInfeasible = false
      if stopped == .proved || bound.map({ goal.isBetter(value, than: $0) }) == true { bound = value }
    }
  }

  /// What a solver is asked.
  struct Question {
    var goal: Goal
    var rows: [BudgetRow]
    /// Selections that do not count.
    var excluded: [[Int]] = []
    /// A selection to start from, where it is feasible.
    var start: [Int]?
    var deadline: Deadline
    /// Only selections with a better goal are wanted, by a search without GLPK: that there is none looks like
    /// infeasible.
    var mustBeat: Double?
    /// How many of the best selections are wanted. Only a search without interactions gives more than one.
    var count = 1
    /// Where the first selection found is good enough.
    var wantsAny = false
    /// A goal that no selection betters, where one is known.
    var knownBound: Double?
  }

  let problem: SelectionProblem
  let tables: SelectionTables
  let options: SelectionOptions
  let samples: SampleSelections
  private let presolved = PresolveCache()

  var rows: [BudgetRow] { tables.rows }
  var scoreGoal: Goal { Goal(measure: SelectionTables.score, sense: problem.sense) }
  var deadline: Deadline { Deadline(options.timeLimit) }

  init(_ problem: SelectionProblem, _ options: SelectionOptions) throws {
    try problem.validate()
    try self.init(checked: problem, options)
  }

  /// The session of a problem whose rules are checked: at a batch size, limits may exclude each other.
  init(checked problem: SelectionProblem, _ options: SelectionOptions) throws {
    if let limit = options.timeLimit, !(limit >= 0) {
      throw Diagnostic(
        .usage, "the time limit cannot be used", value: "\(limit)", rule: "seconds, at least 0")
    }
    guard options.gap >= 0, options.gap < .infinity else {
      throw Diagnostic(
        .usage, "the gap cannot be used", value: "\(options.gap)", rule: "a number of at least 0")
    }
    let problem = problem.withCoveredChoices()
    self.init(problem, SelectionTables(problem), options)
  }

  /// The session of a problem whose tables are known.
  init(_ problem: SelectionProblem, _ tables: SelectionTables, _ options: SelectionOptions) {
    (self.problem, self.tables, self.options) = (problem, tables, options)
    samples = SampleSelections(
      tables, names: self.problem.groups.map { $0.choices.map(\.name) }, seed: options.seed)
  }

  /// Whether several best selections come from one search.
  var givesSeveral: Bool { tables.isSeparable && !rows.contains { $0.chance != nil } }

  /// The best selection.
  func answer(_ question: Question) throws -> Answer {
    guard question.rows.contains(where: { $0.chance != nil }) else { return try answer(question, tables) }
    var search = ChanceSearch(self, question)
    return try search.run()
  }

  /// The best selection under rows without probabilities.
  func answer(_ question: Question, _ tables: SelectionTables) throws -> Answer {
    let presolve = presolved.presolve(tables, question)
    let isPossible = question.rows.allSatisfy { $0.lower <= $0.upper }
    guard isPossible, presolve.candidates.allSatisfy({ !$0.isEmpty }) else {
      return noAnswer(tables, presolve.candidateCount)
    }
    if tables.maxKinds != nil, let search = KindSearch(self, tables) { return try search.answer(question) }
    var question = question
    question.start = question.start.flatMap(presolve.replaced).flatMap {
      tables.isFeasible($0, question.rows) && !question.excluded.contains($0) ? $0 : nil
    }
    var left = SelectionReduction(tables, presolve.candidates, goal: question.goal, rows: question.rows)
      .reduced(incumbent: incumbent(question, tables))
    var answer = try answer(question, left)
    // What was found may rule out choices whose numbers the tolerances came from; then it is not yet known to be the
    // best.
    while answer.stopped == .proved, let known = answer.lastValue(question, tables) {
      let next = left.reduced(incumbent: known)
      guard next.isPossible, next.isMuchFiner(than: left) else { break }
      left = next
      question.start = answer.selection
      answer = try self.answer(question, left)
    }
    answer.candidateCount = presolve.candidateCount
    return answer
  }

  /// A goal that the wanted selection is at least as good as.
  func incumbent(_ question: Question, _ tables: SelectionTables) -> Double? {
    guard question.count == 1 else { return nil }
    let known = [question.start.map { tables.total(question.goal.measure, of: $0) }, question.mustBeat]
    return known.compactMap { $0 }.min { question.goal.isBetter($0, than: $1) }
  }

  /// That there is no selection, or none that is wanted.
  func noAnswer(_ tables: SelectionTables, _ candidateCount: Int) -> Answer {
    Answer(
      stopped: .proved, isInfeasible: true, candidateCount: candidateCount,
      solver: tables.isSeparable
        ? .search
        : tables.maxKinds != nil || SelectionChain(tables, widest: options.widestChain) == nil ? .glpk : .chain)
  }

  /// The best selection of what is left: by the search of our own where groups do not interact, by the
  /// dynamic program where interactions form paths or stars and few selections stay undominated, else as
  /// ``program(_:_:)`` does.
  private func answer(_ question: Question, _ left: SelectionReduction) throws -> Answer {
    guard left.isPossible else { return noAnswer(left.tables, left.candidateCount) }
    var question = question
    let isForSearch = left.tables.isSeparable && !(question.count == 1 && left.tables.hasManyAlike(left.candidates))
    var answer: Answer
    if isForSearch {
      answer = search(question, left)
    } else if let found = chain(&question, left, widest: min(1, options.widestChain)) {
      answer = found
    } else if left.tables.isSeparable {
      answer = search(question, left)
    } else {
      answer = try program(&question, left)
    }
    finish(&answer, question, left.tables)
    return answer
  }

  /// What a goal that is minimised has to stay below.
  private func cutoff(_ question: Question) -> Double {
    question.mustBeat.map { question.goal.sign * $0 } ?? .infinity
  }

  func mustStop(_ deadline: Deadline) -> () -> StopReason? {
    let isInterrupted = options.isInterrupted
    return {
      if isInterrupted?() == true { return .interrupted }
      return deadline.isOver ? .timeLimit : nil
    }
  }

  /// The answer of ``MultipleChoiceSearch``.
  private func search(_ question: Question, _ left: SelectionReduction) -> Answer {
    let (tables, rows, excluded) = (left.tables, question.rows, question.excluded)
    let program = MultipleChoiceProgram(tables, places: left.candidates, goal: question.goal, rows: rows)
    let limits = MultipleChoiceSearch.Limits(
      gap: options.gap, count: question.count, cutoff: cutoff(question), isFirstEnough: question.wantsAny,
      mustStop: mustStop(question.deadline))
    let found = MultipleChoiceSearch.solve(program, start: question.start, limits: limits) {
      tables.isFeasible($0, rows) && !excluded.contains($0)
    }
    return Answer(
      selections: found.selections, bound: question.goal.sign * found.bound,
      stopped: found.stopped, isInfeasible: found.selections.isEmpty && found.stopped == .proved, solver: .search)
  }

  /// The answer of ``ChainSearch``; `nil` where interactions hold more than `widest` groups at a time together, and where it
  /// cannot tell: then the question knows what was found.
  func chain(_ question: inout Question, _ left: SelectionReduction, widest: Int) -> Answer? {
    let (tables, rows) = (left.tables, question.rows)
    guard widest > 0, tables.maxKinds == nil, question.excluded.isEmpty,
      let chain = SelectionChain(tables, candidates: left.candidates, widest: widest),
      let program = ChainProgram(tables, chain, candidates: left.candidates, goal: question.goal, rows: rows)
    else { return nil }
    let limits = ChainSearch.Limits(
      gap: options.gap, cutoff: cutoff(question), isFirstEnough: question.wantsAny,
      mustStop: mustStop(question.deadline))
    let found = ChainSearch.solve(program, start: question.start, limits: limits) { tables.isFeasible($0, rows) }
    if found.gaveUp {
      question.start = found.selection ?? question.start
      question.knownBound = question.goal.sign * found.bound
      return nil
    }
    return Answer(
      selections: found.selection.map { [$0] } ?? [],
      bound: question.goal.sign * found.bound, stopped: found.stopped,
      isInfeasible: found.selection == nil && found.stopped == .proved, solver: .chain)
  }

  /// The value, and a bound that fits it. What the search began with counts as found.
  private func finish(_ answer: inout Answer, _ question: Question, _ tables: SelectionTables) {
    let goal = question.goal
    if question.count == 1 {
      let known = answer.selections + [question.start].compactMap { $0 }
      answer.selections = tables.best(of: known, goal, question.rows).map { [$0] } ?? []
    }
    if answer.bound?.isFinite == false { answer.bound = nil }
    if let known = question.knownBound, known.isFinite, answer.stopped != .proved,
      answer.bound.map({ goal.isBetter($0, than: known) }) ?? true
    {
      answer.bound = known
    }
    guard let selection = answer.selection else { return }
    answer.take(selection, value: tables.total(goal.measure, of: selection), goal)
  }

  /// What simple methods reach.
  func baselines(_ rows: [BudgetRow]) -> SelectionBaselines { baselines(rows, greedy: greedy(rows)) }

  /// The same where the greedy selection is known.
  func baselines(_ rows: [BudgetRow], greedy: [Int]?) -> SelectionBaselines {
    SelectionBaselines(tables, samples, goal: scoreGoal, rows: rows, greedy: greedy)
  }

  /// The greedy selection for the score, where it is feasible: what a search starts from. It has a part of the time, but some
  /// in any case: most problems take less, and then there is an answer.
  func greedy(_ rows: [BudgetRow]) -> [Int]? {
    let deadline = Deadline(options.timeLimit.map { max(Self.greedySeconds, $0 * Self.greedyShare) })
    return SelectionBaselines.greedy(tables, scoreGoal, rows, mustStop: mustStop(deadline))
  }

  private static let (greedyShare, greedySeconds) = (0.25, 0.5)
}

/// When to stop.
struct Deadline {
  private let end: ContinuousClock.Instant?

  /// In so many seconds; `nil` for never.
  init(_ seconds: Double?) { end = seconds.map { ContinuousClock().now.advanced(by: .seconds(min($0, Self.longest))) } }

  /// Thirty years; clocks do not reach for ever.
  private static let longest = 1e9

  var isOver: Bool { end.map { ContinuousClock().now >= $0 } ?? false }

  /// Seconds that are left, at least 0; `nil` where there is no end.
  var remaining: Double? { end.map { max(0, ($0 - ContinuousClock().now).seconds) } }
}

/// What the presolve left, which depends on where limits stand but not on what they are.
private final class PresolveCache {
  private struct Key: Hashable {
    let goal: Goal
    let sides: [[Int]]
    let count: Int?
    let measures: Int
  }

  private var known: (key: Key, presolve: SelectionPresolve)?

  func presolve(_ tables: SelectionTables, _ question: SelectionSession.Question) -> SelectionPresolve {
    let sides = question.rows.map { [$0.measure, $0.upper < .infinity ? 1 : 0, $0.lower > -.infinity ? 1 : 0] }
    let count = question.excluded.isEmpty ? question.count : nil
    let key = Key(goal: question.goal, sides: sides, count: count, measures: tables.measureCount)
    // A measure that is made up for one question means something else in the next.
    let isLasting = tables.measureCount == tables.lastingMeasureCount && !tables.isMasked
    if isLasting, let known, known.key == key { return known.presolve }
    let presolve = SelectionPresolve(tables, goal: question.goal, rows: question.rows, count: count)
    if isLasting { known = (key, presolve) }
    return presolve
  }
}

extension SelectionTables {
  /// Whether groups have nothing to do with each other but the rows.
  fileprivate var isSeparable: Bool { interactions.isEmpty && maxKinds == nil }

  /// Whether groups are at least twice as many as there are different contents: values of the choices left. Exchanging
  /// the choices of groups that are alike changes no sum, so that a tree holds every selection many times; beginnings
  /// of paths with equal sums are one label.
  fileprivate func hasManyAlike(_ candidates: [[Int]]) -> Bool {
    let contents = candidates.enumerated().map { group, choices in
      values.map { table in choices.map { table[group][$0] } }
    }
    return 2 * Set(contents).count <= candidates.count
  }
}

extension Duration {
  /// In seconds.
  var seconds: Double { Double(components.seconds) + 1e-18 * Double(components.attoseconds) }
}
