import Diagnostics
import Foundation
import Search

/// Records for the tests of storages.
enum Records {
  static let start = Date(millisecondsSince1970: 1_700_000_000_123)

  static func study(
    _ name: String, configuration: String = #"{"budget":5}"#, seed: UInt64 = 7
  ) throws -> Study {
    try Study(
      name: name, space: "mbconv", device: "cpu", configuration: configuration, seed: seed, created: start)
  }

  /// A running trial; `variant` makes another architecture.
  static func running(_ number: Int, variant: Int? = nil) throws -> Trial {
    let json = #"{"kernel":\#(variant ?? number)}"#
    return try Trial(
      number: number, architecture: json, hash: sha256(Data(json.utf8)), sampler: "random", state: .running,
      values: [:], attributes: ["road": "evolution"], started: start.addingTimeInterval(Double(number)),
      finished: nil)
  }

  static func complete(_ number: Int) throws -> Trial {
    try running(number).ended(
      .complete(["validation_accuracy": 1 / Double(number + 3), "latency_ms": 0.1 + Double(number)]),
      attributes: ["note": "a \"quoted\" näme"], at: start.addingTimeInterval(Double(number) + 0.5))
  }

  /// Begins and finishes trials.
  static func fill(_ storage: some StudyStorage, study: String, _ numbers: Range<Int>) throws {
    for number in numbers {
      _ = try storage.begin(running(number), in: study)
      try storage.finish(complete(number), in: study)
    }
  }
}

/// A folder that is gone when the test is over.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "quoin-store-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }
}
