import BlockSelection
import Diagnostics
import Foundation
import Testing

@Suite struct ReadingTests {
  private static let contract = """
    { "sense": "minimize",
      "groups": [ { "name": "layer0",
                    "choices": [ { "name": "a", "score": 0.12, "costs": { "latency_ms": 1.2, "memory_bytes": 3000000 } },
                                 { "name": "c", "score": 0.5, "costs": { "latency_ms": 1.0, "memory_bytes": 1 } } ] },
                  { "name": "layer1",
                    "choices": [ { "name": "b", "score": 0.5, "costs": { "latency_ms": 1.0, "memory_bytes": 5 } } ] } ],
      "fixed_costs": { "latency_ms": 0.3 },
      "budgets": { "latency_ms": { "max": 10.0 }, "memory_bytes": { "max": 2.0e8 } },
      "interactions": [ { "groups": ["layer0", "layer1"],
                          "pairs": [ { "choices": ["a", "b"], "score": 0.0, "costs": { "latency_ms": 0.05 } } ] } ],
      "note": "keys of other names are let pass" }
    """

  @Test("the documented instance is read, solved and written") func contract() throws {
    let problem = try SelectionProblem(json: Data(Self.contract.utf8))
    let result = try SelectionSolver.solve(problem)
    let json = try #require(try JSONSerialization.jsonObject(with: result.json()) as? [String: Any])
    #expect(json["status"] as? String == "optimal")
    #expect(json["stopped"] as? String == "proved")
    #expect(json["choices"] as? [String: String] == ["layer0": "a", "layer1": "b"])
    #expect(
      json["costs"] as? [String: Double] == ["latency_ms": 0.3 + 1.2 + 1 + 0.05, "memory_bytes": 3_000_005])
    #expect(
      Set(json.keys) == [
        "status", "stopped", "solver", "objective", "bound", "gap", "costs", "choices", "solve_seconds", "presolve",
        "baselines",
      ])
    #expect((json["presolve"] as? [String: Int])?.keys.sorted() == ["choices_after", "choices_before"])
    #expect((json["baselines"] as? [String: Any])?.keys.sorted() == ["greedy", "random", "uniform"])
  }

  @Test("a cost that choices have needs no budget") func costWithoutBudget() throws {
    var problem = try SelectionProblem(json: Data(Self.contract.utf8))
    problem.budgets["latency_ms"] = nil
    try problem.validate()
  }

  @Test("problems and results survive being written and read") func roundTrip() throws {
    for seed in 0..<40 as Range<UInt64> {
      let problem = RandomProblem(seed: seed).problem
      #expect(try SelectionProblem(json: JSONEncoder().encode(problem)) == problem)
      let result = try SelectionSolver.solve(problem)
      #expect(try JSONDecoder().decode(SelectionResult.self, from: result.json()) == result)
    }
  }

  @Test("an infeasible result has attainable values, and null where nothing is known") func infeasible()
    throws
  {
    var problem = try SelectionProblem(json: Data(Self.contract.utf8))
    problem.budgets["latency_ms"] = .init(max: 1)
    let text = String(decoding: try SelectionSolver.solve(problem).json(), as: UTF8.self)
    #expect(text.contains("\"status\" : \"infeasible\""))
    #expect(text.contains("\"objective\" : null"))
    #expect(text.contains("\"latency_ms\" : 2.3"))
    #expect(text.contains("\"greedy\" : null"))
  }

  @Test("pool and sweep have their documented form") func poolAndSweep() throws {
    let problem = try SelectionProblem(json: Data(Self.contract.utf8))
    let pool = try SelectionSolver.pool(problem, count: 5).json()
    #expect(((try JSONSerialization.jsonObject(with: pool) as? [String: Any])?["pool"] as? [Any])?.count == 2)
    let sweep = try SelectionSolver.sweep(problem, budget: "latency_ms", count: 3)
    let json = try JSONSerialization.jsonObject(with: sweep.json()) as? [String: Any]
    let points = try #require(json?["points"] as? [[String: Any]])
    #expect(points.compactMap { $0["limit"] as? Double } == sweep.points.map(\.limit))
    #expect(points.allSatisfy { $0["choices"] != nil })
    #expect(try JSONDecoder().decode(SelectionSweep.self, from: sweep.json()) == sweep)
  }

  @Test("a file that cannot be used gets one clear sentence", arguments: BadInstance.all)
  private func badInstances(_ bad: BadInstance) throws {
    let text = Self.contract.replacingOccurrences(of: bad.old, with: bad.new)
    #expect(text != Self.contract)
    let error = #expect(throws: Diagnostic.self) {
      try SelectionProblem(json: Data(text.utf8), path: "instance.json")
    }
    #expect(error?.category == .unusableFile)
    let message = error?.description ?? ""
    #expect(message.hasPrefix("instance.json:") && message.contains(bad.expected), "\(message)")
  }

  @Test(
    "texts that are no instance at all are refused",
    arguments: [
      "", " ", "null", "[]", "3", "\"text\"", "{", "{}", "\u{0}", "{\"sense\": \"minimize\", \"groups\": []}",
      String(repeating: "[", count: 100_000), String(repeating: "{\"groups\":", count: 50_000),
    ])
  func noInstance(_ text: String) {
    let error = #expect(throws: Diagnostic.self) { try SelectionProblem(json: Data(text.utf8)) }
    #expect(error?.category == .unusableFile)
  }

  @Test("bytes that are no UTF-8 are refused") func noText() {
    #expect(throws: Diagnostic.self) { try SelectionProblem(json: Data([0xff, 0xfe, 0x7b, 0xc3, 0x28])) }
  }

  @Test("absurd sizes are refused before anything is built") func sizes() {
    let choices = (0..<1000).map { SelectionProblem.Choice(name: "c\($0)", score: 0) }
    let problem = SelectionProblem(
      sense: .minimize, groups: (0..<2001).map { .init(name: "g\($0)", choices: choices) })
    let error = #expect(throws: Diagnostic.self) { try SelectionSolver.solve(problem) }
    #expect(error?.description.contains("too many choices '2001000'; at most 2000000") == true)
  }
}

