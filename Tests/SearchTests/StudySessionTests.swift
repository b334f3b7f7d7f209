import Diagnostics
import Foundation
import Search
import SearchSpaces
import Testing

@Suite("A study under way")
struct StudySessionTests {
  private let space = SyntheticSpace(seed: 11)

  private func study(seed: UInt64 = 1) throws -> Study {
    try Study(
      name: "a", space: "synthetic", device: "formula", configuration: "{}", seed: seed, created: testDate)
  }

  private func sampler() throws -> EvolutionarySampler {
    var options = EvolutionarySampler.Options()
    (options.population, options.children) = (6, 3)
    return try EvolutionarySampler(
      domain: SyntheticSpace.domain, objectives: [.expectedAccuracy], options: options, seed: 1)
  }

  /// Runs 30 trials; where `stop` is given, the process dies after so many calls of the storage.
  private func run(_ storage: MemoryStorage, diesAfter stop: Int? = nil) throws {
    var session = try StudySession(study(), in: storage)
    var calls = 0
    while session.nextNumber < 30,
      let trial = try session.ask(sampler(), at: testDate)
    {
      calls += 1
      if calls == stop { return }
      let architecture = try JSONDecoder().decode(Architecture.self, from: Data(trial.architecture.utf8))
      try session.tell(trial.ended(.complete(space.values(of: architecture)), at: testDate))
      calls += 1
      if calls == stop { return }
    }
    try session.finish(at: testDate)
  }

  @Test("A study that died at any moment goes on to the result of one that did not")
  func resume() throws {
    let whole = MemoryStorage()
    try run(whole)
    let expected = try whole.trials(of: "a")
    #expect(expected.count == 30)
    for stop in 1...59 {
      let storage = MemoryStorage()
      try run(storage, diesAfter: stop)
      #expect(try storage.trials(of: "a") == Array(expected.prefix(stop / 2)) + unfinished(storage))
      try run(storage)
      #expect(try storage.trials(of: "a") == expected, "died after \(stop) calls")
    }
  }

  private func unfinished(_ storage: MemoryStorage) throws -> [Trial] {
    try storage.trials(of: "a").filter { $0.state == .running }
  }

  @Test("A trial that was abandoned is the next one, and keeps its number")
  func abandoned() throws {
    let storage = MemoryStorage()
    try run(storage, diesAfter: 5)
    let session = try StudySession(study(), in: storage)
    #expect(session.nextNumber == 2)
    #expect(session.history.nextNumber == 3)
  }

  @Test("Another seed does not take up the study")
  func otherSeed() throws {
    let storage = MemoryStorage()
    _ = try StudySession(study(), in: storage)
    #expect(failure { try StudySession(study(seed: 2), in: storage) }?.category == .usage)
  }
}

@Suite("Trials and studies keep their invariants")
struct RecordTests {
  private let architecture = SyntheticSpace.architecture([0, 1, 2, 3, 0, 1])

  private func trial(
    number: Int = 0, hash: String? = nil, sampler: String = "random", state: Trial.State = .running,
    values: [String: Double] = [:], finished: Date? = nil
  ) throws -> Trial {
    try Trial(
      number: number, architecture: architecture.json, hash: hash ?? architecture.hash, sampler: sampler,
      state: state, values: values, attributes: [:], started: testDate, finished: finished)
  }

  @Test("Each broken rule is named")
  func rules() throws {
    _ = try trial()
    let cases: [(String, () throws -> Trial)] = [
      ("counted from 0", { try trial(number: -1) }), ("SHA-256", { try trial(hash: "00") }),
      ("names its sampler", { try trial(sampler: "") }),
      ("has no values", { try trial(values: ["x": 1]) }), ("has no end", { try trial(finished: testDate) }),
      ("finite", { try trial(state: .complete, values: ["x": .nan], finished: testDate) }),
      ("has a value", { try trial(state: .complete, finished: testDate) }),
      ("has no values", { try trial(state: .failed, values: ["x": 1], finished: testDate) }),
      ("has an end", { try trial(state: .complete, values: ["x": 1]) }),
      ("after it begins", { try trial(state: .failed, finished: testDate.addingTimeInterval(-1)) }),
      (
        "ends once",
        { try trial(state: .failed, finished: testDate).ended(.failed(reason: ""), at: testDate) }
      ),
    ]
    for (rule, make) in cases { #expect(failure(make)?.rule?.contains(rule) == true, "\(rule)") }
  }

  @Test("Results join what is known, and a clock set back does no harm")
  func ending() throws {
    let begun = try Trial(
      number: 2, architecture: architecture, sampler: "random", attributes: ["a": "1", "b": "1"],
      started: testDate)
    let ended = try begun.ended(
      .infeasible(["latency_ms": 7], reason: "slow"), attributes: ["b": "2"],
      at: testDate.addingTimeInterval(-5))
    #expect(ended.attributes == ["a": "1", "b": "2", "reason": "slow"])
    #expect(ended.finished == testDate)
    #expect(ended.state == .infeasible)
  }

  @Test("A study needs a name and a JSON object")
  func study() {
    for (name, configuration) in [("", "{}"), ("a", "[]"), ("a", "{")] {
      let problem = failure {
        try Study(
          name: name, space: "s", device: "d", configuration: configuration, seed: 1, created: testDate)
      }
      #expect(problem?.rule != nil)
    }
  }

  @Test("A recorded architecture that is not canonical is refused")
  func history() throws {
    let text = #"{ "v0": 1 }"#
    let trial = try Trial(
      number: 4, architecture: text, hash: sha256(Data(text.utf8)), sampler: "random", state: .running,
      values: [:],
      attributes: [:], started: testDate, finished: nil)
    #expect(failure { try TrialHistory([trial]) }?.place?.path == "trial 4")
  }
}
