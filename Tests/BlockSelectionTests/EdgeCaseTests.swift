import BlockSelection
import Diagnostics
import Foundation
import Testing

/// Where sums nearly cancel, time is over at once, or sizes are absurd.
@Suite struct EdgeCaseTests {
  private func problem(_ json: String) throws -> SelectionProblem { try SelectionProblem(json: Data(json.utf8)) }

  private func chain(_ rest: String = "") throws -> SelectionProblem {
    let groups = (0..<3).map { group in
      #"{"name": "g\#(group)", "choices": [{"name": "a", "score": 0, "costs": {"t": 3}}, "#
        + #"{"name": "b", "score": \#(1 + group), "costs": {"t": 1}}]}"#
    }
    let links = (0..<2).map {
      #"{"groups": ["g\#($0)", "g\#($0 + 1)"], "pairs": [{"choices": ["a", "b"], "score": 0.1}]}"#
    }
    return try problem(
      #"{"sense": "minimize", "groups": [\#(groups.joined(separator: ", "))], "budgets": {"t": {"max": 6}}, "#
        + #""interactions": [\#(links.joined(separator: ", "))]\#(rest)}"#)
  }

  /// The quantile of 0.975, as the solver has it, from tables to all digits.
  private static let quantile = 1.959963984540054

  @Test(
    "a common deviation that nearly uses up the limit loses no selection",
    arguments: [
      (0.9, 0.7803), (0.975, (1 - 1e-3) / quantile), (0.975, (1 - 1e-8) / quantile), (0.975, (1 - 1e-11) / quantile),
    ])
  func nearlyAllCommon(probability: Double, common: Double) throws {
    let quantile = probability == 0.9 ? 1.2815515655446004 : Self.quantile
    for seed in 0..<12 as Range<UInt64> {
      var problem = LayeredProblem(seed: 2 * seed, groups: 5, choices: 4, budgets: 1).problem
      var random = SplitMix64(seed: seed)
      for group in problem.groups.indices {
        for choice in problem.groups[group].choices.indices {
          problem.groups[group].choices[choice].score = -(problem.groups[group].choices[choice].costs["b0"] ?? 0)
        }
      }
      let taken = problem.groups.map { $0.choices[random.below($0.choices.count)] }
      let sum = taken.reduce(0) { $0 + ($1.costs["b0"] ?? 0) }
      // Kept by the selection taken, whatever the last digits, and by none that costs 1e-9 more.
      let limit = sum * (1 + quantile * common) * (1 + 1e-12)
      problem.budgets["b0"] = .init(max: limit)
      problem.budgets["b0"]?.probability = probability
      problem.budgets["b0"]?.commonDeviation = common
      let result = try SelectionSolver.solve(problem)
      #expect(result.status == .optimal, "seed \(seed)")
      #expect(try #require(result.objective) <= -sum + 1e-9, "seed \(seed)")
    }
  }

  @Test("a chain without any time has a bound, and can be written down") func chainWithoutTime() throws {
    for rest in ["", #", "batches": [1, 2]"#] {
      let result = try SelectionSolver.solve(chain(rest), options: .init(timeLimit: 0))
      #expect(result.stopped == .timeLimit)
      #expect(try #require(result.bound) <= 3)
      #expect(try !result.json().isEmpty)
    }
    let interrupted = try SelectionSolver.sweep(chain(), budget: "t", count: 4, options: .init(isInterrupted: { true }))
    #expect(try !interrupted.json().isEmpty)
  }

  @Test("batch sizes that were not tried leave no bound, and no size is the best where none has a selection")
  func interruptedBatches() throws {
    let asked = Counter()
    let result = try SelectionSolver.solve(
      chain(#", "batches": [1, 2, 3]"#), options: .init(isInterrupted: { asked.next() > 0 }))
    #expect(result.stopped == .interrupted && result.bound == nil && result.gap == nil)
    #expect(result.batches?.count == 1)
    var impossible = try chain(#", "batches": [1, 2, 3]"#)
    impossible.budgets["t"] = .init(max: 1)
    let none = try SelectionSolver.solve(impossible)
    #expect(none.status == .infeasible && none.batch == nil && none.batches?.count == 3)
  }

  @Test("a sweep under a probability begins at the tightest limit, not at that of the least sum") func sweep() throws {
    let text = #"""
      {"sense": "minimize", "groups": [{"name": "g", "choices": [
        {"name": "a", "score": 1, "costs": {"x": 1, "y": 1}, "deviations": {"x": 5}},
        {"name": "b", "score": 2, "costs": {"x": 2, "y": 2}}]}],
       "budgets": {"x": {"max": 9, "probability": 0.95}}}
      """#
    let sweep = try SelectionSolver.sweep(problem(text), budget: "x", count: 4)
    #expect(abs(try #require(sweep.points.first?.limit) - 2) < 1e-5)
    #expect(sweep.points.map { $0.result.objective } == [2, 2, 2, 1])
    let grid = try SelectionSolver.sweep(problem(text), first: ("x", 3), second: ("y", 2))
    #expect(abs(try #require(grid.points.first?.limits["x"]) - 2) < 1e-5)
  }

  @Test(
    "the limit that the words name is enough",
    arguments: [2.300_000_12, 2.35, 7.0 / 3, 1e9 + 0.125, 12_345.678_912_3])
  func words(cost: Double) throws {
    for sign in [1.0, -1] {
      var problem = SelectionProblem(
        sense: .minimize, groups: [.init(name: "g", choices: [.init(name: "a", score: 1, costs: ["x": sign * cost])])])
      problem.budgets = ["x": sign > 0 ? .init(max: 2.3) : .init(min: -2.3)]
      let words = try #require(SelectionSolver.solve(problem).relaxation?.words)
      let named = try #require(
        words.split(separator: " to ").last?.split(whereSeparator: { $0 == "," || $0 == " " }).first)
      let limit = try #require(Double(named.hasSuffix(".") ? named.dropLast() : named), "\(words)")
      #expect(sign > 0 ? limit >= cost : limit <= -cost, "\(words)")
      #expect(abs(limit - sign * cost) <= 0.011 * abs(cost - 2.3), "\(words)")
      #expect(named.count < 20, "\(words)")
    }
  }

  @Test("the greedy method mends a limit of 0") func greedyAtZero() throws {
    let groups = (0..<8).map { group in
      SelectionProblem.Group(
        name: "g\(group)",
        choices: [
          .init(name: "a", score: 0, costs: ["x": 10]),
          .init(name: "b", score: 1 + 0.1 * Double(group), costs: ["x": -11]),
        ])
    }
    for budget in [SelectionProblem.Budget(max: 0), .init(max: 1e-300), .init(max: 0, min: -1000)] {
      let problem = SelectionProblem(sense: .minimize, groups: groups, budgets: ["x": budget])
      let result = try SelectionSolver.solve(problem)
      let greedy = try #require(result.baselines?.greedy ?? nil)
      #expect(greedy >= (try #require(result.objective)))
    }
  }

  @Test("what stands for covering choices is counted before anything is built") func coveringPairs() {
    let wide = (0..<2000).map { number in
      var choice = SelectionProblem.Choice(name: "c\(number)", score: 0)
      choice.covers = ["h"]
      return choice
    }
    let problem = SelectionProblem(
      sense: .minimize,
      groups: [.init(name: "g", choices: wide), .init(name: "h", choices: [.init(name: "a", score: 0)])])
    let error = #expect(throws: Diagnostic.self) { try problem.validate() }
    #expect(error?.description.contains("covering choices make too many pairs") == true)
  }

  @Test("more earlier selections than are practical are refused, from a file and for a pool") func manyEarlier() throws
  {
    var problem = try chain()
    #expect(throws: Diagnostic.self) { try SelectionSolver.pool(problem, count: 201, maxOverlap: 0.5) }
    problem.diversity = .init(earlier: [[String: String]](repeating: [:], count: 201), maxOverlap: 0.5)
    #expect(throws: Diagnostic.self) { try problem.validate() }
  }

  @Test("a search with many rows looks at the clock") func manyRows() throws {
    var problem = LayeredProblem(seed: 8, groups: 40, choices: 12, budgets: 2).problem
    var random = SplitMix64(seed: 5)
    problem.diversity = .init(
      earlier: (0..<200).map { _ in
        Dictionary(
          uniqueKeysWithValues: problem.groups.map { ($0.name, $0.choices[random.below($0.choices.count)].name) })
      }, maxOverlap: 0.05)
    let clock = ContinuousClock()
    let began = clock.now
    _ = try SelectionSolver.solve(problem, options: .init(timeLimit: 0.2))
    #expect(clock.now - began < .seconds(5))
  }

  @Test("random selections of many groups need no room for all of them") func manyGroups() throws {
    let groups = (0..<50_000).map { group in
      SelectionProblem.Group(
        name: "g\(group)", choices: [.init(name: "a", score: 0), .init(name: "b", score: 1)])
    }
    let before = Self.mostMemory
    let problem = SelectionProblem(sense: .minimize, groups: groups)
    let result = try SelectionSolver.solve(problem)
    #expect(result.objective == 0 && result.baselines?.uniform == 0)
    #expect(try #require(result.baselines?.random ?? nil) > 0)
    // All of them would be 400 MB.
    #expect(Self.mostMemory - before < 300_000, "kilobytes")
  }

  /// The largest size so far of this process, in kilobytes.
  private static var mostMemory: Int {
    let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM") } ?? ""
    return Int(line.filter(\.isNumber)) ?? 0
  }
}

/// Counts how often it was asked.
private final class Counter: @unchecked Sendable {
  // Sound: every access holds the lock.
  private let lock = NSLock()
  private var count = 0

  func next() -> Int {
    lock.withLock {
      count += 1
      return count
    }
  }
}
