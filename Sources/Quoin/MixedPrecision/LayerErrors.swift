import Compute
import Diagnostics
import Inference
import Networks
import Tensors

/// What quantising layers costs in quality: one number per layer, and one per pair of neighbours where wanted.
public struct LayerErrors: Hashable, Sendable {
  /// What the numbers are.
  public enum Kind: String, Hashable, Sendable, Codable {
    /// The ratio of noise to signal of the network's outputs with that layer alone in a format. Errors of different layers
    /// that are independent add up in it; the pair's number is what is missing to the ratio of both in bytes (the
    /// cross terms of Deng et al., "Mixed-Precision Quantization with Cross-Layer Dependencies", 2023).
    case output
    /// The mean Hessian trace of the loss times ‖Q(W) − W‖², the second-order term of the loss (Yao et al., "HAWQ-V3",
    /// 2021), in parts of the sum over all layers in bytes: only its ratios count.
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
  /// By format, for all layers: what a layer alone in it costs. FP32 costs nothing.
  public var layers: [LayerFormat: [Double]]
  /// What both layers of a pair in bytes cost beyond the two alone; negative where errors cancel.
  public var pairs: [Pair: Double]

  /// Errors of layers and pairs.
  package init(kind: Kind, layers: [LayerFormat: [Double]], pairs: [Pair: Double]) {
    (self.kind, self.layers, self.pairs) = (kind, layers, pairs)
  }

  /// What a layer alone in a format costs.
  public func error(_ layer: Int, _ format: LayerFormat) -> Double { layers[format]?[layer] ?? 0 }

  /// What a format for every layer costs by these numbers.
  public func sum(_ formats: [LayerFormat]) -> Double {
    let alone = formats.enumerated().reduce(0) { $0 + error($1.offset, $1.element) }
    return pairs.reduce(alone) {
      formats[$1.key.first] == .int8 && formats[$1.key.second] == .int8 ? $0 + $1.value : $0
    }
  }
}

extension LayerErrors {
  /// The second-order estimate from traces that the caller knows.
  ///
  /// - Parameters:
  ///   - traces: The mean of the Hessian's diagonal over a layer's weights, by the layer's name.
  ///   - formats: The formats to choose from.
  /// - Throws: ``Diagnostic`` where a layer has no trace, or a trace cannot be used.
  static func hessian(
    _ traces: [String: Double], of calibrated: CalibratedNetwork, formats: [LayerFormat]
  ) throws -> LayerErrors {
    let names = calibrated.layers
    if let unknown = Set(traces.keys).subtracting(names).min() {
      throw Diagnostic(
        .unusableFile, "a trace of no layer", value: unknown, rule: "traces bear the names of layers",
        nearest: nearestName(to: unknown, among: names))
    }
    let ordered = try names.map { name in
      guard let trace = traces[name], trace.isFinite, trace >= 0 else {
        throw Diagnostic(
          .unusableFile, "a layer has no usable trace", at: .init(path: name), value: traces[name].map { "\($0)" },
          rule: "every layer has a trace of at least 0")
      }
      return trace
    }
    let errors = formats.filter { $0 != .fp32 }.map { format in
      (format, zip(ordered, calibrated.weightErrors(format)).map { $0 * $1 })
    }
    let sum = zip(ordered, calibrated.weightErrors(.int8)).reduce(0) { $0 + $1.0 * $1.1 }
    let scale = sum > 0 ? 1 / sum : 1
    return LayerErrors(
      kind: .hessian,
      layers: Dictionary(uniqueKeysWithValues: errors.map { ($0.0, $0.1.map { scale * $0 }) }), pairs: [:])
  }
}

/// The ratio of noise to signal of a network's outputs with a format for every layer, the mean over its outputs.
struct MixedNoise {
  let calibrated: CalibratedNetwork
  private let outputs: OutputNoise

  init(_ calibrated: CalibratedNetwork, samples: [String: Tensor], pool: ThreadPool) throws {
    self.calibrated = calibrated
    outputs = try OutputNoise(of: calibrated.quantised(layers: []), samples: samples, pool: pool)
  }

  /// - Throws: ``Diagnostic`` where the ratio is no number, such as for an output of zeros.
  func callAsFunction(_ formats: [LayerFormat]) throws -> Double {
    let ratios = try outputs.noiseToSignal(of: calibrated.mixed(formats))
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

  /// Measures every layer alone in every other format than FP32, and neighbours in bytes where wanted.
  ///
  /// - Parameter formats: The formats of every layer.
  func errors(
    _ formats: [[LayerFormat]], pairs: [LayerErrors.Pair], progress: (_ done: Int, _ total: Int) throws -> Void
  ) throws -> LayerErrors {
    let alone = LayerFormat.allCases.filter { $0 != .fp32 }.flatMap { format in
      formats.indices.filter { formats[$0].contains(format) }.map { (layer: $0, format: format) }
    }
    let total = alone.count + pairs.count
    func noise(_ layers: [Int], _ format: LayerFormat, _ done: Int) throws -> Double {
      try progress(done, total)
      return try self(formats.indices.map { layers.contains($0) ? format : .fp32 })
    }
    var errors = LayerErrors(kind: .output, layers: [:], pairs: [:])
    for (done, one) in alone.enumerated() {
      errors.layers[one.format, default: formats.map { _ in 0 }][one.layer] = try noise([one.layer], one.format, done)
    }
    for (number, pair) in pairs.enumerated() {
      let both = try noise([pair.first, pair.second], .int8, alone.count + number)
      errors.pairs[pair] = both - errors.error(pair.first, .int8) - errors.error(pair.second, .int8)
    }
    try progress(total, total)
    return errors
  }
}
