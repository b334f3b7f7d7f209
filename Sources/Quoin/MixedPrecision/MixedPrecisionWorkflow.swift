import BlockSelection
import Compute
import Devices
import Diagnostics
import Inference
import Networks
import Tensors

/// Chooses for every layer of a network whether it works in FP32, BF16 or bytes, so that a limit is kept and the error, or the
/// latency, is least.
///
/// Every layer's error is measured on the network's outputs with that layer alone in a format; every layer's latency in all
/// formats, and that of conversions, on this machine; the choice is a ``SelectionProblem``. What is chosen is measured as
/// a whole on the inference core, and where it misses the limit the selection's limit is tightened and solved again.
///
/// After HAWQ-V3 (Yao et al., 2021), which sums layers' second-order errors under measured latencies, and OHQ (Huang et al.,
/// 2023), which measures both on the device.
public struct MixedPrecisionWorkflow {
  /// What is wanted.
  public enum Goal: Hashable, Sendable {
    /// At most so many milliseconds, with the least error.
    case latency(Double)
    /// So many times as fast as FP32, by the sum of its measured parts, with the least error.
    case speedup(Double)
    /// At least so many decibels of signal to noise on the samples, with the least latency.
    case signalToNoise(Double)
  }

  /// Settings.
  public struct Options: Sendable {
    /// What is wanted.
    public var goal: Goal
    /// The formats to choose from, FP32 and INT8 among them.
    public var formats = LayerFormat.allCases
    /// How ranges follow from samples.
    public var method = CalibrationMethod.mse
    /// The number of threads that latencies are measured with.
    public var threads = 1
    /// Whether errors of neighbours are measured together too.
    public var isPairwise = false
    /// Mean Hessian traces by layer, to take second-order errors in the place of measured ones.
    public var traces: [String: Double]?
    /// The number of further limits to choose and measure under; 0 for none.
    public var frontPoints = 0
    /// The seed of the networks that latencies are measured on.
    public var seed: UInt64 = 1
    /// How latencies are measured.
    public var rules = MeasurementProtocol()

    /// Settings for a goal.
    public init(goal: Goal) { self.goal = goal }
  }

  /// What came out.
  public enum Outcome {
    /// The network, its numbers, and the selection problem as it was solved first.
    case found(MixedPrecisionResult, network: Network, weights: Weights, problem: SelectionProblem)
    /// No choice keeps the limit.
    case infeasible(MixedPrecisionInfeasible, problem: SelectionProblem)
  }

  private let options: Options
  private let monitor: WorkMonitor

  /// Creates a workflow.
  public init(_ options: Options, monitor: WorkMonitor = WorkMonitor()) {
    (self.options, self.monitor) = (options, monitor)
  }

  /// Chooses.
  ///
  /// - Parameter samples: For every input, samples along the first dimension; ranges and errors are from these.
  /// - Throws: ``Diagnostic`` where the network cannot be quantised, has no layers, samples do not fit, the machine cannot be
  ///   measured on, or the user interrupts.
  public func run(_ network: Network, weights: Weights, samples: [String: Tensor]) throws -> Outcome {
    let watch = Stopwatch()
    let pool = ThreadPool(threads: CPU.current.cores)
    let calibrated = try Quantiser(method: options.method, pool: pool).calibrated(
      network, weights: weights, samples: samples
    ) { report("calibrating", $0, $1) }
    guard !calibrated.layers.isEmpty else {
      throw Diagnostic(
        .unusableFile, "the network has no layers to quantise", value: network.name,
        rule: "convolutions and fully connected layers have formats")
    }
    let noise = try MixedNoise(calibrated, samples: samples, pool: pool)
    let errors = try errors(calibrated, noise)
    let bench = try MixedPrecisionBench(calibrated, noise: noise, options: options)
    let times = try bench.times(seed: options.seed) { try step("measuring latencies", $0, $1) }
    let model = MixedPrecisionModel(
      layers: calibrated.layers, formats: calibrated.formats(of: options.formats), times: times, errors: errors,
      crossings: calibrated.crossings)
    let search = MixedPrecisionSearch(model: model, bench: bench, monitor: monitor)
    let limit = limit(fp32: model.latency(model.all(in: .fp32)))
    let problem = model.problem(limit)
    switch try search.run(limit) {
    case .infeasible(let attainable):
      let amount: [String: Double] = [limit.name: attainable]
      return .infeasible(.init(limit: limit.value, attainable: amount), problem: problem)
    case .found(let found):
      var result = try search.result(found, limit, frontPoints: options.frontPoints)
      result.samples = samples.values.first?.shape[0] ?? 0
      result.seconds = watch.seconds
      let mixed = try calibrated.mixed(found.formats)
      return .found(result, network: mixed.network, weights: mixed.weights, problem: problem)
    }
  }

  private func errors(_ calibrated: CalibratedNetwork, _ noise: MixedNoise) throws -> LayerErrors {
    if let traces = options.traces { return try .hessian(traces, of: calibrated, formats: options.formats) }
    let pairs = options.isPairwise ? MixedNoise.neighbours(calibrated.crossings) : []
    return try noise.errors(calibrated.formats(of: options.formats), pairs: pairs) {
      try step("measuring errors", $0, $1)
    }
  }

  private func limit(fp32: Double) -> MixedPrecisionLimit {
    switch options.goal {
    case .latency(let milliseconds): .latency(milliseconds)
    case .speedup(let times): .latency(fp32 / times)
    case .signalToNoise(let decibels): .noise(QuantisationNoise.noiseToSignal(decibels: decibels))
    }
  }

  private func report(_ phase: String, _ done: Int, _ total: Int) {
    monitor.report(ProgressUpdate(phase: phase, completed: done, total: total))
  }

  private func step(_ phase: String, _ done: Int, _ total: Int) throws {
    try monitor.checkInterruption(remedy: "run the same command again")
    report(phase, done, total)
  }
}

extension MixedPrecisionLimit {
  /// What is limited.
  var name: String {
    switch self {
    case .latency: "latency_ms"
    case .noise: "noise_to_signal"
    }
  }
}
