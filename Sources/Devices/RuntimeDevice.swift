import Compute
import Diagnostics
import Foundation
import Inference
import Interchange
import Networks
import Tensors

/// Another runtime on this machine: ONNX Runtime or OpenVINO, each in a Python process of its own that times the exported
/// ONNX file.
///
/// The process only runs the network; warm-up, calibrations and the end are those of the ``MeasurementProtocol``.
public struct RuntimeDevice: Device {
  /// The runtimes; the raw value is the name of the Python package.
  public enum Runtime: String, Hashable, Sendable, Codable, CaseIterable {
    case onnxruntime, openvino

    /// The name in sentences.
    var title: String {
      switch self {
      case .onnxruntime: "ONNX Runtime"
      case .openvino: "OpenVINO"
      }
    }
  }

  /// `onnxruntime-1t` and so on.
  public let name: String
  /// The runtime.
  public let runtime: Runtime
  /// The number of threads.
  public let threads: Int
  /// The arithmetic; networks of FP32 are quantised on random samples to be timed in bytes.
  public let precision: Precision
  /// How networks are timed.
  public let rules: MeasurementProtocol
  /// What its latencies depend on, with the runtime's version as the process states it.
  public let fingerprint: DeviceFingerprint
  /// The process, which serves one measurement after the other.
  private let worker: RuntimeProcess

  /// Seconds to import a package, to compile a network, and to run a block beyond its own time.
  private static let (startPatience, loadPatience, runPatience) = (120.0, 300.0, 300.0)

  /// Creates a device, and asks the runtime for its version.
  ///
  /// - Parameter python: the program to start; by default what the environment variable `QUOIN_PYTHON` names, or `python3`.
  /// - Throws: ``Diagnostic`` where there are fewer cores than threads, or Python or the package is missing.
  public init(
    _ runtime: Runtime, threads: Int, precision: Precision = .fp32, python: String? = nil, name: String? = nil,
    rules: MeasurementProtocol = MeasurementProtocol()
  ) throws {
    guard (1...CPU.current.cores).contains(threads) else {
      throw Diagnostic(
        .usage, "the device has more threads than this machine has cores", value: "\(threads)",
        rule: "threads are from 1 to \(CPU.current.cores)")
    }
    (self.runtime, self.threads, self.precision, self.rules) = (runtime, threads, precision, rules)
    self.name = name ?? Self.name(runtime, threads, precision)
    let python = python ?? ProcessInfo.processInfo.environment["QUOIN_PYTHON"] ?? "python3"
    worker = RuntimeProcess(runtime, threads: threads, python: python)
    let version = try worker.ask(.init(), patience: Self.startPatience).version ?? "unknown"
    fingerprint = DeviceFingerprint(
      cpu: CPU.current.name, isa: CPU.current.levels.max()?.rawValue ?? "", threads: threads,
      precision: precision.rawValue,
      runtime: "\(runtime.rawValue)-\(version)")
  }

  static func name(_ runtime: Runtime, _ threads: Int, _ precision: Precision) -> String {
    "\(runtime.rawValue)-\(threads)t" + (precision == .fp32 ? "" : "-\(precision.rawValue)")
  }

  /// Times a network by the protocol.
  ///
  /// - Throws: ``Diagnostic`` where the network cannot be exported, or the runtime cannot run it.
  public func measure(_ network: Network, weights: Weights) throws -> LatencySummary {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("quoin-\(UUID().uuidString)")
    try writing(folder) { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }
    defer { try? FileManager.default.removeItem(at: folder) }
    let (network, weights) = try network.prepared(for: precision, weights: weights, threads: threads)
    let question = try question(network, weights, in: folder)
    let attribution = OperatorAttribution(network)
    var timing = MachineTiming(threads: threads, rules: rules)
    // Threads of a runtime spin for a while after a run, which is not the machine's doing.
    if threads > 1 { timing.beforeCalibration = { usleep(4_000) } }
    let (runtime, threads, worker) = (runtime, threads, worker)
    return try timing.run { _ in
      _ = try worker.ask(question, patience: Self.loadPatience)
      return MachineTiming.Runner(
        block: { milliseconds, limit, processor in
          let question = RuntimeProcess.Question(
            milliseconds: milliseconds, atMost: limit, processor: threads == 1 ? processor : nil)
          let answer = try worker.ask(question, patience: Self.runPatience + milliseconds / 1e3)
          return try Self.checked(answer.milliseconds ?? [], limit, runtime)
        },
        operators: { latency in
          let timings = try operators(latency)
          return try attribution.sums(inOrder: clock(folder).corrected(timings))
        })
    }
  }

  /// Writes something that the worker reads.
  private func writing(_ place: URL, _ write: () throws -> Void) throws {
    do { try write() } catch {
      throw Diagnostic(
        .failure, "the network cannot be written for \(runtime.title)", at: .init(file: place.path),
        remedy: "make room there, or set TMPDIR to another folder")
    }
  }

  /// The question to load a network, whose file is written into a folder.
  private func question(_ network: Network, _ weights: Weights, in folder: URL) throws -> RuntimeProcess.Question {
    let file = folder.appendingPathComponent("network.onnx")
    let data = try ONNX.export(network, weights: weights)
    try writing(file) { try data.write(to: file) }
    let shapes = network.inputs.map { (network.nodes[$0].name, network.nodes[$0].shape.dimensions) }
    return RuntimeProcess.Question(load: file.path, shapes: Dictionary(uniqueKeysWithValues: shapes))
  }

  /// The runtime's timings of the loaded network's operators.
  private func operators(_ latency: Double) throws -> [OperatorAttribution.Timing] {
    let question = RuntimeProcess.Question(profile: MachineTiming.operatorRuns(latency))
    return try worker.ask(question, patience: Self.loadPatience + Self.runPatience).operators ?? []
  }

  /// What the runtime's clocks cost; another network is loaded where that is not known yet.
  private func clock(_ folder: URL) throws -> RuntimeClock {
    let (few, many) = RuntimeClock.lengths
    return try worker.clock {
      try RuntimeClock(
        middleOf: (0..<Self.clockReadings).map { _ in
          try RuntimeClock(few: read(few, in: folder), many: read(many, in: folder))
        })
    }
  }

  /// Loads a chain of operators, and times it with clocks and without.
  private func read(_ length: Int, in folder: URL) throws -> RuntimeClock.Reading {
    let chain = try RuntimeClock.chain(length)
    _ = try worker.ask(question(chain.network, chain.weights, in: folder), patience: Self.loadPatience)
    let block = RuntimeProcess.Question(milliseconds: Self.clockMilliseconds, atMost: Self.clockRuns)
    let runs = try worker.ask(block, patience: Self.runPatience).milliseconds ?? []
    let median = try Self.checked(runs, Self.clockRuns, runtime).sorted().medianOfSorted
    return try .init(milliseconds: median, operators: operators(median))
  }

  private static let (clockReadings, clockMilliseconds, clockRuns) = (7, 20.0, 200)

  private static func checked(_ timings: [Double], _ limit: Int, _ runtime: Runtime) throws -> [Double] {
    guard !timings.isEmpty, timings.count <= max(1, limit), timings.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
      throw Diagnostic(.failure, "\(runtime.title) answers what are no timings", at: .init(path: runtime.rawValue))
    }
    return timings
  }
}
