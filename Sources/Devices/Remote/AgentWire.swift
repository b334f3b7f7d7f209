import Diagnostics
import Foundation
import Networks

/// A device as an agent lists it.
package struct AgentDevice: Hashable, Sendable, Codable {
  package var name: String
  package var fingerprint: DeviceFingerprint
}

/// The devices of an agent: its answer to `GET /devices`.
struct AgentDevices: Hashable, Sendable, Codable {
  var devices: [AgentDevice]
}

/// A measurement: an agent's answer to `POST /measure`, with the keys of `quoin measure --json`.
package struct AgentMeasurement: Hashable, Sendable, Codable {
  /// Milliseconds.
  package struct Latency: Hashable, Sendable, Codable {
    package var min: Double
    package var median: Double
    package var p90: Double
    package var mean: Double
  }

  package var latency: Latency
  package var runs: Int
  package var disturbed: Bool
  package var device: AgentDevice
  /// Milliseconds by the names of the network's fused operators, where the device can tell.
  package var operators: [String: Double]?
  /// Seconds that a disturbed machine cost.
  package var disturbedSeconds: Double?

  enum CodingKeys: String, CodingKey {
    case runs, disturbed, device
    case latency = "latency_ms"
    case operators = "operators_ms"
    case disturbedSeconds = "disturbed_seconds"
  }

  package init(_ summary: LatencySummary, device: AgentDevice) {
    latency = Latency(min: summary.minimum, median: summary.median, p90: summary.p90, mean: summary.mean)
    (runs, disturbed) = (summary.runs, summary.disturbed)
    self.device = device
    operators = summary.operators
    disturbedSeconds = summary.disturbedSeconds
  }

  /// The summary, or `nil` where the numbers cannot be those of a measurement: a latency is positive and finite, the
  /// fastest run, the median and the 90th percentile are in order, and nothing takes less than nothing.
  package var summary: LatencySummary? {
    guard latency.min > 0, latency.median >= latency.min, latency.p90 >= latency.median, latency.p90 < Self.longest,
      latency.mean >= latency.min, latency.mean < Self.longest, (1...1_000_000_000).contains(runs),
      (operators ?? [:]).values.allSatisfy({ (0..<Self.longest).contains($0) }),
      (0..<Self.longest).contains(disturbedSeconds ?? 0)
    else { return nil }
    var summary = LatencySummary(milliseconds: [latency.median], disturbed: disturbed)
    (summary.minimum, summary.p90, summary.mean, summary.runs) = (latency.min, latency.p90, latency.mean, runs)
    summary.operators = operators
    summary.disturbedSeconds = disturbedSeconds
    return summary
  }

  /// A week in milliseconds.
  private static let longest = 6.048e8
}

/// What went wrong, with the facts of a ``Diagnostic``: every answer that is no success.
struct AgentError: Hashable, Sendable, Codable {
  /// The facts.
  struct Facts: Hashable, Sendable, Codable {
    var problem: String
    var node: String?
    var value: String?
    var rule: String?
    var nearest: String?
    var remedy: String?
  }

  var error: Facts

  init(_ diagnostic: Diagnostic) {
    error = Facts(
      problem: diagnostic.problem, node: diagnostic.place?.path, value: diagnostic.value.map { String($0.prefix(200)) },
      rule: diagnostic.rule, nearest: diagnostic.nearest, remedy: diagnostic.remedy)
  }

  init(problem: String) { error = Facts(problem: problem) }

  /// The diagnostic of a client whose agent this comes from.
  func diagnostic(_ category: Diagnostic.Category, from url: String) -> Diagnostic {
    Diagnostic(
      category, error.problem.shown, at: .init(file: url, path: error.node?.shown), value: error.value?.shown,
      rule: error.rule?.shown, nearest: error.nearest?.shown, remedy: error.remedy?.shown)
  }
}

extension DeviceFingerprint {
  /// Whether the texts can be shown and the number of threads is one.
  var isPlausible: Bool {
    let texts = [cpu, isa, precision, runtime] + libraries.flatMap { [$0.key, $0.value] }
    return (1...65_536).contains(threads) && texts.allSatisfy { $0 == $0.shown }
  }
}

extension String {
  /// The text as a terminal may be given it: without control characters, and not endless.
  package var shown: String {
    String(String.UnicodeScalarView(unicodeScalars.prefix(500).filter { $0.properties.generalCategory != .control }))
  }
}

/// The JSON of the protocol.
enum AgentJSON {
  static func encoded(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value) + Data("\n".utf8)
  }
}
