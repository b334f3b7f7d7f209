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
  /// The arithmetic; networks of FP32 are quantised on random samples to be timed in bytes.
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

  /// A device that this machine is.
  struct Choice {
    var name: String
    var threads: Int
    var isa: ISA
    var precision: Precision
  }

  /// The devices that this machine is: every number of threads with the best kernels, in FP32 and in bytes, then with those
  /// of lower levels, such as `cpu-1t-avx2`, for whoever searches for another machine.
  static var choices: [Choice] {
    let threads = 1...CPU.current.cores
    let levels = CPU.current.levels.filter { $0 < .native }.sorted(by: >)
    return threads.map { Choice(name: "cpu-\($0)t", threads: $0, isa: .native, precision: .fp32) }
      + threads.map { Choice(name: "cpu-\($0)t-int8", threads: $0, isa: .nativeInteger, precision: .int8) }
      + levels.flatMap { isa in
        threads.map {
          Choice(name: name(threads: $0, isa: isa, best: .native), threads: $0, isa: isa, precision: .fp32)
        }
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

  /// Times a network, and its operators, by the protocol.
  ///
  /// - Throws: ``Diagnostic`` where the network does not compile, or other measurements keep the machine busy.
  public func measure(_ network: Network, weights: Weights) throws -> LatencySummary {
    let (threads, isa, precision, linearFormat) = (threads, isa, precision, linearFormat)
    return try MachineTiming(threads: threads, rules: rules).run { pool in
      let (network, weights) = try network.prepared(for: precision, weights: weights, threads: threads)
      let fused = try network.fused(with: weights)
      let compiled = try CompiledNetwork(
        fused.network, weights: fused.weights, pool: pool, isa: isa, precision: precision,
        linearFormat: linearFormat)
      try compiled.bind(fused.network.timingInputs)
      return MachineTiming.Runner(
        block: { milliseconds, limit, _ in
          MeasurementProtocol.block(milliseconds, atMost: limit) { 1e3 * MonotonicClock.seconds(compiled.run) }
        },
        operators: { latency in
          let timings = compiled.profile(runs: MachineTiming.operatorRuns(latency)).map { ($0.name, $0.milliseconds) }
          return Dictionary(timings, uniquingKeysWith: +)
        })
    }
  }
}
