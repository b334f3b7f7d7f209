import BlockSelection
import Foundation
import Testing

/// What extends the format, beside enumeration.
@Suite struct ExtensionTests {
  @Test("kinds, matching groups, wide choices, probabilities and diversity: the optimum equals enumeration")
  func optimum() throws {
    var solvers: [SelectionResult.Solver: Int] = [:]
    var infeasible = 0
    for seed in 0..<500 as Range<UInt64> {
      let problem = ExtendedProblem(seed: seed).problem
      let truth = ExtendedEnumeration(problem)
      let result = try SelectionSolver.solve(problem)
      #expect(result.stopped == .proved, "seed \(seed)")
      solvers[result.solver, default: 0] += 1
      guard let best = truth.feasible.first else {
        infeasible += 1
        #expect(result.status == .infeasible, "seed \(seed)")
        continue
      }
      #expect(result.status == .optimal, "seed \(seed)")
      #expect(abs((result.objective ?? .nan) - best.objective) < 1e-9, "seed \(seed)")
      let known = Dictionary(uniqueKeysWithValues: problem.groups.map { ($0.name, Set($0.choices.map(\.name))) })
      let own = result.choices.filter { known[$0.key]?.contains($0.value) == true }
      #expect(truth.feasible.contains { $0.choices == own }, "seed \(seed)")
    }
    #expect(infeasible > 50 && infeasible < 400)
    for solver in [SelectionResult.Solver.search, .chain, .glpk] {
      #expect(solvers[solver, default: 0] > 40, "\(solver): \(solvers[solver, default: 0])")
    }
  }

  @Test("chains too large for enumeration: the dynamic program's optimum equals GLPK's") func chains() throws {
    for seed in 0..<12 as Range<UInt64> {
      var problem = LayeredProblem(seed: seed, groups: 9, choices: 5).problem
      var random = SplitMix64(seed: seed)
      for group in 1..<problem.groups.count {
        var interaction = SelectionProblem.Interaction(groups: [
          problem.groups[group].name, problem.groups[group - 1].name,
        ])
        for a in problem.groups[group].choices {
          for b in problem.groups[group - 1].choices where random.below(2) == 0 {
            interaction.pairs.append(
              .init(choices: [a.name, b.name], score: random.uniform() - 0.5, costs: ["b0": 0.2 * random.uniform()]))
          }
        }
        problem.interactions.append(interaction)
      }
      let chain = try SelectionSolver.solve(problem)
      #expect(chain.solver == .chain, "seed \(seed)")
      var options = SelectionOptions()
      options.widestChain = 0
      let other = try SelectionSolver.solve(problem, options: options)
      #expect(other.solver == .glpk && other.status == chain.status, "seed \(seed)")
      if let a = chain.objective, let b = other.objective {
        #expect(abs(a - b) < 1e-7 * max(1, abs(a)), "seed \(seed)")
      }
    }
  }

  @Test("a pool of one search equals the head of the enumeration") func pool() throws {
    for seed in 0..<20 as Range<UInt64> {
      let problem = LayeredProblem(seed: seed, groups: 5, choices: 5).problem
      let truth = ExtendedEnumeration(problem).feasible.prefix(30).map(\.objective)
      let pool = try SelectionSolver.pool(problem, count: 30)
      #expect(pool.pool.count == max(1, truth.count), "seed \(seed)")
      for (result, objective) in zip(pool.pool, truth) {
        #expect(result.status == .optimal && abs((result.objective ?? .nan) - objective) < 1e-9, "seed \(seed)")
      }
      #expect(Set(pool.pool.map(\.choices)).count == pool.pool.count, "seed \(seed)")
      #expect(pool.isExhausted == (truth.count < 30), "seed \(seed)")
    }
  }

  @Test("each element of a diverse pool is the best one that has little in common with those before it")
  func diversePool() throws {
    for seed in 0..<10 as Range<UInt64> {
      let problem = LayeredProblem(seed: seed, groups: 5, choices: 4).problem
      var left = ExtendedEnumeration(problem).feasible
      let pool = try SelectionSolver.pool(problem, count: 6, maxOverlap: 0.4)
      for result in pool.pool {
        guard let objective = result.objective else { continue }
        #expect(abs(objective - (left.first?.objective ?? .nan)) < 1e-9, "seed \(seed)")
        left.removeAll { other in result.choices.count { other.choices[$0.key] == $0.value } > 2 }
      }
      #expect(pool.pool.count == 6 || left.isEmpty, "seed \(seed)")
    }
  }

