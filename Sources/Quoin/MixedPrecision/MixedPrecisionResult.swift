import Inference
import Networks

/// A network with formats for its layers: predicted from its parts, and measured as a whole.
public struct MixedPrecisionPoint: Hashable, Sendable, Codable {
  /// How the layers were chosen: `fp32`, `bf16`, `int8`, `selection` or `greedy`.
  public var method: String
  /// The limit it was chosen under; `nil` where there was none.
  public var limit: Double?
  /// The layers in BF16.
  public var bf16Layers: [String]
  /// The layers in bytes.
  public var int8Layers: [String]
  /// Milliseconds by the sum of the parts.
  public var predictedLatencyMs: Double
  /// Milliseconds by the measuring protocol.
  public var measuredLatencyMs: Double
  /// Whether the machine was disturbed while it was measured.
  public var disturbed: Bool
  /// The sum of the layers' errors.
  public var predictedError: Double
  /// The ratio of noise to signal of its outputs on the samples, the mean over the outputs.
  public var measuredNoiseToSignal: Double
}

/// What ``MixedPrecisionWorkflow`` found.
public struct MixedPrecisionResult: Hashable, Sendable, Codable {
  /// A layer and what was measured of it.
  public struct Layer: Hashable, Sendable, Codable {
    /// The layer's name.
    public var name: String
    /// What was chosen.
    public var format: LayerFormat
    /// What it was chosen from.
    public var formats: [Measured]
  }

  /// What was measured of a layer in a format.
  public struct Measured: Hashable, Sendable, Codable {
    /// The format.
    public var format: LayerFormat
    /// What the layer alone in it costs; see ``LayerErrors``.
    public var error: Double
    /// Milliseconds with what belongs to the layer, without conversions.
    public var milliseconds: Double
  }

  /// What was limited: `latency_ms` or `noise_to_signal`.
  public var limited: String
  /// The limit.
  public var limit: Double
  /// What the layers' errors are: `output` or `hessian`.
  public var sensitivity: String
  /// Where the times are from.
  public var device: DeviceFingerprint
  /// The number of samples that errors were measured on.
  public var samples: Int
  /// The network that was chosen.
  public var chosen: MixedPrecisionPoint
  /// How often the limit of the selection was tightened, since the network measured above it.
  public var corrections: Int
  /// What proved the selection, and what it is worth.
  public var solver: String
  /// What the selection is worth, such as `optimal`.
  public var status: String
  /// All layers in each format, and the greedy choice where it keeps the limit.
  public var baselines: [MixedPrecisionPoint]
  /// The layers in execution order.
  public var layers: [Layer]
  /// What is spent whatever the formats are.
  public var fixedMs: Double
  /// Selection and greedy choice under limits from the tightest on, where asked for.
  public var front: [MixedPrecisionPoint]
  /// How long everything took.
  public var seconds: Double
}

/// The answer where no choice of formats keeps the limit.
public struct MixedPrecisionInfeasible: Hashable, Sendable, Codable {
  /// `infeasible`
  public var status = "infeasible"
  /// The limit.
  public var limit: Double
  /// The least that can be reached, by what is limited.
  public var attainable: [String: Double]
}
