import Inference
import Networks

/// A device that is a formula: every fused operator takes the longer of its arithmetic and its memory traffic, and a fixed
/// time (the roofline model of Williams, Waterman and Patterson, 2009).
///
/// It gives the same latency every time and everywhere, for tests and for searches that must be repeatable.
public struct FormulaDevice: Device, Hashable {
  /// 10⁹ floating-point operations per second; a multiply-accumulate is two.
  public let peakGigaflops: Double
  /// 10⁹ bytes per second.
  public let gigabytesPerSecond: Double
  /// Microseconds per operator.
  public let overheadMicroseconds: Double
  /// The arithmetic; bytes are a quarter of the traffic.
  public let precision: Precision
  /// A formula times nothing.
  public var takesRules: Bool { false }

  /// Creates a formula.
  ///
  /// - Precondition: the rates are positive and the overhead is not negative.
  public init(
    peakGigaflops: Double = 50, gigabytesPerSecond: Double = 10, overheadMicroseconds: Double = 2,
    precision: Precision = .fp32
  ) {
    precondition(
      peakGigaflops > 0 && gigabytesPerSecond > 0 && overheadMicroseconds >= 0, "rates are positive")
    self.peakGigaflops = peakGigaflops
    self.gigabytesPerSecond = gigabytesPerSecond
    self.overheadMicroseconds = overheadMicroseconds
    self.precision = precision
  }

  /// `formula`
  public var name: String { "formula" }

  /// The numbers of the formula.
  public var fingerprint: DeviceFingerprint {
    DeviceFingerprint(
      cpu: "formula", isa: "none", threads: 1, precision: precision.rawValue, runtime: "roofline-1",
      libraries: [
        "peak_gigaflops": "\(peakGigaflops)", "gigabytes_per_second": "\(gigabytesPerSecond)",
        "overhead_microseconds": "\(overheadMicroseconds)",
      ])
  }

  /// The formula's latency as a single timing, and its operators'; the weights do not matter.
  public func measure(_ network: Network, weights: Weights) -> LatencySummary {
    let fused = network.fused()
    var summary = LatencySummary(milliseconds: [milliseconds(of: network)])
    summary.operators = Dictionary(fused.nodes.map { ($0.name, milliseconds(of: $0, in: fused)) }, uniquingKeysWith: +)
    return summary
  }

  /// The latency of a network, which is fused first.
  public func milliseconds(of network: Network) -> Double {
    let fused = network.fused()
    return fused.nodes.reduce(0) { $0 + milliseconds(of: $1, in: fused) }
  }

  private func milliseconds(of node: Network.Node, in network: Network) -> Double {
    guard node.op != .input else { return 0 }
    let cost = network.cost(of: node)
    let read = node.inputs.reduce(0) { $0 + 4 * network.nodes[$1].shape.elementCount }
    let bytes = Double(read + cost.activationBytes + cost.weightBytes) / (precision == .int8 ? 4 : 1)
    let arithmetic = 2 * Double(cost.macs) / (peakGigaflops * 1e6)
    return max(arithmetic, bytes / (gigabytesPerSecond * 1e6)) + overheadMicroseconds / 1e3
  }
}
