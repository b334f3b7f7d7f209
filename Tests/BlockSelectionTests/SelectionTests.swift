import BlockSelection
import Diagnostics
import Foundation
import Testing

@Suite struct SelectionTests {
  @Test("equal sums in different orders round to both sides of the budget: only those that hold are taken")
  func roundingAtTheBudget() throws {
    // 0.1, 0.2 and 0.3 in any order are 0.6 or 0.6000000000000001.
    let values = [0.1, 0.2, 0.3]
    let groups = (0..<6).map { group in
      SelectionProblem.Group(
        name: "g\(group)",
        choices: values.indices.map { place in
          let place = (place + group) % 3
          return .init(
            name: "c\(place)", score: values[place] * Double(1 + group % 2), costs: ["t": values[place]])
        })
    }
    let problem = SelectionProblem(sense: .maximize, groups: groups, budgets: ["t": .init(max: 1.2)])
    let result = try SelectionSolver.solve(problem)
    let truth = try #require(Enumeration(problem).feasible.first)
    #expect(result.status == .optimal)
    #expect(abs((result.objective ?? .nan) - truth.objective) < 1e-12)
    #expect(try #require(result.costs["t"]) <= 1.2)
  }

  @Test("a point that GLPK's tolerance would let pass is not taken") func tolerance() throws {
    let problem = SelectionProblem(
      sense: .maximize,
      groups: [
        .init(
          name: "a",
          choices: [
            .init(name: "big", score: 2, costs: ["bytes": 1e9 + 1]),
            .init(name: "small", score: 1, costs: ["bytes": 5]),
          ])
      ], budgets: ["bytes": .init(max: 1e9)])
    let result = try SelectionSolver.solve(problem)
    #expect(result.choices == ["a": "small"])
    #expect(result.status == .optimal)
  }

  @Test("dominated choices go, unless a pair or the pool needs them") func presolve() throws {
    let choices = [1.0, 2, 3, 4].map { score in
      SelectionProblem.Choice(name: "c\(score)", score: score, costs: ["t": score == 3 ? 0.5 : score])
    }
    var problem = SelectionProblem(
      sense: .minimize, groups: [.init(name: "a", choices: choices), .init(name: "b", choices: choices)],
      budgets: ["t": .init(max: 100)])
    let result = try SelectionSolver.solve(problem)
    #expect(result.presolve.choicesBefore == 8)
    #expect(result.presolve.choicesAfter == 4)
    #expect(result.objective == 2.0)
    problem.interactions = [
      .init(groups: ["a", "b"], pairs: [.init(choices: ["c4.0", "c2.0"], score: -50)])
    ]
    let interacting = try SelectionSolver.solve(problem)
    #expect(interacting.choices == ["a": "c4.0", "b": "c2.0"])
    #expect(interacting.presolve.choicesAfter == 6)
    #expect(try SelectionSolver.pool(problem, count: 20).pool.count == 16)
  }

  @Test("forced and forbidden choices are obeyed, and contradictions are infeasible") func forcing() throws {
    func problem(_ change: (inout SelectionProblem) -> Void) -> SelectionProblem {
      let choices = ["x", "y"].map {
        SelectionProblem.Choice(name: $0, score: $0 == "x" ? 0 : 1, costs: ["t": 1])
      }
      var problem = SelectionProblem(
        sense: .minimize, groups: ["a", "b"].map { .init(name: $0, choices: choices) },
        budgets: ["t": .init(max: 2)])
      change(&problem)
      return problem
    }
    #expect(try SelectionSolver.solve(problem { _ in }).objective == 0.0)
    #expect(try SelectionSolver.solve(problem { $0.groups[0].choices[1].forced = true }).objective == 1.0)
    #expect(try SelectionSolver.solve(problem { $0.groups[1].choices[0].forbidden = true }).objective == 1.0)
    let none = try SelectionSolver.solve(
      problem {
        $0.groups[0].choices[0].forbidden = true
        $0.groups[0].choices[1].forbidden = true
      })
    #expect(none.status == .infeasible)
    #expect(none.attainable == ["t": nil])
    let excluded = try SelectionSolver.solve(
      problem {
        $0.groups[0].choices[0].forced = true
        let pairs = ["x", "y"].map { SelectionProblem.Pair(choices: ["x", $0], forbidden: true) }
        $0.interactions = [.init(groups: ["a", "b"], pairs: pairs)]
      })
    #expect(excluded.status == .infeasible)
    #expect(excluded.attainable == ["t": nil])
  }

