import Diagnostics
import Foundation
import Search
import Testing

@Suite("Studies listed and compared")
struct StudySummaryTests {
  private func study(_ name: String, _ configuration: String) throws -> Study {
    try Study(
      name: name, space: "s", device: "d", configuration: configuration, seed: 1, created: testDate)
  }

  private func trial(_ number: Int, _ accuracy: Double, _ latency: Double) throws -> Trial {
    try Trial(
      number: number, architecture: SyntheticSpace.architecture(SyntheticSpace.all[number]),
      sampler: "random",
      started: testDate.addingTimeInterval(Double(number))
    ).ended(
      .complete(["expected_accuracy": accuracy, "latency_ms": latency]),
      at: testDate.addingTimeInterval(Double(number) + 0.5))
  }

  @Test("A summary counts the trials and names the first of the best")
  func summary() throws {
    let running = try Trial(
      number: 3, architecture: SyntheticSpace.architecture(SyntheticSpace.all[3]), sampler: "evolution",
      started: testDate)
    let trials = try [trial(0, 0.5, 1), trial(1, 0.8, 2), trial(2, 0.8, 1), running]
    let summary = try StudySummary(study("a", "{}"), trials: trials)
    #expect(summary.trials == 4)
    #expect(summary.states == ["complete": 3, "running": 1])
    #expect(summary.samplers == ["random": 3, "evolution": 1])
    #expect(summary.best?.number == 1)
    #expect(summary.seconds == 2.5)
    #expect(try StudySummary(study("a", "{}"), trials: trials, objective: .latency).best?.number == 0)
    #expect(try StudySummary(study("a", "{}"), trials: []).best == nil)
  }

  @Test("All studies of a storage are summed up")
  func list() throws {
    let storage = MemoryStorage()
    for name in ["b", "a"] { try storage.create(study(name, "{}")) }
    #expect(try storage.summaries().map(\.study.name) == ["b", "a"])
  }

  @Test("A date that cannot be recorded is refused, and never traps", arguments: [1e300, -1e300, Double.nan, 3e11, -1])
  func dates(seconds: Double) throws {
    let date = Date(timeIntervalSince1970: seconds)
    let attempts: [() throws -> Void] = [
      { _ = try Study(name: "a", space: "s", device: "d", configuration: "{}", seed: 1, created: date) },
      { try study("a", "{}").finished(at: date).validate() },
      {
        _ = try Trial(
          number: 0, architecture: SyntheticSpace.architecture(SyntheticSpace.all[0]), sampler: "random", started: date)
      },
    ]
    for body in attempts {
      let error = #expect(throws: Diagnostic.self) { try body() }
      #expect(error?.rule?.contains("1970 to 9999") == true)
    }
  }

  @Test("The JSON of a study has keys in snake case and reads back")
  func json() throws {
    let study = try study("a", "{}")
    let data = try JSONEncoder().encode(study)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(object.keys.allSatisfy { $0 == $0.lowercased() })
    #expect(object["configuration_hash"] as? String == study.configurationHash)
    #expect(try JSONDecoder().decode(Study.self, from: data) == study)
  }

  @Test("A comparison shows the best within each budget, the areas and the differing settings")
  func comparison() throws {
    let first = try study("a", #"{"search":{"population":50,"seed":[1,2]},"same":true}"#)
    let second = try study("b", #"{"search":{"population":20,"seed":[1,2]},"same":true,"extra":"x"}"#)
    let comparison = try StudyComparison(
      (first, [trial(0, 0.5, 1), trial(1, 0.7, 3)]), (second, [trial(0, 0.6, 2), trial(1, 0.9, 4)]),
      cost: .latency, budgets: [3, 1, 0.5])
    #expect(comparison.rows.map(\.budget) == [0.5, 1, 3])
    #expect(comparison.rows.map { $0.first?.number } == [nil, 0, 1])
    #expect(comparison.rows.map { $0.second?.number } == [nil, nil, 0])
    #expect(comparison.hypervolumeReference == 4)
    #expect(abs(comparison.firstHypervolume - (0.5 * 2 + 0.7)) < 1e-12)
    #expect(abs(comparison.secondHypervolume - 0.6 * 2) < 1e-12)
    #expect(comparison.differences.map(\.setting) == ["extra", "search.population"])
    #expect(comparison.differences.map(\.first) == [nil, "50"])
    #expect(comparison.differences.map(\.second) == [#""x""#, "20"])
  }
}
