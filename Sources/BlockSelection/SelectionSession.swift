import Diagnostics
import MixedInteger

/// One problem while it is solved, perhaps several times with different goals and rows.
struct SelectionSession {
  /// What one run of the solver gave.
  struct Answer {
    /// The best selection found.
    var selection: [Int]?
    /// Its goal.
    var value: Double?
    /// No selection is better than this.
    var bound: Double?
    var stopped: StopReason
    /// Whether it is proved that there is no selection.
    var isInfeasible = false
    var candidateCount: Int
  }

  /// What the solver is asked.
  struct Question {
    var goal: Goal
    var rows: [BudgetRow]
    /// Selections that do not count.
    var excluded: [[Int]] = []
    /// A feasible selection to start from.
    var start: [Int]?
    var timeLimit: Double?
  }

  let problem: SelectionProblem
  let tables: SelectionTables
  let options: SelectionOptions
  private let names: [[String]]

  var rows: [BudgetRow] { tables.rows(of: problem) }
  var scoreGoal: Goal { Goal(measure: SelectionTables.score, sense: problem.sense) }

  init(_ problem: SelectionProblem, _ options: SelectionOptions) throws {
    try problem.validate()
    if let limit = options.timeLimit, !(limit >= 0) {
      throw Diagnostic(
        .usage, "the time limit cannot be used", value: "\(limit)", rule: "seconds, at least 0")
    }
    guard options.gap >= 0, options.gap < .infinity else {
      throw Diagnostic(
        .usage, "the gap cannot be used", value: "\(options.gap)", rule: "a number of at least 0")
    }
    self.problem = problem
    self.options = options
    tables = SelectionTables(problem)
    names = problem.groups.map { $0.choices.map(\.name) }
  }

  /// The best selection: by the search of our own where groups do not interact, else by GLPK.
  func answer(_ question: Question) throws -> Answer {
    let presolve = SelectionPresolve(
      tables, goal: question.goal, rows: question.rows, removesDominated: question.excluded.isEmpty)
    guard presolve.candidates.allSatisfy({ !$0.isEmpty }) else {
      return Answer(stopped: .proved, isInfeasible: true, candidateCount: presolve.candidateCount)
    }
    return tables.interactions.isEmpty ? search(question, presolve) : try program(question, presolve)
  }

  /// The answer of ``MultipleChoiceSearch``.
  private func search(_ question: Question, _ presolve: SelectionPresolve) -> Answer {
    let (rows, excluded, isInterrupted) = (question.rows, question.excluded, options.isInterrupted)
    let program = MultipleChoiceProgram(tables, places: presolve.candidates, goal: question.goal, rows: rows)
    let clock = ContinuousClock()
    let deadline = question.timeLimit.map { clock.now.advanced(by: .seconds($0)) }
    let limits = MultipleChoiceSearch.Limits(gap: options.gap) {
      if isInterrupted?() == true { return .interrupted }
      return deadline.map { clock.now >= $0 } == true ? .timeLimit : nil
    }
    let found = MultipleChoiceSearch.solve(program, start: question.start.flatMap(presolve.replaced), limits: limits) {
      tables.isFeasible($0, rows) && !excluded.contains($0)
    }
    var answer = Answer(
      selection: found.selection, bound: question.goal.sense == .minimize ? found.bound : -found.bound,
      stopped: found.stopped, isInfeasible: found.selection == nil && found.stopped == .proved,
      candidateCount: presolve.candidateCount)
    finish(&answer, question.goal)
    return answer
  }

  /// The answer of GLPK, which is asked again as long as its answer breaks a row in `Double`.
  private func program(_ question: Question, _ presolve: SelectionPresolve) throws -> Answer {
    var program = SelectionProgram(
      tables, candidates: presolve.candidates, goal: question.goal, rows: question.rows)
    for selection in question.excluded { program.exclude(selection) }
    let start = question.start.flatMap(presolve.replaced)
    let solution = try solve(&program, question, start)
    var answer = Answer(
      bound: solution.bound, stopped: solution.stopped, isInfeasible: solution.outcome == .infeasible,
      candidateCount: presolve.candidateCount)
    let found = [solution.hasPoint ? program.assignment(at: solution.values) : nil, start].compactMap { $0 }
    let judge = SelectionBaselines.Judge(tables: tables, goal: question.goal, rows: question.rows)
    answer.selection = judge.best(of: found)
    finish(&answer, question.goal)
    return answer
  }

  private func solve(
    _ program: inout SelectionProgram, _ question: Question, _ start: [Int]?
  ) throws -> Solution {
    let clock = ContinuousClock()
    let began = clock.now
    while true {
      let remaining = question.timeLimit.map { max(0, $0 - (clock.now - began).seconds) }
      let settings = SolveOptions(
        timeLimit: remaining, gap: options.gap, start: start.flatMap(program.point),
        isInterrupted: options.isInterrupted)
      let model = program
      let solution = try model.program.solve(settings) { point in
        model.cut(model.assignment(at: point), breaking: question.rows)
      }
      guard solution.hasPoint,
        let cut = program.cut(program.assignment(at: solution.values), breaking: question.rows)
      else { return solution }
      // Every point is judged inside the search, so this is only reached if GLPK rounds differently at its end.
      program.add(cut)
    }
  }

  /// The value, and a bound that fits it.
  private func finish(_ answer: inout Answer, _ goal: Goal) {
    guard let selection = answer.selection else { return }
    let value = tables.total(goal.measure, of: selection)
    answer.value = value
    answer.isInfeasible = false
    if answer.stopped == .proved || answer.bound.map({ goal.isBetter(value, than: $0) }) == true {
      answer.bound = value
    }
  }

  /// What simple methods reach.
  func baselines(_ rows: [BudgetRow]) -> SelectionBaselines {
    SelectionBaselines(tables, names: names, goal: scoreGoal, rows: rows, seed: options.seed)
  }
}

extension Duration {
  /// In seconds.
  var seconds: Double { Double(components.seconds) + 1e-18 * Double(components.attoseconds) }
}