  @Test("baselines are what they say") func baselines() throws {
    // Swapping a to y mends most per score; uniform can only take one name everywhere.
    let problem = SelectionProblem(
      sense: .minimize,
      groups: [
        .init(
          name: "a",
          choices: [.init(name: "x", score: 0, costs: ["t": 5]), .init(name: "y", score: 1, costs: ["t": 1])]
        ),
        .init(
          name: "b",
          choices: [.init(name: "x", score: 0, costs: ["t": 2]), .init(name: "y", score: 3, costs: ["t": 1])]
        ),
      ], budgets: ["t": .init(max: 3)])
    let result = try SelectionSolver.solve(problem)
    #expect(result.baselines?.greedy == 1)
    #expect(result.baselines?.uniform == 4)
    #expect(result.baselines?.random == 1)
    #expect(try SelectionSolver.solve(problem, options: .init(seed: 9)).baselines?.random == 1)
    #expect(try SelectionSolver.solve(problem, options: .init(reportsBaselines: false)).baselines == nil)
  }

  @Test("without time the answer is no worse than the start, and a bound holds") func noTime() throws {
    let problem = largeProblem()
    let result = try SelectionSolver.solve(problem, options: .init(timeLimit: 0))
    #expect(result.status == .feasible)
    #expect(result.stopped == .timeLimit)
    let (objective, greedy) = try (#require(result.objective), #require(result.baselines?.greedy ?? nil))
    let isMaximised = problem.sense == .maximize
    #expect(isMaximised ? objective >= greedy : objective <= greedy)
    let bound = try #require(result.bound)
    #expect(isMaximised ? bound >= objective : bound <= objective)
    #expect(try #require(result.costs["t"]) <= 160)
  }

  @Test("an interruption is told from a time limit") func interruption() throws {
    let result = try SelectionSolver.solve(largeProblem(), options: .init(isInterrupted: { true }))
    #expect(result.status == .feasible)
    #expect(result.stopped == .interrupted)
  }

  @Test("a gap stops early with a bound that holds") func gap() throws {
    let best = try #require(try SelectionSolver.solve(largeProblem()).objective)
    let result = try SelectionSolver.solve(largeProblem(), options: .init(gap: 0.2))
    let (objective, bound) = (try #require(result.objective), try #require(result.bound))
    #expect(bound <= best + 1e-9 && objective >= best - 1e-9)
    #expect(try #require(result.gap) <= 0.2 + 1e-9)
  }

  @Test(
    "options that cannot be used are refused",
    arguments: [
      SelectionOptions(timeLimit: -1), SelectionOptions(timeLimit: .nan), SelectionOptions(gap: -0.1),
      SelectionOptions(gap: .nan),
    ])
  func badOptions(_ options: SelectionOptions) {
    let error = #expect(throws: Diagnostic.self) {
      try SelectionSolver.solve(largeProblem(), options: options)
    }
    #expect(error?.category == .usage)
  }

  @Test("a sweep over an unknown cost names the nearest") func unknownSweep() throws {
    let error = #expect(throws: Diagnostic.self) {
      try SelectionSolver.sweep(RandomProblem(seed: 1).problem, budget: "latency_m", count: 3)
    }
    #expect(error?.nearest == "latency_ms")
    #expect(throws: Diagnostic.self) { try SelectionSolver.sweep(largeProblem(), budget: "t", count: 0) }
    #expect(throws: Diagnostic.self) { try SelectionSolver.pool(largeProblem(), count: 0) }
  }

  /// 80 groups of 16 choices, as in a Puzzle library.
  private func largeProblem() -> SelectionProblem {
    var random = SplitMix64(seed: 11)
    let groups = (0..<80).map { group in
      SelectionProblem.Group(
        name: "layer\(group)",
        choices: (0..<16).map { place in
          let cost = Double(place + 1) / 4 + 0.1 * random.uniform()
          return .init(
            name: "c\(place)", score: random.uniform() / cost, costs: ["t": cost, "m": random.uniform()])
        })
    }
    return SelectionProblem(
      sense: .minimize, groups: groups, budgets: ["t": .init(max: 160), "m": .init(max: 35)])
  }
}
