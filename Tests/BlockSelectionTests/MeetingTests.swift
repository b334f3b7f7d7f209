import BlockSelection
import Testing

/// Problems whose selections are gone through by meeting in the middle, beside a table over whole numbers.
@Suite struct MeetingTests {
  @Test("the optimum equals a dynamic program's where costs are whole numbers", arguments: 0..<12 as Range<UInt64>)
  func optimum(seed: UInt64) throws {
    let instance = WholeNumbers(seed: seed, groups: 24, choices: 10)
    let result = try SelectionSolver.solve(instance.problem)
    #expect(result.solver == .search && result.stopped == .proved)
    let objective = try #require(result.objective)
    #expect(abs(objective - instance.optimum) < 1e-9 * abs(instance.optimum))
  }

  @Test("the best ones come in order, and each is better than those that follow") func pool() throws {
    let instance = WholeNumbers(seed: 3, groups: 24, choices: 10)
    let pool = try SelectionSolver.pool(instance.problem, count: 40).pool.map { try #require($0.objective) }
    #expect(abs(pool[0] - instance.optimum) < 1e-9 * abs(instance.optimum))
    // Without its best selection the problem has the second one as its optimum.
    var problem = instance.problem
    let best = try SelectionSolver.solve(problem).choices
    problem.diversity = .init(earlier: [best], maxOverlap: 23.0 / 24)
    let second = try #require(try SelectionSolver.solve(problem).objective)
    #expect(abs(pool[1] - second) < 1e-6 && pool == pool.sorted())
  }
}

/// A problem of three budgets in whole numbers, one of which falls where the others grow, and its least loss by a table over
/// all that the budgets may have been used.
struct WholeNumbers {
  let problem: SelectionProblem
  let optimum: Double

  init(seed: UInt64, groups: Int, choices: Int) {
    var random = SplitMix64(seed: seed)
    let limit = 3 * groups
    var table = [Double](repeating: .infinity, count: (limit + 1) * (limit + 1) * (limit + 1))
    table[0] = 0
    var problem = SelectionProblem(sense: .minimize, groups: [])
    for group in 0..<groups {
      let drawn = (0..<choices).map { _ in
        let size = random.below(7)
        let costs = [size, 6 - size, size].map { min(6, max(0, $0 + random.below(3) - 1)) }
        return (loss: 10 - Double(costs.reduce(0, +)) / 3 + 2 * random.uniform(), costs: costs)
      }
      table = Self.extended(table, by: drawn, limit: limit)
      problem.groups.append(
        .init(
          name: "g\(group)",
          choices: drawn.enumerated().map { index, choice in
            .init(
              name: "c\(index)", score: choice.loss,
              costs: ["a": Double(choice.costs[0]), "b": Double(choice.costs[1]), "c": Double(choice.costs[2])])
          }))
    }
    for name in ["a", "b", "c"] { problem.budgets[name] = .init(max: Double(limit)) }
    (self.problem, optimum) = (problem, table.min() ?? .infinity)
  }

  private static func extended(_ table: [Double], by choices: [(loss: Double, costs: [Int])], limit: Int) -> [Double] {
    let side = limit + 1
    var next = [Double](repeating: .infinity, count: table.count)
    for choice in choices {
      let (a, b, c) = (choice.costs[0], choice.costs[1], choice.costs[2])
      for first in 0...limit - a {
        for second in 0...limit - b {
          let (from, to) = ((first * side + second) * side, ((first + a) * side + second + b) * side + c)
          for third in 0...limit - c { next[to + third] = min(next[to + third], table[from + third] + choice.loss) }
        }
      }
    }
    return next
  }
}
