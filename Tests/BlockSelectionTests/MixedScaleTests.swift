import BlockSelection
import Foundation
import Testing

/// Numbers of very different magnitude: what means "never" must not blur what remains.
@Suite struct MixedScaleTests {
  /// How the groups interact, and so who solves the problem.
  enum Shape: CaseIterable {
    case separate, chain, ring

    var solver: SelectionResult.Solver { self == .separate ? .search : .chain }
  }

  /// A small problem in which choices and pairs cost, or are scored, up to 1e16 times what the others are.
  private struct MixedProblem {
    private var random: SplitMix64
    private(set) var problem: SelectionProblem

    init(seed: UInt64, _ shape: Shape) {
      random = SplitMix64(seed: seed &+ 77)
      problem = SelectionProblem(sense: seed % 2 == 0 ? .minimize : .maximize, groups: [])
      for group in 0..<4 { addGroup(group, count: 4) }
      if shape != .separate { addInteractions(closed: shape == .ring) }
      let limits = ["x", "y"].map { name in
        problem.groups.reduce(0.0) { $0 + ($1.choices[random.below(4)].costs[name] ?? 0) }
      }
      problem.budgets = ["x": .init(max: limits[0]), "y": .init(max: limits[1] + 0.3)]
    }

    private mutating func addGroup(_ index: Int, count: Int) {
      let sign = problem.sense == .minimize ? 1.0 : -1.0
      var choices = (0..<count).map { place in
        let size = random.uniform()
        return SelectionProblem.Choice(
          name: "c\(place)", score: sign * (0.3 * random.uniform() - size),
          costs: ["x": size, "y": random.uniform()])
      }
      if random.below(3) > 0 {
        choices.append(.init(name: "penalty", score: sign * huge(), costs: ["x": 0, "y": 0]))
      }
      if random.below(3) > 0 {
        let good = random.below(2) == 0 ? -5 : -huge()
        choices.append(.init(name: "heavy", score: sign * good, costs: ["x": huge(), "y": random.uniform()]))
      }
      problem.groups.append(.init(name: "g\(index)", choices: choices))
    }

    private mutating func huge() -> Double { pow(10, 4 + Double(random.below(13))) }

    private mutating func addInteractions(closed: Bool) {
      let sign = problem.sense == .minimize ? 1.0 : -1.0
      for first in 0..<(closed ? 4 : 3) {
        let second = (first + 1) % 4
        var interaction = SelectionProblem.Interaction(groups: ["g\(first)", "g\(second)"])
        for a in problem.groups[first].choices {
          for b in problem.groups[second].choices where random.below(3) == 0 {
            var pair = SelectionProblem.Pair(choices: [a.name, b.name], score: 0.2 * random.uniform() - 0.1)
            if random.below(4) == 0 { pair.score = sign * huge() }
            if random.below(6) == 0 { pair.costs = ["y": huge()] }
            interaction.pairs.append(pair)
          }
        }
        problem.interactions.append(interaction)
      }
    }
  }

  @Test(
    "numbers that no selection can take do not blur the optimum: it equals enumeration", arguments: Shape.allCases,
    [8, 0])
  func optimum(_ shape: Shape, widestChain: Int) throws {
    var options = SelectionOptions()
    options.widestChain = widestChain
    var (small, solvers) = (0, [SelectionResult.Solver: Int]())
    for seed in 0..<150 as Range<UInt64> {
      let problem = MixedProblem(seed: seed, shape).problem
      let result = try SelectionSolver.solve(problem, options: options)
      solvers[result.solver, default: 0] += 1
      guard let best = Enumeration(problem).feasible.first else {
        #expect(result.status == .infeasible, "seed \(seed)")
        continue
      }
      #expect(result.status == .optimal, "seed \(seed)")
      let objective = try #require(result.objective, "seed \(seed)")
      #expect(abs(objective - best.objective) <= 1e-9 * max(1, abs(best.objective)), "seed \(seed)")
      if abs(best.objective) < 10 { small += 1 }
      for value in [result.baselines?.greedy, result.baselines?.uniform, result.baselines?.random] {
        guard let value = value ?? nil else { continue }
        #expect(problem.sense == .minimize ? objective <= value : objective >= value, "seed \(seed)")
      }
    }
    #expect(small > 50, "\(small) optima are small")
    let wanted: SelectionResult.Solver = shape.solver == .chain && widestChain == 0 ? .glpk : shape.solver
    #expect(solvers[wanted, default: 0] > 100, "\(solvers)")
  }

  @Test("costs of 1e15 that cancel leave GLPK the others", arguments: 0..<8 as Range<UInt64>) func cancelling(
    seed: UInt64
  ) throws {
    var random = SplitMix64(seed: seed)
    let groups = (0..<5).map { group in
      var choices = (0..<4).map { place in
        let size = random.uniform()
        return SelectionProblem.Choice(name: "c\(place)", score: 0.3 * random.uniform() - size, costs: ["x": size])
      }
      let (score, cost) = (-1.5 * random.uniform(), random.below(2) == 0 ? 1e15 : -1e15)
      choices.append(.init(name: "big", score: score, costs: ["x": cost]))
      return SelectionProblem.Group(name: "g\(group)", choices: choices)
    }
    let links = groups.indices.map { first in
      SelectionProblem.Interaction(groups: ["g\(first)", "g\((first + 1) % 5)"])
    }
    let problem = SelectionProblem(
      sense: .minimize, groups: groups, budgets: ["x": .init(max: 2.25)], interactions: links)
    var options = SelectionOptions()
    options.widestChain = 0
    let result = try SelectionSolver.solve(problem, options: options)
    #expect(result.solver == .glpk)
    let best = try #require(Enumeration(problem).feasible.first?.objective)
    #expect(abs(try #require(result.objective) - best) < 1e-9)
  }

  @Test("a pool of one search is told apart below a penalty of any size") func pool() throws {
    for seed in 0..<40 as Range<UInt64> {
      let problem = MixedProblem(seed: seed, .separate).problem
      let truth = Enumeration(problem).feasible.prefix(4).map(\.objective)
      guard let last = truth.last, abs(last) < 10 else { continue }
      let pool = try SelectionSolver.pool(problem, count: truth.count).pool.compactMap(\.objective)
      #expect(pool.count == truth.count, "seed \(seed)")
      for (value, wanted) in zip(pool, truth) { #expect(abs(value - wanted) < 1e-9, "seed \(seed)") }
    }
  }

  @Test("a deviation that no selection can take does not blur a limit with a probability") func probability() throws {
    for seed in 0..<40 as Range<UInt64> {
      var problem = LayeredProblem(seed: seed, groups: 4, choices: 4, budgets: 1).problem
      var random = SplitMix64(seed: seed)
      for group in problem.groups.indices {
        for choice in problem.groups[group].choices.indices {
          problem.groups[group].choices[choice].deviations = ["b0": 0.1 * random.uniform()]
        }
        let good = problem.sense == .minimize ? -5.0 : 5
        var wild = SelectionProblem.Choice(name: "wild", score: good, costs: ["b0": 0])
        wild.deviations = ["b0": 1e8]
        problem.groups[group].choices.append(wild)
      }
      problem.budgets["b0"]?.probability = 0.95
      let best = ExtendedEnumeration(problem).feasible.first?.objective
      let result = try SelectionSolver.solve(problem)
      #expect((result.objective == nil) == (best == nil), "seed \(seed)")
      if let a = result.objective, let b = best { #expect(abs(a - b) < 1e-9, "seed \(seed)") }
    }
  }
}