  @Test("the best batch size is that of the best of all solves") func batches() throws {
    var problem = LayeredProblem(seed: 4, groups: 6, choices: 4, budgets: 1).problem
    for group in problem.groups.indices {
      for choice in problem.groups[group].choices.indices {
        let cost = problem.groups[group].choices[choice].costs["b0"] ?? 0
        problem.groups[group].choices[choice].costs["time"] = 0.3 + 0.1 * cost
        problem.groups[group].choices[choice].batchCosts = ["b0": 0.05, "time": 0.2 * cost]
      }
    }
    problem.budgets["time"] = .init()
    problem.budgets["time"]?.maxPerItem = 0.9
    problem.batches = [1, 2, 4, 8]
    let result = try SelectionSolver.solve(problem)
    var objectives: [Double?] = []
    for batch in problem.batches {
      var one = problem
      one.batches = []
      for group in one.groups.indices {
        for choice in one.groups[group].choices.indices {
          for (name, cost) in one.groups[group].choices[choice].batchCosts {
            one.groups[group].choices[choice].costs[name, default: 0] += Double(batch) * cost
          }
          one.groups[group].choices[choice].batchCosts = [:]
        }
      }
      one.budgets["time"] = .init(max: 0.9 * Double(batch))
      objectives.append(ExtendedEnumeration(one).feasible.first?.objective)
    }
    let outcomes = try #require(result.batches)
    #expect(objectives.contains { $0 == nil } && objectives.contains { $0 != nil })
    for (outcome, objective) in zip(outcomes, objectives) {
      #expect((outcome.objective == nil) == (objective == nil))
      if let a = outcome.objective, let b = objective { #expect(abs(a - b) < 1e-9) }
    }
    let best = try #require(objectives.compactMap { $0 }.min())
    #expect(abs(try #require(result.objective) - best) < 1e-9)
    #expect(outcomes.first { $0.objective == result.objective }?.batch == result.batch)
    #expect(throws: (any Error).self) { try SelectionSolver.sweep(problem, budget: "time", count: 3) }
  }

  @Test("every point of two budgets' sweep equals enumeration") func grid() throws {
    for seed in 1..<6 as Range<UInt64> {
      let problem = LayeredProblem(seed: seed, groups: 5, choices: 4, budgets: 2).problem
      let grid = try SelectionSolver.sweep(problem, first: ("b0", 4), second: ("b1", 3))
      #expect(grid.points.count == 12)
      for point in grid.points {
        var limited = problem
        for (name, limit) in point.limits { limited.budgets[name]?.max = limit }
        let best = ExtendedEnumeration(limited).feasible.first?.objective
        #expect((point.result.objective == nil) == (best == nil), "seed \(seed)")
        if let a = point.result.objective, let b = best { #expect(abs(a - b) < 1e-9, "seed \(seed)") }
      }
      #expect(grid.points.contains { $0.result.status == .optimal })
    }
  }

  @Test("what an infeasible problem's limits would have to be is enough, and less is not") func relaxation() throws {
    var (explained, singles) = (0, 0)
    for seed in 0..<60 as Range<UInt64> {
      var problem = LayeredProblem(seed: seed, groups: 5, choices: 4, budgets: 2).problem
      for name in problem.budgets.keys { problem.budgets[name]?.max? *= 0.72 }
      let result = try SelectionSolver.solve(problem)
      guard result.status == .infeasible, let relaxation = result.relaxation else { continue }
      explained += 1
      #expect(!relaxation.words.isEmpty)
      func isFeasible(_ change: (inout SelectionProblem) -> Void) -> Bool {
        var changed = problem
        change(&changed)
        return !ExtendedEnumeration(changed).feasible.isEmpty
      }
      for (name, limit) in relaxation.single {
        singles += 1
        #expect(isFeasible { $0.budgets[name]?.max = limit }, "seed \(seed)")
        #expect(!isFeasible { $0.budgets[name]?.max = limit * (1 - 1e-9) }, "seed \(seed)")
        #expect(relaxation.words.contains(name), "seed \(seed)")
      }
      let fraction = try #require(relaxation.together)
      for (factor, wanted) in [(fraction + 1e-9, true), (fraction - 3e-6, false)] {
        let isEnough = isFeasible { changed in
          for name in changed.budgets.keys { changed.budgets[name]?.max? *= 1 + factor }
        }
        #expect(isEnough == wanted, "seed \(seed)")
      }
    }
    #expect(explained > 10 && singles > 10, "\(explained) explained, \(singles) single limits")
  }

  @Test(
    "by what fraction windows that no selection meets have to widen is enough, and less is not",
    arguments: 0..<30 as Range<UInt64>)
  func narrowWindows(seed: UInt64) throws {
    var problem = LayeredProblem(seed: seed, groups: 5, choices: 4, budgets: 2).problem
    // Mixtures of choices meet them often, selections seldom.
    for (name, budget) in problem.budgets { problem.budgets[name]?.min = budget.max.map { (1 - 1e-6) * $0 } }
    let result = try SelectionSolver.solve(problem)
    #expect(result.status == .infeasible)
    let fraction = try #require(result.relaxation?.together)
    for (factor, wanted) in [(fraction + 1e-9, true), (fraction - 3e-6, false)] {
      var changed = problem
      for name in changed.budgets.keys {
        changed.budgets[name]?.max? *= 1 + factor
        changed.budgets[name]?.min? *= 1 - factor
      }
      #expect(!ExtendedEnumeration(changed).feasible.isEmpty == wanted)
    }
  }

  @Test("a limit with a probability is kept as often as that by sums with such errors") func chance() throws {
    var problem = LayeredProblem(seed: 3, groups: 12, choices: 6, budgets: 1).problem
    for group in problem.groups.indices {
      for choice in problem.groups[group].choices.indices {
        let cost = problem.groups[group].choices[choice].costs["b0"] ?? 0
        problem.groups[group].choices[choice].deviations["b0"] = 0.2 * cost
      }
    }
    let limit = try #require(problem.budgets["b0"]?.max)
    problem.budgets["b0"]?.probability = 0.9
    problem.budgets["b0"]?.commonDeviation = 0.05
    let sure = try SelectionSolver.solve(problem)
    #expect(sure.status == .optimal)
    var random = SplitMix64(seed: 7)
    func normal() -> Double {
      (-2 * log(1 - random.uniform())).squareRoot() * cos(2 * .pi * random.uniform())
    }
    let chosen = problem.groups.compactMap { group in group.choices.first { $0.name == sure.choices[group.name] } }
    var kept = 0
    for _ in 0..<20_000 {
      var sum = 0.0
      for choice in chosen { sum += (choice.costs["b0"] ?? 0) + normal() * (choice.deviations["b0"] ?? 0) }
      sum += 0.05 * normal() * (sure.costs["b0"] ?? 0)
      if sum <= limit { kept += 1 }
    }
    // The optimum uses nearly all of what the limit leaves.
    #expect(Double(kept) / 20_000 > 0.89 && Double(kept) / 20_000 < 0.95)
    let unsure = try {
      problem.budgets["b0"] = .init(max: limit); return try SelectionSolver.solve(problem)
    }()
    #expect(try #require(unsure.costs["b0"]) > #require(sure.costs["b0"]))
  }

  @Test(
    "what extends the format is checked",
    arguments: [
      (#""max_kinds": 0"#, "max_kinds"),
      (#""batches": [2, 2]"#, "batches[1]"),
      (#""batches": [0]"#, "batches[0]"),
      (#""diversity": {"earlier": [{"g": "c"}], "max_overlap": 0.5}"#, "diversity.earlier[0]"),
      (#""diversity": {"earlier": [], "max_overlap": 1.5}"#, "diversity.max_overlap"),
      (#""budgets": {"t": {"max": 1, "probability": 0.4}}"#, "budgets.t.probability"),
      (#""budgets": {"t": {"max": 1, "probability": 1}}"#, "budgets.t.probability"),
      (#""budgets": {"t": {"max": 1, "common_deviation": 0.1}}"#, "budgets.t"),
      (#""budgets": {"t": {"max": 1, "probability": 0.99, "common_deviation": 0.5}}"#, "budgets.t.common_deviation"),
      (#""budgets": {"t": {"max_per_item": 1}}"#, "budgets.t"),
      (#""interactions": [{"groups": ["g", "h"], "matching": true}]"#, "interactions[0]"),
    ]) func rules(extension: String, place: String)
  {
    let groups = #"""
      "groups": [{"name": "g", "choices": [{"name": "a", "score": 1, "costs": {"t": 1}}]},
                 {"name": "h", "choices": [{"name": "a", "score": 1, "costs": {"t": 1}}]}]
      """#
    expectRefused("{\"sense\": \"minimize\", \(groups), \(`extension`)}", place)
  }

  @Test(
    "what a choice says beyond its costs is checked",
    arguments: [
      (#""deviations": {"t": -1}"#, "deviations.t"), (#""deviations": {"x": 1}"#, "deviations"),
      (#""batch_costs": {"t": 1}"#, "batches"), (#""covers": ["g"]"#, "covers[0]"), (#""covers": ["x"]"#, "covers[0]"),
      (#""covers": ["h", "h"]"#, "covers[1]"),
    ]) func choiceRules(extension: String, place: String)
  {
    expectRefused(
      #"""
      {"sense": "minimize", "groups": [{"name": "g", "choices": [{"name": "a", "score": 1, "costs": {"t": 1}, \#(`extension`)}]},
       {"name": "h", "choices": [{"name": "a", "score": 1, "costs": {"t": 1}}]}]}
      """#, place)
  }

  private func expectRefused(_ json: String, _ place: String) {
    do {
      _ = try SelectionProblem(json: Data(json.utf8))
      Issue.record("accepted: \(json)")
    } catch {
      #expect("\(error)".contains(place), "\(error)")
    }
  }
}
