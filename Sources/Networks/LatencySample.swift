import Foundation
import Tensors

/// What a latency depends on besides the network: stored with every sample, compared before a predictor is used.
public struct DeviceFingerprint: Hashable, Sendable, Codable {
  /// The processor's model name.
  public var cpu: String
  /// The instruction-set level of the kernels in use, such as `avx512`.
  public var isa: String
  /// The number of threads.
  public var threads: Int
  /// The numeric precision, such as `fp32`.
  public var precision: String
  /// The runtime that executes networks, with its version, such as `quoin-1`.
  public var runtime: String
  /// Versions of the libraries that do the work, by name.
  public var libraries: [String: String]

  /// Creates a fingerprint.
  public init(
    cpu: String, isa: String, threads: Int, precision: String, runtime: String, libraries: [String: String] = [:]
  ) {
    self.cpu = cpu
    self.isa = isa
    self.threads = threads
    self.precision = precision
    self.runtime = runtime
    self.libraries = libraries
  }
}

/// The distribution of repeated timings of one network, in milliseconds.
public struct LatencySummary: Hashable, Sendable, Codable {
  /// The fastest run.
  public var minimum: Double
  /// The median run; the number that budgets are about.
  public var median: Double
  /// The 90th percentile.
  public var p90: Double
  /// The mean.
  public var mean: Double
  /// How many runs were counted.
  public var runs: Int
  /// Whether the machine was disturbed while measuring and repeating did not help.
  public var disturbed: Bool
  /// What the operators take of the median, by the names of their nodes in the fused network; `nil` where the device
  /// cannot tell. What the runtime does for itself stands under names of its own.
  public var operators: [String: Double]?
  /// Seconds that a disturbed machine cost, by waiting and by runs that were discarded; `nil` where nobody looked.
  public var disturbedSeconds: Double?

  /// Creates a summary of timings.
  ///
  /// - Precondition: there is at least one timing.
  public init(milliseconds timings: [Double], disturbed: Bool = false) {
    precondition(!timings.isEmpty, "a summary needs a timing")
    let sorted = timings.sorted()
    minimum = sorted[0]
    median = sorted.medianOfSorted
    p90 = sorted[min(sorted.count - 1, Int((0.9 * Double(sorted.count)).rounded(.down)))]
    mean = sorted.reduce(0, +) / Double(sorted.count)
    runs = sorted.count
    self.disturbed = disturbed
  }
}

/// One measured network on one device.
public struct LatencySample: Hashable, Sendable, Codable {
  /// What was measured, such as an architecture's hash.
  public var key: String
  /// The timings.
  public var latency: LatencySummary
  /// What they were measured on.
  public var device: DeviceFingerprint
  /// How long the measurement took, with all waiting; `nil` where nobody looked.
  public var seconds: Double?
  /// When it was measured, in seconds since 1970; `nil` where nobody looked.
  public var time: Double?
  /// How long it would have taken if nothing else had disturbed the machine.
  public var measuringSeconds: Double { max(0, (seconds ?? 0) - (latency.disturbedSeconds ?? 0)) }

  /// Creates a sample.
  public init(
    key: String, latency: LatencySummary, device: DeviceFingerprint, seconds: Double? = nil, time: Double? = nil
  ) {
    self.key = key
    self.latency = latency
    self.device = device
    self.seconds = seconds
    self.time = time
  }
}
