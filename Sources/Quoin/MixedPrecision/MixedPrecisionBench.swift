import Devices
import Inference
import Networks
import Tensors

/// Measures networks with some layers in bytes: their latency on this machine, and their error.
struct MixedPrecisionBench {
  private let calibrated: CalibratedNetwork
  private let noise: MixedNoise
  /// Networks with bytes and those without have kernels of their own levels.
  private let bytes: InferenceCoreDevice
  private let numbers: InferenceCoreDevice

  /// - Throws: ``Diagnostic`` where this machine lacks the threads or the kernels.
  init(_ calibrated: CalibratedNetwork, noise: MixedNoise, options: MixedPrecisionWorkflow.Options) throws {
    (self.calibrated, self.noise) = (calibrated, noise)
    bytes = try InferenceCoreDevice(threads: options.threads, precision: .int8, rules: options.rules)
    numbers = try InferenceCoreDevice(threads: options.threads, precision: .fp32, rules: options.rules)
  }

  /// What latencies depend on besides the network.
  var fingerprint: DeviceFingerprint { bytes.fingerprint }

  /// The times of all parts.
  func times(
    seed: UInt64, progress: (_ done: Int, _ total: Int) throws -> Void
  ) throws -> LayerTimes {
    let timer = LayerTimer(calibrated)
    let designs = timer.designs(seed: seed)
    var samples: [LayerTimer.Sample] = []
    for isChosen in designs {
      try progress(samples.count, designs.count)
      samples.append(.init(isChosen: isChosen, latency: try calmLatency(isChosen)))
    }
    try progress(designs.count, designs.count)
    return timer.times(samples)
  }

  private func latency(_ isChosen: [Bool]) throws -> LatencySummary {
    let mixed = try calibrated.quantised(isChosen: isChosen)
    return try (isChosen.contains(true) ? bytes : numbers).measure(mixed.network, weights: mixed.weights)
  }

  /// The latency by the measuring protocol; where the machine was disturbed, the middle of three measurements.
  private func calmLatency(_ isChosen: [Bool]) throws -> LatencySummary {
    let first = try latency(isChosen)
    guard first.disturbed else { return first }
    let again = [first, try latency(isChosen), try latency(isChosen)]
    return again.sorted { $0.median < $1.median }[1]
  }

  /// Predicts and measures.
  func point(
    _ method: String, _ isChosen: [Bool], limit: Double? = nil, by model: MixedPrecisionModel
  ) throws -> MixedPrecisionPoint {
    let latency = try calmLatency(isChosen)
    return MixedPrecisionPoint(
      method: method, limit: limit, int8Layers: zip(model.layers, isChosen).filter(\.1).map(\.0),
      predictedLatencyMs: model.latency(isChosen), measuredLatencyMs: latency.median, disturbed: latency.disturbed,
      predictedError: model.errors.sum(isChosen), measuredNoiseToSignal: try noise(isChosen))
  }
}
