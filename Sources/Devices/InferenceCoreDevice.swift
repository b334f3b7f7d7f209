import Compute
import Diagnostics
import Inference
import Networks

/// This machine's inference core with a number of threads.
public struct InferenceCoreDevice: Device {
  /// The number of threads.
  public let threads: Int
  /// The level of the kernels.
  public let isa: ISA
  /// The arithmetic; networks of FP32 are not quantised by being measured in bytes.
  public let precision: Precision
  /// How the weights of fully connected layers are stored; `nil` for FP32.
  public let linearFormat: LinearFormat?
  /// How networks are timed.
  public let rules: MeasurementProtocol

  /// Creates a device.
  ///
  /// - Throws: ``Diagnostic`` where there are fewer cores than threads, the machine cannot run the kernels, or the BLAS
  ///   library is missing.
  public init(
    threads: Int, isa: ISA? = nil, precision: Precision = .fp32, linearFormat: LinearFormat? = nil,
    rules: MeasurementProtocol = MeasurementProtocol()
  ) throws {
    let isa =
      isa.map { precision == .int8 || linearFormat != nil ? $0 : min($0, .avx512) }
      ?? (precision == .int8 || linearFormat != nil ? .nativeInteger : .native)
    guard (1...CPU.current.cores).contains(threads) else {
      throw Diagnostic(
        .usage, "no such device", value: "cpu-\(threads)t",
        rule:
          "this machine has \(CPU.current.cores) cores; its devices are \(Self.names.joined(separator: ", "))"
      )
    }
    guard isa.isSupported else {
      throw Diagnostic(
        .usage, "this processor cannot run the kernels", value: isa.rawValue,
        rule: "it runs \(CPU.current.levels.map(\.rawValue).joined(separator: ", "))")
    }
    try BLAS.load()
    self.threads = threads
    self.isa = isa
    (self.precision, self.linearFormat) = (precision, linearFormat)
    self.rules = rules
  }

  /// The devices that this machine is in FP32: every number of threads with the best kernels, then with those of lower
  /// levels, such as `cpu-1t-avx2`, for whoever searches for another machine.
  static var choices: [(name: String, threads: Int, isa: ISA)] {
    CPU.current.levels.filter { $0 <= .avx512 }.sorted(by: >).flatMap { isa in
      (1...CPU.current.cores).map { (name(threads: $0, isa: isa, best: .native), $0, isa) }
    }
  }

  /// The names of all devices that this machine is.
  public static var names: [String] { choices.map(\.name) }

  /// `cpu-1t` for one thread with the best kernels, `cpu-1t-avx2` with others.
  private static func name(threads: Int, isa: ISA, best: ISA) -> String {
    "cpu-\(threads)t" + (isa == best ? "" : "-\(isa.rawValue)")
  }

  /// `cpu-1t` for one thread in FP32, `cpu-1t-avx2` with the kernels of a lower level, `cpu-1t-int8` in bytes.
  public var name: String {
    let best: ISA = precision == .int8 || linearFormat != nil ? .nativeInteger : .native
    return Self.name(threads: threads, isa: isa, best: best) + (format == "fp32" ? "" : "-" + format)
  }

  /// The processor, the kernels, the number of threads and the BLAS library.
  public var fingerprint: DeviceFingerprint {
    DeviceFingerprint(
      cpu: CPU.current.name, isa: isa.rawValue, threads: threads, precision: format, runtime: "quoin-2",
      libraries: ["BLAS": BLAS.description])
  }

  /// The arithmetic, and the format of the linear layers' weights where it is not that of the arithmetic.
  private var format: String { precision.rawValue + (linearFormat.map { "-\($0.rawValue)-weights" } ?? "") }

  /// Times a network by the protocol.
  ///
  /// - Throws: ``Diagnostic`` where the network does not compile, or other measurements keep the machine busy.
  public func measure(_ network: Network, weights: Weights) throws -> LatencySummary {
    try timing(of: network, weights: weights).summary
  }

  /// Times a network by the protocol and says how the measurement went.
  ///
  /// - Throws: ``Diagnostic`` where the network does not compile, or other measurements keep the machine busy.
  public func timing(of network: Network, weights: Weights) throws -> RepeatedTiming {
    // All numbers of threads share the processors, so they share one lock.
    let turn = try DeviceLock("cpu")
    let fused = try network.fused(with: weights)
    let timing = try onPinnedThread {
      let pool = ThreadPool(threads: threads, pinned: true)
      let compiled = try CompiledNetwork(
        fused.network, weights: fused.weights, pool: pool, isa: isa, precision: precision,
        linearFormat: linearFormat)
      try compiled.bind(fused.network.timingInputs)
      return rules.measure(
        run: { 1e3 * MonotonicClock.seconds(compiled.run) },
        calibrate: { 1e3 * MonotonicClock.seconds { pool.run(threads) { _ in CalibrationLoop.work() } } })
    }
    _ = consume turn
    return timing
  }
}
