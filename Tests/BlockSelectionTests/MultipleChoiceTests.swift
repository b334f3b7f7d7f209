import BlockSelection
import MixedInteger
import Testing

/// Problems without interactions, which are not left to GLPK.
@Suite struct MultipleChoiceTests {
  @Test("the optimum equals GLPK's where enumeration would take too long") func optimum() throws {
    var feasible = 0
    for seed in 0..<40 as Range<UInt64> {
      let problem = LayeredProblem(seed: seed, groups: 12, choices: 8).problem
      let result = try SelectionSolver.solve(problem)
      let truth = try glpk(problem)
      #expect(result.stopped == .proved, "seed \(seed)")
      guard truth.hasPoint, let objective = truth.objective else {
        #expect(result.status == .infeasible, "seed \(seed)")
        continue
      }
      feasible += 1
      #expect(abs((result.objective ?? .nan) - objective) < 1e-7 * max(1, abs(objective)), "seed \(seed)")
    }
    #expect(feasible > 25, "\(feasible) are feasible")
  }

  /// The problem as anybody would write it down.
  private func glpk(_ problem: SelectionProblem) throws -> Solution {
    var program = IntegerProgram()
    let variables = problem.groups.map { group in group.choices.map { program.addBinary($0.name) } }
    func sum(_ value: (SelectionProblem.Choice) -> Double) -> LinearExpression {
      var sum = LinearExpression()
      for (group, variables) in zip(problem.groups, variables) {
        for (choice, variable) in zip(group.choices, variables) { sum.add(value(choice), variable) }
      }
      return sum
    }
    for group in variables { program.add(LinearExpression(sum: group).equals(1)) }
    for (name, budget) in problem.budgets {
      program.add(
        LinearConstraint(
          sum { $0.costs[name] ?? 0 }, lower: budget.min ?? -.infinity, upper: budget.max ?? .infinity))
    }
    program.setObjective(problem.sense == .minimize ? .minimize : .maximize, sum(\.score))
    return try program.solve()
  }

  @Test("a search that is stopped has a bound that holds") func timeLimit() throws {
    let problem = LayeredProblem(seed: 8, groups: 120, choices: 100, budgets: 4).problem
    let result = try SelectionSolver.solve(problem, options: .init(timeLimit: 0.3))
    #expect(result.stopped == .timeLimit)
    let selection = try SelectionSolver.solve(problem, options: .init(gap: 0.02))
    #expect(try #require(result.bound) <= #require(selection.objective))
  }

  @Test("a wanted gap ends the search within it") func gap() throws {
    let problem = LayeredProblem(seed: 8, groups: 60, choices: 40, budgets: 4).problem
    let result = try SelectionSolver.solve(problem, options: .init(gap: 0.02))
    let objective = try #require(result.objective)
    let bound = try #require(result.bound)
    #expect(bound <= objective && objective - bound <= 0.0200001 * abs(objective))
    #expect(result.stopped == .gap)
  }

  @Test("an interruption ends the search") func interruption() throws {
    let problem = LayeredProblem(seed: 8, groups: 60, choices: 40, budgets: 4).problem
    let result = try SelectionSolver.solve(problem, options: .init(isInterrupted: { true }))
    #expect(result.stopped == .interrupted)
  }

  @Test("a limit that is met by one selection alone, in the order of the format's sum, finds it") func exactLimits()
    throws
  {
    for seed in 0..<20 as Range<UInt64> {
      var problem = LayeredProblem(seed: seed, groups: 10, choices: 6).problem
      // The cheapest choice of each group: nothing keeps a smaller limit.
      var least = 0.0
      for group in problem.groups { least += group.choices.map { $0.costs["b0"] ?? 0 }.min() ?? 0 }
      problem.budgets = ["b0": .init(max: least)]
      #expect(try SelectionSolver.solve(problem).costs["b0"] == least, "seed \(seed)")
      problem.budgets = ["b0": .init(max: least.nextDown)]
      #expect(try SelectionSolver.solve(problem).status == .infeasible, "seed \(seed)")
    }
  }
}

/// Problems as block selection has them: layers whose better choices cost more, and budgets that matter.
struct LayeredProblem {
  private(set) var problem: SelectionProblem

  init(seed: UInt64, groups: Int, choices: Int, budgets: Int? = nil) {
    var random = SplitMix64(seed: seed)
    let budgets = budgets ?? 1 + Int(seed % 3)
    problem = SelectionProblem(sense: seed % 2 == 0 ? .minimize : .maximize, groups: [])
    let sign = problem.sense == .minimize ? 1.0 : -1.0
    var (least, largest) = ([Double](repeating: 0, count: budgets), [Double](repeating: 0, count: budgets))
    for group in 0..<groups {
      let scale = 0.5 + random.uniform()
      let choices = (0..<choices).map { place in
        let size = random.uniform()
        let costs = (0..<budgets).map { scale * ((($0 % 2 == 0) ? size : 1 - size) + 0.3 * random.uniform()) }
        return SelectionProblem.Choice(
          name: "c\(place)", score: sign * scale * (1 - costs.reduce(0, +) / Double(budgets) + 0.2 * random.uniform()),
          costs: Dictionary(uniqueKeysWithValues: costs.enumerated().map { ("b\($0)", $1) }))
      }
      for budget in 0..<budgets {
        let costs = choices.map { $0.costs["b\(budget)"] ?? 0 }
        least[budget] += costs.min() ?? 0
        largest[budget] += costs.max() ?? 0
      }
      problem.groups.append(.init(name: "g\(group)", choices: choices))
    }
    for budget in 0..<budgets {
      let limit = least[budget] + (0.4 + 0.3 * random.uniform()) * (largest[budget] - least[budget])
      problem.budgets["b\(budget)"] = .init(max: limit, min: budget == 2 ? 0.6 * limit : nil)
    }
  }
}
