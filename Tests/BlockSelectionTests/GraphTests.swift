import BlockSelection
import Testing

/// Interactions that form circles, which the dynamic program solves two groups at a time, or GLPK, after Lagrangian bounds have
/// removed what they can.
@Suite("Interactions in cycles") struct GraphTests {
  @Test("the optimum is that of enumeration", arguments: 0..<8, [8, 0]) func optimum(part: Int, widest: Int) throws {
    var options = SelectionOptions()
    options.widestChain = widest
    for seed in 0..<25 {
      let problem = GraphProblem(seed: UInt64(25 * part + seed)).problem
      let result = try SelectionSolver.solve(problem, options: options)
      let truth = Enumeration(problem)
      // That there is no selection may be plain before anybody is asked.
      if result.objective != nil { #expect(result.solver == (widest > 0 ? .chain : .glpk), "seed \(seed)") }
      #expect(result.status == (truth.feasible.isEmpty ? .infeasible : .optimal), "seed \(seed)")
      let (value, best) = (result.objective ?? 0, truth.feasible.first?.objective ?? 0)
      #expect(abs(value - best) <= 1e-9 * max(1, abs(best)), "seed \(seed): \(value), not \(best)")
    }
  }
}

/// Six groups in a ring with chords, and budgets that leave more or less.
private struct GraphProblem {
  private var random: SplitMix64
  private(set) var problem: SelectionProblem

  init(seed: UInt64) {
    random = SplitMix64(seed: seed &+ 0x9a4f)
    problem = SelectionProblem(sense: seed % 2 == 0 ? .minimize : .maximize, groups: [])
    for group in 0..<6 {
      let choices = (0..<4).map { place in
        let value = random.uniform()
        return SelectionProblem.Choice(
          name: "c\(place)", score: (seed % 2 == 0 ? 1 - value : value) + 0.3 * random.uniform(),
          costs: ["t": value + 0.2 * random.uniform(), "m": random.uniform()])
      }
      problem.groups.append(.init(name: "g\(group)", choices: choices))
    }
    for group in 0..<6 { join(group, (group + 1) % 6) }
    join(0, 3)
    for (name, share) in [("t", 0.4 + 0.8 * random.uniform()), ("m", 0.4 + 0.8 * random.uniform())] {
      problem.budgets[name] = .init(max: 3 * share)
    }
  }

  private mutating func join(_ first: Int, _ second: Int) {
    var pairs: [SelectionProblem.Pair] = []
    for a in 0..<4 {
      for b in 0..<4 where random.below(3) == 0 {
        pairs.append(
          .init(
            choices: ["c\(a)", "c\(b)"], score: 0.4 * (random.uniform() - 0.5),
            costs: ["t": 0.3 * (random.uniform() - 0.3)], forbidden: random.below(6) == 0))
      }
    }
    problem.interactions.append(.init(groups: ["g\(first)", "g\(second)"], pairs: pairs))
  }
}
