import Diagnostics
import MixedInteger

// What is left where interactions form circles, or where nothing else proves it.

extension SelectionSession {
  /// Every point is judged inside GLPK's search, so that a second round is only reached if GLPK rounds differently at
  /// its end; more than a few mean that the numbers are beyond it.
  private static let mostRounds = 20
  /// A better start is looked for in so many looks at a row of a swap, about a tenth of a second.
  private static let exchangeEffort = 20_000_000

  /// The answer for what Lagrangian bounds leave: of the dynamic program where few groups at a time hold the others together,
  /// else of GLPK.
  func program(_ question: inout Question, _ left: SelectionReduction) throws -> Answer {
    var left = left
    prepare(&question, &left)
    guard left.isPossible else { return noAnswer(left.tables, left.candidateCount) }
    if let found = chain(&question, left, widest: options.widestChain) { return found }
    var program = SelectionProgram(
      left.tables, candidates: left.candidates, goal: question.goal, rows: question.rows)
    for selection in question.excluded { program.exclude(selection) }
    let solution = try solve(&program, question)
    return Answer(
      selections: solution.hasPoint ? [program.assignment(at: solution.values)] : [question.start].compactMap { $0 },
      bound: solution.bound, stopped: solution.stopped, isInfeasible: solution.outcome == .infeasible, solver: .glpk)
  }

  /// Improves the selection to start from, and removes what cannot be part of a better one.
  private func prepare(_ question: inout Question, _ left: inout SelectionReduction) {
    let mustStop = mustStop(question.deadline)
    while mustStop() == nil,
      let relaxed = LagrangianBound(left.tables, left.candidates, question.goal, question.rows, mustStop: mustStop)
    {
      let tables = left.tables.keeping(left.candidates)
      let rounded = GreedySelection.exchanged(
        relaxed.selection, tables, question.goal, question.rows, effort: Self.exchangeEffort, mustStop: mustStop)
      let starts = [question.start, rounded].compactMap { $0 }.filter { !question.excluded.contains($0) }
      question.start = tables.best(of: starts, question.goal, question.rows)
      guard let incumbent = incumbent(question, left.tables) else { return }
      let before = left.candidateCount
      let (summed, surrogate) = relaxed.surrogate(incumbent: incumbent)
      left = SelectionReduction(summed, left.candidates, goal: question.goal, rows: question.rows + [surrogate])
        .reduced(incumbent: incumbent)
      // What is left may have a better bound; but little changes where little went.
      guard left.isPossible, left.candidateCount < before * 9 / 10 else { return }
    }
  }

  /// GLPK is asked again as long as its answer breaks a row in `Double`.
  private func solve(_ program: inout SelectionProgram, _ question: Question) throws -> Solution {
    for _ in 0..<Self.mostRounds {
      let settings = SolveOptions(
        timeLimit: question.deadline.remaining, gap: question.wantsAny ? 1e9 : options.gap,
        start: question.start.flatMap(program.point), isInterrupted: options.isInterrupted, log: options.log)
      let model = program
      let solution = try model.program.solve(settings) { point in
        model.cut(model.assignment(at: point), breaking: question.rows)
      }
      guard solution.hasPoint,
        let cut = program.cut(program.assignment(at: solution.values), breaking: question.rows)
      else { return solution }
      program.add(cut)
    }
    throw Diagnostic(
      .failure, "GLPK's answers break a budget again and again", value: "\(Self.mostRounds) answers",
      rule: "costs and scores of very different magnitude are beyond its precision",
      remedy: "forbid the choices and pairs with the largest numbers, or leave out the interactions that form no chain")
  }
}
