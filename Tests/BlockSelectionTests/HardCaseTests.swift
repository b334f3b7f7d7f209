import BlockSelection
import Foundation
import Testing

/// Cases in which an earlier version claimed what was not so, did not end, or refused what is right.
@Suite struct HardCaseTests {
  private func problem(_ json: String) throws -> SelectionProblem { try SelectionProblem(json: Data(json.utf8)) }

  private static func group(_ name: String, _ choices: String...) -> String {
    #"{"name": "\#(name)", "choices": [\#(choices.joined(separator: ", "))]}"#
  }

  private static func choice(_ name: String, _ score: Double, _ costs: [String: Double], _ more: String = "") -> String
  {
    let listed = costs.sorted { $0.key < $1.key }.map { "\"\($0.key)\": \($0.value)" }.joined(separator: ", ")
    return #"{"name": "\#(name)", "score": \#(score), "costs": {\#(listed)}\#(more.isEmpty ? "" : ", " + more)}"#
  }

  private func solve(
    _ groups: [String], _ rest: String, _ options: SelectionOptions = SelectionOptions()
  ) throws -> SelectionResult {
    try SelectionSolver.solve(
      problem(#"{"sense": "minimize", "groups": [\#(groups.joined(separator: ", "))], \#(rest)}"#), options: options)
  }

  private func expect(_ value: Double?, isAbout wanted: Double) {
    #expect(abs((value ?? .nan) - wanted) < 1e-5)
  }

  @Test("GLPK keeps limits that large numbers meet exactly", arguments: [1e3, 1e9, 1e11, 1e16]) func largeNumbers(
    scale: Double
  ) throws {
    for seed in 0..<40 as Range<UInt64> {
      var problem = RandomProblem(seed: seed).problem
      var random = SplitMix64(seed: seed)
      for group in problem.groups.indices {
        for choice in problem.groups[group].choices.indices {
          problem.groups[group].choices[choice].costs = ["x": scale * random.uniform(), "y": scale * random.uniform()]
        }
      }
      // A circle over all groups is GLPK's.
      let names = problem.groups.map(\.name)
      problem.interactions = names.indices.map { .init(groups: [names[$0], names[($0 + 1) % names.count]]) }
      guard names.count > 2 else { continue }
      problem.fixedCosts = [:]
      let taken = problem.groups.map { $0.choices[random.below($0.choices.count)] }
      problem.budgets = [
        "x": .init(min: taken.reduce(0) { $0 + ($1.costs["x"] ?? 0) }),
        "y": .init(max: taken.reduce(0) { $0 + ($1.costs["y"] ?? 0) }),
      ]
      let result = try SelectionSolver.solve(problem)
      let best = ExtendedEnumeration(problem).feasible.first
      #expect((result.objective == nil) == (best == nil), "seed \(seed)")
      if let a = result.objective, let b = best?.objective { #expect(abs(a - b) < 1e-9, "seed \(seed)") }
    }
  }

  @Test("many layers that are all alike are soon chosen from") func alike() throws {
    let groups = (0..<40).map { Self.group("g\($0)", Self.choice("a", 0, ["x": 1]), Self.choice("b", 1, ["x": 0])) }
    let whole = try solve(groups, #""budgets": {"x": {"max": 16}}"#)
    #expect(whole.status == .optimal && whole.objective == 24)
    let fractional = try solve(groups, #""budgets": {"x": {"max": 16.5}}"#)
    #expect(fractional.status == .optimal && fractional.objective == 24)
  }

  @Test("a batch size that is undecided leaves the answer undecided") func undecidedBatch() throws {
    let group = Self.group(
      "g", Self.choice("a", 1, ["x": 5], #""batch_costs": {"x": 1}"#), Self.choice("b", 2, ["x": 6]))
    let result = try solve([group], #""budgets": {"x": {"max": 7}}, "batches": [1, 4]"#, .init(timeLimit: 0))
    #expect(result.stopped == .timeLimit && result.status != .optimal && result.status != .infeasible)
  }

  @Test("limits that exclude each other at one batch size leave the others") func excludedBatch() throws {
    let group = Self.group("g", Self.choice("a", 1, ["x": 5]), Self.choice("b", 2, ["x": 6]))
    let result = try solve([group], #""budgets": {"x": {"min": 5, "max_per_item": 1}}, "batches": [1, 8]"#)
    #expect(result.status == .optimal && result.batch == 8)
    #expect(result.batches?.map(\.status) == [.infeasible, .optimal])
  }

  @Test("a wanted gap keeps what is found under a probability") func gapUnderProbability() throws {
    let group = Self.group(
      "g", Self.choice("a", 1, ["x": 5], #""deviations": {"x": 1}"#), Self.choice("b", 2, ["x": 4]))
    let result = try solve([group], #""budgets": {"x": {"max": 6, "probability": 0.9}}"#, .init(gap: 0.1))
    #expect(result.objective == 2 && result.choices == ["g": "b"])
  }

  @Test("the tightest limit under a probability is not that of the smallest sum") func tightestUnderProbability() throws
  {
    let group = Self.group(
      "g", Self.choice("a", 1, ["x": 1], #""deviations": {"x": 5}"#), Self.choice("b", 2, ["x": 2]))
    let result = try solve([group], #""budgets": {"x": {"max": 1.5, "probability": 0.95}}"#)
    #expect(result.status == .infeasible)
    let attainable: Double? = result.attainable?["x"] ?? nil
    let relaxation = try #require(result.relaxation)
    expect(attainable, isAbout: 2)
    expect(relaxation.single["x"], isAbout: 2)
    expect(relaxation.together, isAbout: 1.0 / 3)
  }

  @Test("a budget's other limit stays while one gives way") func otherLimit() throws {
    let group = Self.group("g", Self.choice("a", 1, ["x": 3]), Self.choice("b", 2, ["x": 5]))
    let result = try solve([group], #""budgets": {"x": {"min": 3.6, "max": 4.6}}"#)
    #expect(result.relaxation?.single == ["x": 5])
  }

  @Test("limits of 0 are explained as such") func zeroLimits() throws {
    let group = Self.group("g", Self.choice("a", 1, ["x": 1, "y": 1]))
    let result = try solve([group], #""budgets": {"x": {"max": 0}, "y": {"max": 0}}"#)
    #expect(result.relaxation?.words.contains("0") == true)
    let mixed = Self.group(
      "g", Self.choice("b", -5, ["x": -2, "y": -1]), Self.choice("c", 1, ["x": 0, "y": 3]),
      Self.choice("d", 3, ["x": -1, "y": 2]))
    let relaxed = try solve([mixed], #""budgets": {"x": {"min": 0}, "y": {"max": 1}}"#)
    expect(relaxed.relaxation?.together, isAbout: 2)
  }

  @Test("wide choices: pools are distinct, names do not clash, and widths match on both sides") func covers() throws {
    let wide = [
      Self.group("g", Self.choice("a", 1, [:], #""covers": ["h"]"#), Self.choice("b", 9, [:])),
      Self.group("h", Self.choice("c", 5, [:])),
    ]
    let text = #"{"sense": "minimize", "groups": [\#(wide.joined(separator: ", "))]}"#
    let pool = try SelectionSolver.pool(problem(text), count: 3, maxOverlap: 0.5)
    #expect(pool.pool.compactMap(\.objective) == [1, 14] && pool.isExhausted)
    let clash = [
      Self.group("h", Self.choice("c", 1, [:], #""covers": ["k"]"#)), Self.group("k", Self.choice("h/c", 3, [:])),
    ]
    #expect(throws: (any Error).self) { try solve(clash, #""batches": []"#) }
    let backwards = [
      Self.group("g0", Self.choice("a", 1, [:], #""input": "p", "output": "p""#)),
      Self.group("g1", Self.choice("a", 5, [:], #""input": "p", "output": "q""#)),
      Self.group(
        "g2", Self.choice("z", 1, [:], #""covers": ["g1"], "input": "p", "output": "q""#),
        Self.choice("y", 9, [:], #""input": "q", "output": "q""#)),
    ]
    let links =
      #""interactions": [{"groups": ["g0", "g1"], "matching": true}, {"groups": ["g1", "g2"], "matching": true}]"#
    #expect(try solve(backwards, links).objective == 2)
  }

  @Test("time limits beyond all clocks are no limits", arguments: [1e300, Double.infinity]) func endless(
    limit: Double
  ) throws {
    let result = try solve([Self.group("g", Self.choice("a", 1, [:]))], #""batches": []"#, .init(timeLimit: limit))
    #expect(result.status == .optimal)
  }

  @Test("an overlap of 0.58 of 50 groups is 29 of them") func overlapOfWholeGroups() throws {
    let groups = (0..<50).map { Self.group("g\($0)", Self.choice("a", 0, [:]), Self.choice("b", 1, [:])) }
    let earlier = "{" + (0..<50).map { "\"g\($0)\": \"a\"" }.joined(separator: ", ") + "}"
    let result = try solve(groups, #""diversity": {"earlier": [\#(earlier)], "max_overlap": 0.58}"#)
    #expect(result.objective == 21)
  }
}
