import Diagnostics
import Networks

/// Something that can time a network.
///
/// A measurement is a fact about a device and a network; what it depends on besides the network is the fingerprint.
/// Measurements of one machine never overlap: a device waits for its turn.
public protocol Device: Sendable {
  /// The name that a user chooses it by, such as `cpu-1t`.
  var name: String { get }

  /// What its latencies depend on besides the network.
  var fingerprint: DeviceFingerprint { get }

  /// Whether it measures by the ``MeasurementProtocol`` that it was made with, rather than in a way of its own.
  var takesRules: Bool { get }

  /// Times a network with a batch of one.
  ///
  /// - Throws: ``Diagnostic`` where the device cannot run the network, or is busy for too long.
  func measure(_ network: Network, weights: Weights) throws -> LatencySummary
}

extension Device {
  /// Devices time by rules that they are given unless they say otherwise.
  public var takesRules: Bool { true }
}
