import Devices
import Inference
import Networks
import Tensors

/// Measures networks with formats for their layers: their latency on this machine, and their error.
struct MixedPrecisionBench {
  private let calibrated: CalibratedNetwork
  private let noise: MixedNoise
  /// The formats that layers may have.
  let formats: [LayerFormat]
  /// Networks with bytes and those without have kernels of their own levels.
  private let bytes: InferenceCoreDevice
  private let numbers: InferenceCoreDevice

  /// - Throws: ``Diagnostic`` where this machine lacks the threads or the kernels.
  init(_ calibrated: CalibratedNetwork, noise: MixedNoise, options: MixedPrecisionWorkflow.Options) throws {
    (self.calibrated, self.noise, formats) = (calibrated, noise, options.formats)
    bytes = try InferenceCoreDevice(threads: options.threads, precision: .int8, rules: options.rules)
    numbers = try InferenceCoreDevice(threads: options.threads, precision: .fp32, rules: options.rules)
  }

  /// What latencies depend on besides the network.
  var fingerprint: DeviceFingerprint { bytes.fingerprint }

  /// The times of all parts.
  func times(
    seed: UInt64, progress: (_ done: Int, _ total: Int) throws -> Void
  ) throws -> LayerTimes {
    let timer = LayerTimer(calibrated, formats: formats)
    let designs = timer.designs(seed: seed)
    var samples: [LayerTimer.Sample] = []
    for formats in designs {
      try progress(samples.count, designs.count)
      samples.append(.init(formats: formats, latency: try calmLatency(formats)))
    }
    try progress(designs.count, designs.count)
    return timer.times(samples)
  }

  private func latency(_ formats: [LayerFormat]) throws -> LatencySummary {
    let mixed = try calibrated.mixed(formats)
    return try (formats.contains(.int8) ? bytes : numbers).measure(mixed.network, weights: mixed.weights)
  }

  /// The latency by the measuring protocol; where the machine was disturbed, the middle of three measurements.
  private func calmLatency(_ formats: [LayerFormat]) throws -> LatencySummary {
    let first = try latency(formats)
    guard first.disturbed else { return first }
    let again = [first, try latency(formats), try latency(formats)]
    return again.sorted { $0.median < $1.median }[1]
  }

  /// Predicts and measures.
  func point(
    _ method: String, _ formats: [LayerFormat], limit: Double? = nil, by model: MixedPrecisionModel
  ) throws -> MixedPrecisionPoint {
    let latency = try calmLatency(formats)
    func layers(_ format: LayerFormat) -> [String] { zip(model.layers, formats).filter { $0.1 == format }.map(\.0) }
    return MixedPrecisionPoint(
      method: method, limit: limit, bf16Layers: layers(.bf16), int8Layers: layers(.int8),
      predictedLatencyMs: model.latency(formats), measuredLatencyMs: latency.median, disturbed: latency.disturbed,
      predictedError: model.errors.sum(formats), measuredNoiseToSignal: try noise(formats))
  }
}