private struct BadInstance: Sendable, CustomTestStringConvertible {
  let old: String
  let new: String
  let expected: String
  var testDescription: String { "\(old) -> \(new)" }

  init(_ old: String, _ new: String, _ expected: String) {
    self.old = old
    self.new = new
    self.expected = expected
  }

  static let all = [
    BadInstance(
      "\"minimize\"", "\"smallest\"", "sense: unknown sense 'smallest'; the senses are minimize, maximize"),
    BadInstance("\"sense\"", "\"sence\"", "unknown key 'sence'"),
    BadInstance("\"sense\": \"minimize\",", "", "a key is missing 'sense'"),
    BadInstance("\"budgets\"", "\"budget\"", "did you mean 'budgets'?"),
    BadInstance("\"max\": 10.0", "\"maximum\": 10.0", "budgets.latency_ms: unknown key 'maximum'"),
    BadInstance("\"max\": 10.0", "", "budgets.latency_ms: a budget without a limit"),
    BadInstance(
      "\"max\": 10.0", "\"max\": 1, \"min\": 2", "budgets.latency_ms: the limits exclude each other"),
    BadInstance("\"max\": 10.0", "\"max\": 1e19", "budgets.latency_ms.max: a number cannot be used '1e+19'"),
    BadInstance("\"max\": 10.0", "\"max\": 1e999", "JSON"),
    BadInstance("\"max\": 10.0", "\"max\": NaN", "the text is not valid JSON"),
    BadInstance(
      "\"max\": 10.0", "\"max\": \"10\"", "budgets.latency_ms.max: a value of the wrong kind; a number"),
    BadInstance("0.12", "true", "groups[0].choices[0].score: a value of the wrong kind; a number"),
    BadInstance("\"score\": 0.12,", "", "groups[0].choices[0]: a key is missing 'score'"),
    BadInstance("\"score\": 0.12,", "\"score\": null,", "groups[0].choices[0].score: a value is missing"),
    BadInstance("\"score\": 0.12", "\"scores\": 0.12", "groups[0].choices[0]: unknown key 'scores'"),
    BadInstance(
      "\"latency_ms\": 1.2, ", "",
      "groups[0].choices[0].costs.latency_ms: a cost that has a budget is missing"),
    BadInstance("\"latency_ms\": 1.2", "\"latency_m\": 1.2", "did you mean 'latency_m'?"),
    BadInstance("\"latency_ms\": 0.3", "\"latency_msec\": 0.3", "fixed_costs: unknown cost 'latency_msec'"),
    BadInstance("\"latency_ms\": 0.3", "\"energy\": 0.3", "fixed_costs: unknown cost 'energy'"),
    BadInstance("\"latency_ms\": 0.3", "\"memory_byte\": 1", "did you mean 'memory_bytes'?"),
    BadInstance(
      "\"latency_ms\": 0.05", "\"joules\": 0.05", "interactions[0].pairs[0].costs: unknown cost 'joules'"),
    BadInstance(
      "\"latency_ms\": 0.05", "\"latency_mss\": 0.05",
      "interactions[0].pairs[0].costs: unknown cost 'latency_mss'"),
    BadInstance("\"name\": \"c\"", "\"name\": \"a\"", "groups[0].choices[1].name: the name stands twice 'a'"),
    BadInstance("\"name\": \"layer1\"", "\"name\": \"layer0\"", "groups[1].name: the name stands twice"),
    BadInstance("\"name\": \"c\"", "\"name\": \"\"", "groups[0].choices[1].name: a name is empty"),
    BadInstance(
      "[ { \"name\": \"b\", \"score\": 0.5, \"costs\": { \"latency_ms\": 1.0, \"memory_bytes\": 5 } } ]",
      "[]",
      "groups[1].choices: the group has no choices 'layer1'"),
    BadInstance(
      "[\"layer0\", \"layer1\"]", "[\"layer0\", \"layer2\"]", "interactions[0].groups[1]: unknown group"),
    BadInstance("[\"layer0\", \"layer1\"]", "[\"layer0\"]", "an interaction of other than two groups"),
    BadInstance(
      "[\"layer0\", \"layer1\"]", "[\"layer0\", \"layer0\"]", "an interaction of other than two groups"),
    BadInstance(
      "[\"a\", \"b\"]", "[\"a\", \"x\"]",
      "interactions[0].pairs[0].choices[1]: unknown choice of group 'layer1' 'x'"),
    BadInstance("[\"a\", \"b\"]", "[\"a\"]", "a pair of other than two choices"),
    BadInstance(
      "\"pairs\": [ ", "\"pairs\": [ {\"choices\": [\"a\", \"b\"]}, ",
      "pairs[1]: the pair stands twice 'a, b'"),
    BadInstance(
      "\"name\": \"a\",", "\"name\": \"a\", \"forced\": true, \"forbidden\": true,",
      "both forced and forbidden"),
    BadInstance(
      "\"score\": 0", "\"forced\": true, \"score\": 0",
      "groups[0].choices[1]: two choices of one group are forced"),
    BadInstance("\"note\"", "note", "instance.json:11: the text is not valid JSON"),
  ]
}
