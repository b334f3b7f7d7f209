import Networks

/// One measured network, as a predictor is fitted on it.
public struct TrainingSample: Hashable, Sendable, Codable {
  /// What was measured, such as an architecture's hash.
  public var key: String
  /// The amounts of work of the whole network.
  public var features: FeatureTotals
  /// The measured median latency.
  public var milliseconds: Double

  enum CodingKeys: String, CodingKey {
    case key, features
    case milliseconds = "ms"
  }

  /// Creates a sample from features.
  public init(key: String, features: FeatureTotals, milliseconds: Double) {
    self.key = key
    self.features = features
    self.milliseconds = milliseconds
  }

  /// Creates a sample from a network, which is fused first.
  public init(key: String, network: Network, milliseconds: Double) {
    self.init(key: key, features: NetworkFeatures(of: network).totals, milliseconds: milliseconds)
  }
}

/// Where the samples of a predictor come from.
public struct PredictorProvenance: Hashable, Sendable, Codable {
  /// The device's name, such as `cpu-1t`.
  public var deviceName: String
  /// What the samples were measured on.
  public var device: DeviceFingerprint
  /// The name of the search space that the networks were drawn from.
  public var space: String?
  /// A checksum of the space's file.
  public var spaceHash: String?
  /// The networks by where they come from: the version of probes, the checksums of spaces' files, ONNX files.
  public var networks: [String: Int]?
  /// The seed of the fit.
  public var seed: UInt64?

  enum CodingKeys: String, CodingKey {
    case deviceName = "device_name"
    case device, space, networks, seed
    case spaceHash = "space_hash"
  }

  /// Creates a provenance.
  public init(deviceName: String, device: DeviceFingerprint, space: String? = nil, spaceHash: String? = nil) {
    self.deviceName = deviceName
    self.device = device
    self.space = space
    self.spaceHash = spaceHash
  }
}

/// How the coefficients of a predictor were found.
public struct FittingRecord: Hashable, Sendable, Codable {
  /// The ridge that cross-validation chose.
  public var ridge: Double
  /// The Huber threshold that cross-validation chose, in robust standard deviations.
  public var threshold: Double
  /// The seed of the folds.
  public var seed: UInt64

  /// Creates a record.
  public init(ridge: Double, threshold: Double, seed: UInt64) {
    self.ridge = ridge
    self.threshold = threshold
    self.seed = seed
  }
}

/// The facts in which a predictor's device differs from another; a warning, since numbers may still rank well.
public struct FingerprintMismatch: Hashable, Sendable, CustomStringConvertible {
  /// One fact that differs.
  public struct Difference: Hashable, Sendable {
    /// The fact's name.
    public var fact: String
    /// What the samples were measured on.
    public var stored: String
    /// What is there now.
    public var current: String
  }

  /// The facts that differ; at least one.
  public var differences: [Difference]

  /// The differences, or `nil` where both are equal.
  public init?(stored: DeviceFingerprint, current: DeviceFingerprint) {
    var pairs = [
      ("cpu", stored.cpu, current.cpu), ("isa", stored.isa, current.isa),
      ("threads", String(stored.threads), String(current.threads)),
      ("precision", stored.precision, current.precision), ("runtime", stored.runtime, current.runtime),
    ]
    for library in Set(stored.libraries.keys).union(current.libraries.keys).sorted() {
      pairs.append((library, stored.libraries[library] ?? "none", current.libraries[library] ?? "none"))
    }
    differences = pairs.filter { $0.1 != $0.2 }.map { Difference(fact: $0.0, stored: $0.1, current: $0.2) }
    if differences.isEmpty { return nil }
  }

  /// Names every difference.
  public var description: String {
    differences.map { "\($0.fact) '\($0.stored)', now '\($0.current)'" }.joined(separator: ", ")
  }
}

extension LatencyPredictor {
  /// What differs between the device of the samples and `device`; `nil` where nothing does.
  public func mismatch(with device: DeviceFingerprint) -> FingerprintMismatch? {
    FingerprintMismatch(stored: provenance.device, current: device)
  }
}
