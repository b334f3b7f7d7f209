import Diagnostics
import Foundation
import Search
import Store
import Testing

/// The storages that keep the contract of `StudyStorage`.
enum StorageKind: CaseIterable {
  case memory, sqlite

  /// Runs a test over a fresh storage.
  func test(_ body: (any StudyStorage) throws -> Void) throws {
    switch self {
    case .memory: try body(MemoryStorage())
    case .sqlite:
      let folder = try TemporaryFolder()
      try body(SQLiteStorage(path: folder.file("study.sqlite")))
    }
  }
}

/// One suite for every storage; nothing is excluded.
@Suite("Every storage keeps the contract", .serialized)
struct StorageContractTests {
  @Test("Studies come back as they were created, oldest first", arguments: StorageKind.allCases)
  func studies(kind: StorageKind) throws {
    try kind.test { storage in
      #expect(try storage.studies().isEmpty)
      let studies = try [Records.study("b", seed: .max), Records.study("a", configuration: #"{"ä":"\n"}"#)]
      for study in studies { try storage.create(study) }
      #expect(try storage.studies() == studies)
      #expect(try storage.study(named: "a") == studies[1])
    }
  }

  @Test("A name is used once, and an unknown one gets the nearest", arguments: StorageKind.allCases)
  func names(kind: StorageKind) throws {
    try kind.test { storage in
      try storage.create(Records.study("cifar10"))
      #expect(failure { try storage.create(Records.study("cifar10")) }?.value == "cifar10")
      #expect(failure { try storage.study(named: "cifar1O") }?.nearest == "cifar10")
      #expect(failure { try storage.trials(of: "cifar1O") }?.nearest == "cifar10")
      #expect(failure { try storage.finish(study: "cifar1O", at: .now) }?.nearest == "cifar10")
      #expect(failure { try storage.begin(Records.running(0), in: "cifar1O") }?.nearest == "cifar10")
      #expect(failure { try storage.finish(Records.complete(0), in: "cifar1O") }?.nearest == "cifar10")
    }
  }

  @Test("A study is taken up only with its own seed and configuration", arguments: StorageKind.allCases)
  func opening(kind: StorageKind) throws {
    try kind.test { storage in
      let study = try Records.study("a")
      #expect(try storage.open(study) == study)
      #expect(try storage.open(study) == study)
      #expect(failure { try storage.open(Records.study("a", seed: 8)) }?.problem.contains("seed") == true)
      let other = try Records.study("a", configuration: #"{"budget":6}"#)
      #expect(failure { try storage.open(other) }?.problem.contains("configuration") == true)
      #expect(try storage.studies() == [study])
    }
  }

  @Test("Finished studies say when", arguments: StorageKind.allCases)
  func finishing(kind: StorageKind) throws {
    try kind.test { storage in
      try storage.create(Records.study("a"))
      try storage.create(Records.study("b"))
      try storage.finish(study: "a", at: Records.start.addingTimeInterval(60))
      #expect(try storage.study(named: "a").finished == Records.start.addingTimeInterval(60))
      #expect(try storage.study(named: "b").finished == nil)
    }
  }

  @Test("Trials come back to the last bit, by number", arguments: StorageKind.allCases)
  func trials(kind: StorageKind) throws {
    try kind.test { storage in
      try storage.create(Records.study("a"))
      try storage.create(Records.study("b"))
      for number in 0..<4 { _ = try storage.begin(Records.running(number), in: "a") }
      let ended = try [
        Records.complete(2),
        Records.running(0).ended(.failed(reason: "diverged"), at: Records.start.addingTimeInterval(9)),
        Records.running(3).ended(.infeasible(["latency_ms": 6.1], reason: "slow"), at: Records.start),
      ]
      for trial in ended { try storage.finish(trial, in: "a") }
      #expect(try storage.trials(of: "a") == [ended[1], Records.running(1), ended[0], ended[2]])
      #expect(try storage.trials(of: "b").isEmpty)
    }
  }

  @Test("Beginning an unfinished trial again gives what was recorded", arguments: StorageKind.allCases)
  func beginningAgain(kind: StorageKind) throws {
    try kind.test { storage in
      try storage.create(Records.study("a"))
      let first = try storage.begin(Records.running(0), in: "a")
      let later = try Trial(
        number: 0, architecture: first.architecture, hash: first.hash, sampler: "random", state: .running,
        values: [:], attributes: [:], started: Records.start.addingTimeInterval(500), finished: nil)
      #expect(try storage.begin(later, in: "a") == first)
      #expect(try storage.trials(of: "a") == [first])
    }
  }

  @Test(
    "What breaks the order of a trial's life is refused and changes nothing", arguments: StorageKind.allCases)
  func misuse(kind: StorageKind) throws {
    try kind.test { storage in
      try storage.create(Records.study("a"))
      try Records.fill(storage, study: "a", 0..<1)
      _ = try storage.begin(Records.running(1), in: "a")
      let before = try storage.trials(of: "a")
      let attempts: [(String, () throws -> Void)] = [
        ("begin after a gap", { _ = try storage.begin(Records.running(3), in: "a") }),
        ("begin with a result", { _ = try storage.begin(Records.complete(2), in: "a") }),
        ("begin a finished number", { _ = try storage.begin(Records.running(0), in: "a") }),
        ("begin a taken number", { _ = try storage.begin(Records.running(1, variant: 9), in: "a") }),
        ("finish what was not begun", { try storage.finish(Records.complete(2), in: "a") }),
        ("finish without a result", { try storage.finish(Records.running(1), in: "a") }),
        (
          "finish with another architecture",
          {
            try storage.finish(Records.running(1, variant: 9).ended(.failed(reason: "x"), at: .now), in: "a")
          }
        ),
        (
          "finish twice with different results",
          { try storage.finish(Records.running(0).ended(.failed(reason: "x"), at: .now), in: "a") }
        ),
      ]
      for (name, attempt) in attempts {
        let problem = failure(attempt)
        #expect(problem?.place?.path?.hasPrefix("trial") == true, "\(name)")
        #expect(problem?.rule != nil, "\(name)")
      }
      #expect(try storage.trials(of: "a") == before)
    }
  }

  @Test("Saying the same end twice is not an error", arguments: StorageKind.allCases)
  func endingAgain(kind: StorageKind) throws {
    try kind.test { storage in
      try storage.create(Records.study("a"))
      try Records.fill(storage, study: "a", 0..<2)
      try storage.finish(Records.complete(1), in: "a")
      #expect(try storage.trials(of: "a") == [Records.complete(0), Records.complete(1)])
    }
  }

  @Test("A fact never changes", arguments: StorageKind.allCases)
  func facts(kind: StorageKind) throws {
    try kind.test { storage in
      #expect(try storage.fact(kind: "accuracy", key: "a") == nil)
      #expect(try storage.record(fact: "0.5", kind: "accuracy", key: "a") == "0.5")
      #expect(try storage.record(fact: "0.6", kind: "accuracy", key: "a") == "0.5")
      try storage.record(fact: #"{"ms":[1,2]}"#, kind: "latency", key: "a")
      #expect(try storage.fact(kind: "accuracy", key: "a") == "0.5")
      #expect(try storage.facts(ofKind: "accuracy") == ["a": "0.5"])
      #expect(try storage.facts(ofKind: "latency") == ["a": #"{"ms":[1,2]}"#])
      #expect(failure { try storage.record(fact: "{half", kind: "accuracy", key: "b") }?.value == "{half")
      #expect(try storage.fact(kind: "accuracy", key: "b") == nil)
    }
  }

  @Test("A memoised result is computed once and is the same to the last bit", arguments: StorageKind.allCases)
  func memoised(kind: StorageKind) throws {
    try kind.test { storage in
      let losses = [0.1, 1.0 / 3, .leastNormalMagnitude, 1e300]
      var computed = 0
      for _ in 0..<2 {
        let result = try storage.memoised(kind: "losses", key: "k") {
          computed += 1
          return losses
        }
        #expect(result == losses)
      }
      #expect(computed == 1)
      #expect(failure { try storage.memoised(kind: "losses", key: "nan") { Double.nan } } != nil)
      #expect(
        failure { try storage.memoised(kind: "losses", key: "k") { "text" } }?.category == .unusableFile)
    }
  }

  @Test("Many threads write at once and nothing is lost", arguments: StorageKind.allCases)
  func threads(kind: StorageKind) throws {
    try kind.test { storage in
      for thread in 0..<4 { try storage.create(Records.study("study \(thread)")) }
      DispatchQueue.concurrentPerform(iterations: 4) { thread in
        try? Records.fill(storage, study: "study \(thread)", 0..<20)
        _ = try? storage.record(fact: "\(thread)", kind: "first", key: "k")
      }
      for thread in 0..<4 {
        #expect(try storage.trials(of: "study \(thread)") == (0..<20).map(Records.complete))
      }
      #expect(try storage.facts(ofKind: "first").count == 1)
    }
  }
}

/// The diagnostic that `body` throws, or `nil` where it throws none.
func failure<Value>(_ body: () throws -> Value) -> Diagnostic? {
  do {
    _ = try body()
    return nil
  } catch {
    return error as? Diagnostic
  }
}
