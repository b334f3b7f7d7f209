import Devices
import Diagnostics
import Foundation
import Latency
import Networks
import Search
import SearchSpaces

/// Latencies of architectures on a device, each measured once and kept in a storage.
struct LatencyMemory {
  /// What was measured.
  enum Subject: String, CaseIterable {
    /// An architecture's bare network, to fit the predictor.
    case network
    /// The file that would be delivered, read back.
    case artifact
  }

  let device: any Device
  let storage: any StudyStorage
  /// The SHA-256 of the space file: architectures of another space may have the same names.
  let space: String
  /// Whether only recorded latencies count, so that a search is repeated from its record.
  let isReplay: Bool

  /// How often a latency that is in doubt is measured: an odd number, so that there is a middle one.
  private static let attempts = 3

  /// The kind of fact under which a device's latencies of a space are kept.
  static func kind(_ subject: Subject, on device: String, space: String) -> String {
    "\(subject.rawValue) latency on \(device), space \(space.prefix(16))"
  }

  private func kind(_ subject: Subject) -> String { Self.kind(subject, on: device.name, space: space) }

  /// Whether the latency of an architecture's hash is known.
  func isKnown(_ subject: Subject, _ hash: String) throws -> Bool {
    try storage.fact(kind: kind(subject), key: hash) != nil
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
  func record(_ subject: Subject, _ sample: LatencySample) throws {
    try storage.record(fact: canonicalJSON(sample), kind: kind(subject), key: sample.key)
  }

  /// The latency of an architecture; `network` makes what is measured where it has to be.
  ///
  /// The calibration of a measurement does not notice everything that else runs on a machine. Where a measurement was
  /// disturbed, or its median is above the `expected` one, two more are made and the middle of the three counts.
  ///
  /// - Throws: `Diagnostic` where the device cannot run it, the latency is not in the record that is replayed, or it was
  ///   recorded on another device.
  func latency(
    of architecture: Architecture, as subject: Subject, expected: Double = .infinity,
    _ network: () throws -> (network: Network, weights: Weights)
  ) throws -> LatencySample {
    let sample: LatencySample = try storage.memoised(kind: kind(subject), key: architecture.hash) {
      try requireMeasurable(architecture.hash)
      let (network, weights) = try network()
      var latencies = [try device.measure(network, weights: weights)]
      if latencies[0].median > expected || latencies[0].disturbed {
        for _ in 1..<Self.attempts { latencies.append(try device.measure(network, weights: weights)) }
        latencies.sort { $0.median < $1.median }
      }
      return LatencySample(
        key: architecture.hash, latency: latencies[latencies.count / 2], device: device.fingerprint)
    }
    try requireSameDevice(sample)
    return sample
  }

  /// Latencies of two machines under one device's name are not mixed; a replay is of the machine that was recorded.
  private func requireSameDevice(_ sample: LatencySample) throws {
    guard !isReplay, let mismatch = FingerprintMismatch(stored: sample.device, current: device.fingerprint) else {
      return
    }
    throw Diagnostic(
      .usage, "the latencies recorded here are of another device", at: .init(path: device.name),
      value: mismatch.description, rule: "one folder holds the measurements of one machine",
      remedy: "choose another folder with --out, or repeat the recorded search with --replay")
  }
}

extension StudyStorage {
  /// Takes over what another storage holds that depended on a machine's clock: latencies, and the solutions that the
  /// solver found in its time.
  func adoptRecord(of other: any StudyStorage, device: String, space: String) throws {
    let latencies = LatencyMemory.Subject.allCases.map { LatencyMemory.kind($0, on: device, space: space) }
    for kind in latencies + [BlockScoring.solutionsKind] {
      for (key, json) in try other.facts(ofKind: kind) { try record(fact: json, kind: kind, key: key) }
    }
  }
}
