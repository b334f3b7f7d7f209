import Compute
import Diagnostics
import Inference
import Networks
import Tensors

/// What quantising layers costs in quality: one number per layer, and one per pair of neighbours where wanted.
public struct LayerErrors: Hashable, Sendable {
  /// What the numbers are.
  public enum Kind: String, Hashable, Sendable, Codable {
    /// The ratio of noise to signal of the network's outputs with that layer alone in bytes. Errors of different layers
    /// that are independent add up in it; the pair's number is what is missing to the ratio of both in bytes (the
    /// cross terms of Deng et al., "Mixed-Precision Quantization with Cross-Layer Dependencies", 2023).
    case output
    /// The mean Hessian trace of the loss times ‖Q(W) − W‖², the second-order term of the loss (Yao et al., "HAWQ-V3",
    /// 2021), in parts of the sum over all layers: only its ratios count.
    case hessian
  }

  /// Two layers by their places, in order.
  public struct Pair: Hashable, Sendable {
    /// The earlier layer.
    public let first: Int
    /// The later layer.
    public let second: Int

    /// Two layers, of which `first` is the earlier one.
    package init(first: Int, second: Int) { (self.first, self.second) = (first, second) }
  }

  /// What the numbers are.
  public var kind: Kind
  /// By layer.
  public var layers: [Double]
  /// What both layers of a pair in bytes cost beyond the two alone; negative where errors cancel.
  public var pairs: [Pair: Double]

  /// Errors of layers and pairs.
  package init(kind: Kind, layers: [Double], pairs: [Pair: Double]) {
    (self.kind, self.layers, self.pairs) = (kind, layers, pairs)
  }

  /// What quantising some layers costs by these numbers.
  public func sum(_ isChosen: [Bool]) -> Double {
    let alone = zip(layers, isChosen).reduce(0) { $1.1 ? $0 + $1.0 : $0 }
    return pairs.reduce(alone) { isChosen[$1.key.first] && isChosen[$1.key.second] ? $0 + $1.value : $0 }
  }
}

extension LayerErrors {
  /// The second-order estimate from traces that the caller knows.
  ///
  /// - Parameter traces: The mean of the Hessian's diagonal over a layer's weights, by the layer's name.
  /// - Throws: ``Diagnostic`` where a layer has no trace, or a trace cannot be used.
  static func hessian(_ traces: [String: Double], of calibrated: CalibratedNetwork) throws -> LayerErrors {
    let names = calibrated.layers
    if let unknown = Set(traces.keys).subtracting(names).min() {
      throw Diagnostic(
        .unusableFile, "a trace of no layer", value: unknown, rule: "traces bear the names of layers",
        nearest: nearestName(to: unknown, among: names))
    }
    let errors = try zip(names, calibrated.weightErrors).map { name, error in
      guard let trace = traces[name], trace.isFinite, trace >= 0 else {
        throw Diagnostic(
          .unusableFile, "a layer has no usable trace", at: .init(path: name), value: traces[name].map { "\($0)" },
          rule: "every layer has a trace of at least 0")
      }
      return trace * error
    }
    let sum = errors.reduce(0, +)
    return LayerErrors(kind: .hessian, layers: sum > 0 ? errors.map { $0 / sum } : errors, pairs: [:])
  }
}

/// The ratio of noise to signal of a network's outputs with some layers in bytes, the mean over its outputs.
struct MixedNoise {
  let calibrated: CalibratedNetwork
  private let outputs: OutputNoise

  init(_ calibrated: CalibratedNetwork, samples: [String: Tensor], pool: ThreadPool) throws {
    self.calibrated = calibrated
    outputs = try OutputNoise(of: calibrated.quantised(layers: []), samples: samples, pool: pool)
  }

  /// - Throws: ``Diagnostic`` where the ratio is no number, such as for an output of zeros.
  func callAsFunction(_ isChosen: [Bool]) throws -> Double {
    let ratios = try outputs.noiseToSignal(of: calibrated.quantised(isChosen: isChosen))
    if let bad = ratios.first(where: { !$0.value.isFinite }) {
      throw Diagnostic(
        .unusableFile, "an output's ratio of noise to signal is no number", at: .init(path: bad.key),
        rule: "on the samples outputs are finite and not all zero", remedy: "calibrate with other samples")
    }
    return ratios.values.sorted().reduce(0, +) / Double(max(1, ratios.count))
  }

  /// The pairs of layers of which one reads what the other computed.
  static func neighbours(_ crossings: [FormatCrossing]) -> [LayerErrors.Pair] {
    let pairs = crossings.flatMap { crossing in
      crossing.producer.map { producer in
        crossing.readers.map { LayerErrors.Pair(first: min(producer, $0), second: max(producer, $0)) }
      } ?? []
    }
    return Set(pairs).sorted { ($0.first, $0.second) < ($1.first, $1.second) }
  }

  /// Measures every layer alone, and the neighbours where wanted.
  func errors(pairs: [LayerErrors.Pair], progress: (_ done: Int, _ total: Int) throws -> Void) throws -> LayerErrors {
    let total = calibrated.layers.count + pairs.count
    func noise(_ layers: Set<Int>, _ done: Int) throws -> Double {
      try progress(done, total)
      return try self(calibrated.layers.indices.map(layers.contains))
    }
    let alone = try calibrated.layers.indices.map { try noise([$0], $0) }
    var errors = LayerErrors(kind: .output, layers: alone, pairs: [:])
    for (number, pair) in pairs.enumerated() {
      let both = try noise([pair.first, pair.second], alone.count + number)
      errors.pairs[pair] = both - alone[pair.first] - alone[pair.second]
    }
    try progress(total, total)
    return errors
  }
}
