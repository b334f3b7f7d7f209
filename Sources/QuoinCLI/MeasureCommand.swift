import ArgumentParser
import Compute
import Devices
import Diagnostics
import Foundation
import Inference
import Networks
import Quoin

/// `quoin measure`: a network's latency.
struct MeasureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure", abstract: "Measure a network's latency with a batch of one.",
    discussion: """
      Warm-up, pinned threads, runs until the median is known to 1 %, and a calibration loop between them that tells
      whether the machine was disturbed; docs/MEASURING.md has the protocol.

      EXAMPLES
        quoin measure winner.onnx
        quoin measure winner.onnx --threads 2 --json
        quoin measure winner.onnx --device formula
        quoin measure winner.onnx --device http://lab-3:7431/cpu-1t
        quoin measure quantised.onnx --precision int8
      """)

  @OptionGroup var options: ModelOptions
  @Option(help: "A device's name, such as cpu-2t, or address; see quoin device list and quoin agent.")
  var device: String?
  @Option(help: "The least number of counted runs; by default as many as the median needs.") var runs: Int?
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    if let runs, !(1...1_000_000).contains(runs) { throw ValidationError("--runs is from 1 to 1000000, not \(runs)") }
    if device != nil,
      options.threads != nil || options.isa != "native" || options.precision != "fp32"
        || options.weights != "fp32"
    {
      throw ValidationError("--device excludes --threads, --isa, --precision and --weights: a device has its own")
    }
  }

  private struct Answer: Encodable {
    struct Latency: Encodable {
      let min: Double
      let median: Double
      let p90: Double
      let mean: Double
    }
    let latencyMs: Latency
    let runs: Int
    let threads: Int
    let precision: String
    let isa: String
    let macs: Int
    let parameters: Int
    let peakActivationBytes: Int
    let weightBytes: Int
    let device: DeviceFingerprint
    let deviceName: String
    let disturbed: Bool
  }

  func run() throws {
    let device = try chosenDevice()
    // Memory is that of what the device runs, which may be quantised to be timed.
    let precision = Precision(rawValue: device.fingerprint.precision) ?? options.arithmetic
    let file = try options.network()
    let (network, weights) = try file.network.prepared(
      for: precision, weights: file.weights, threads: min(device.fingerprint.threads, CPU.current.cores))
    let latency = try device.measure(network, weights: weights)
    let fused = try network.fused(with: weights)
    let (cost, fingerprint) = (network.cost, device.fingerprint)
    // Another machine may have kernels and cores that this one lacks; the memory is what this one would need.
    let isa = ISA(rawValue: fingerprint.isa).flatMap { $0.isSupported ? $0 : nil }
    let compiled = try CompiledNetwork(
      fused.network, weights: fused.weights, pool: ThreadPool(threads: min(fingerprint.threads, CPU.current.cores)),
      isa: isa, precision: precision, linearFormat: options.linearFormat)
    let answer = Answer(
      latencyMs: .init(min: latency.minimum, median: latency.median, p90: latency.p90, mean: latency.mean),
      runs: latency.runs, threads: fingerprint.threads, precision: fingerprint.precision, isa: fingerprint.isa,
      macs: cost.macs, parameters: cost.parameters, peakActivationBytes: compiled.peakActivationBytes,
      weightBytes: compiled.weightBytes, device: fingerprint, deviceName: device.name, disturbed: latency.disturbed)
    if json { return try Console.print(json: answer, snakeCase: true) }
    Console.print(
      String(
        format: "%@: median %.4g ms, fastest %.4g, 90 %% within %.4g, %d runs%@", device.name, latency.median,
        latency.minimum, latency.p90, latency.runs, latency.disturbed ? ", DISTURBED: measure again" : ""))
    Console.print(
      "\(cost.macs) multiply-accumulates, \(cost.parameters) parameters, "
        + "\(compiled.peakActivationBytes) bytes of activations, \(compiled.weightBytes) of weights")
  }

  private func chosenDevice() throws -> any Device {
    var rules = MeasurementProtocol()
    if let runs {
      // Any precision will do once so many undisturbed runs are there.
      rules = MeasurementProtocol(
        minimumRuns: runs, maximumRuns: 2 * runs + rules.maximumRuns, timeLimit: .infinity, precision: .infinity)
    }
    if let device {
      let chosen = try DeviceShelf().device(named: device, rules: rules)
      guard runs == nil || chosen.takesRules else {
        throw Diagnostic(
          .usage, "--runs says nothing to this device", value: chosen.name,
          rule: "agents and formulas measure in a way of their own", remedy: "leave --runs out")
      }
      return chosen
    }
    return try InferenceCoreDevice(
      threads: options.threads ?? 1, isa: options.level(), precision: options.arithmetic,
      linearFormat: options.linearFormat, rules: rules)
  }
}
