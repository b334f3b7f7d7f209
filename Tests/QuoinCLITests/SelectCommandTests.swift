import Foundation
import TestSupport
import Testing

@Suite("Select command")
struct SelectCommandTests {
  /// Two layers: a cheap and a good choice each. Within 3 ms one of them can be good, and layer1 gains more.
  private static func instance(budget: Double) -> String {
    """
    { "sense": "minimize",
      "groups": [
        { "name": "layer0", "choices": [ { "name": "cheap", "score": 0.5, "costs": { "latency_ms": 1 } },
                                         { "name": "good", "score": 0.4, "costs": { "latency_ms": 2 } } ] },
        { "name": "layer1", "choices": [ { "name": "cheap", "score": 0.9, "costs": { "latency_ms": 1 } },
                                         { "name": "good", "score": 0.1, "costs": { "latency_ms": 2 } } ] } ],
      "budgets": { "latency_ms": { "max": \(budget) } } }
    """
  }

  private func select(budget: Double, _ options: [String] = []) throws -> CommandRun {
    try withTemporaryFolder { folder in
      let path = folder + "/instance.json"
      try Self.instance(budget: budget).write(toFile: path, atomically: true, encoding: .utf8)
      return try CommandRun(["select", path, "--json"] + options)
    }
  }

  @Test("The best choices within a budget are proved")
  func optimal() throws {
    let run = try select(budget: 3)
    let answer = try #require(run.json as? [String: Any], "\(run.messages)")
    #expect(run.code == 0 && answer["status"] as? String == "optimal")
    #expect(answer["choices"] as? [String: String] == ["layer0": "cheap", "layer1": "good"])
    #expect(answer["objective"] as? Double == 0.5 + 0.1)
    #expect((answer["costs"] as? [String: Double]) == ["latency_ms": 3])
  }

  @Test("A budget below every choice ends with code 2 and what is attainable")
  func infeasible() throws {
    let run = try select(budget: 1)
    let answer = try #require(run.json as? [String: Any], "\(run.messages)")
    #expect(run.code == 2 && answer["status"] as? String == "infeasible")
    #expect((answer["attainable"] as? [String: Double]) == ["latency_ms": 2])
  }

  @Test("A pool holds different solutions, best first, and a sweep one for each budget")
  func poolAndSweep() throws {
    let pool = try #require(select(budget: 4, ["--pool", "3"]).json as? [String: Any])
    let objectives = try #require(pool["pool"] as? [[String: Any]]).compactMap { $0["objective"] as? Double }
    #expect(objectives == [0.4 + 0.1, 0.5 + 0.1, 0.4 + 0.9])
    let sweep = try #require(select(budget: 4, ["--sweep", "latency_ms=3"]).json as? [String: Any])
    #expect((sweep["points"] as? [Any])?.count == 3)
  }

  @Test("A sweep is drawn where that is asked, and only a sweep")
  func plot() throws {
    try withTemporaryFolder { folder in
      let (path, figure) = (folder + "/instance.json", folder + "/front.svg")
      try Self.instance(budget: 4).write(toFile: path, atomically: true, encoding: .utf8)
      let run = try CommandRun(["select", path, "--sweep", "latency_ms=3", "--plot", figure])
      #expect(run.code == 0, "\(run.messages)")
      let source = try String(contentsOfFile: figure, encoding: .utf8)
      #expect(source.hasPrefix("<svg") && source.contains("3 limits, all proved") && source.contains("greedy"))
      #expect(try CommandRun(["select", path, "--plot", figure]).code == 64)
    }
  }

  @Test("GLPK is heard on standard error where that is asked, and the answer stays one JSON document")
  func verbose() throws {
    try withTemporaryFolder { folder in
      let path = folder + "/instance.json"
      // Where layers interact, the second best selection is GLPK's.
      let third =
        ", { \"name\": \"layer2\", \"choices\": [ { \"name\": \"only\", \"score\": 0, \"costs\": { \"latency_ms\": 0 } } ] } ],"
      let links = ["0\", \"layer1", "1\", \"layer2", "2\", \"layer0"].map {
        "{ \"groups\": [\"layer\($0)\"], \"pairs\": [] }"
      }
      let circle =
        Self.instance(budget: 3).replacing(" ],\n  \"budgets\"", with: third + "\n  \"budgets\"").dropLast()
        + ", \"interactions\": [\(links.joined(separator: ", "))] }"
      try circle.write(toFile: path, atomically: true, encoding: .utf8)
      let pool = ["select", path, "--pool", "2"]
      let (silent, verbose) = (try CommandRun(pool), try CommandRun(pool + ["--verbose"]))
      #expect(!silent.messages.contains("GLPK") && verbose.messages.contains("GLPK"), "\(verbose.messages)")
      let answers = try #require(verbose.json as? [String: Any])["pool"] as? [[String: Any]]
      let best = try #require(answers?.first)
      #expect(best["choices"] as? [String: String] == ["layer0": "cheap", "layer1": "good", "layer2": "only"])
      #expect(try CommandRun(["select", path]).messages.isEmpty)
    }
  }
}
