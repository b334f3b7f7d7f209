import Devices
import Diagnostics
import Foundation
import Networks
import Search
import SearchSpaces

/// Latencies of architectures on a device, each measured once and kept in a storage.
struct LatencyMemory {
  let device: any Device
  let storage: any StudyStorage
  /// The SHA-256 of the space file: architectures of another space may have the same names.
  let space: String
  /// Whether only recorded latencies count, so that a search is repeated from its record.
  let isReplay: Bool

  /// How often a latency above the expected one is measured at most.
  private static let attempts = 3

  /// The kind of fact under which a device's latencies of a space are kept.
  static func kind(of device: String, space: String) -> String { "latency on \(device), space \(space.prefix(16))" }

  private var kind: String { Self.kind(of: device.name, space: space) }

  /// Whether the latency of an architecture's hash is known.
  func isKnown(_ hash: String) throws -> Bool {
    try storage.fact(kind: kind, key: hash) != nil
  }

  /// - Throws: `Diagnostic` where only recorded latencies count, and this one is asked to be measured.
  func requireMeasurable(_ hash: String) throws {
    guard isReplay else { return }
    throw Diagnostic(
      .failure, "the replayed study holds no latency of an architecture", at: .init(path: device.name), value: hash,
      rule: "a replayed search meets the architectures of the one that was recorded",
      remedy: "use the same experiment, seed and budgets, or search without --replay")
  }

  /// Keeps a latency that was measured.
  func record(_ sample: LatencySample) throws {
    try storage.record(fact: canonicalJSON(sample), kind: kind, key: sample.key)
  }

  /// The latency of an architecture's network; `network` makes it where it has to be measured.
  ///
  /// What else runs on a machine only ever adds to a latency, and the calibration of a measurement does not notice all of
  /// it. A median above the `expected` one is therefore measured again, and the lowest counts.
  ///
  /// - Throws: `Diagnostic` where the device cannot run it, or the latency is not in the record that is replayed.
  func latency(
    of architecture: Architecture, expected: Double = .infinity,
    _ network: () throws -> (network: Network, weights: Weights)
  ) throws -> LatencySample {
    try storage.memoised(kind: kind, key: architecture.hash) {
      try requireMeasurable(architecture.hash)
      let (network, weights) = try network()
      var latency = try device.measure(network, weights: weights)
      for _ in 1..<Self.attempts where latency.median > expected {
        let again = try device.measure(network, weights: weights)
        if again.median < latency.median { latency = again }
      }
      return LatencySample(key: architecture.hash, latency: latency, device: device.fingerprint)
    }
  }
}

extension StudyStorage {
  /// Takes over all latencies of another storage.
  func adoptLatencies(of other: any StudyStorage, device: String, space: String) throws {
    let kind = LatencyMemory.kind(of: device, space: space)
    for (key, json) in try other.facts(ofKind: kind) { try record(fact: json, kind: kind, key: key) }
  }
}
