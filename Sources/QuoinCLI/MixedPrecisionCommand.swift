import ArgumentParser
import Compute
import Diagnostics
import Foundation
import Inference
import Interchange
import Networks
import Quoin
import Tensors

/// `quoin mixed-precision`: which layers of a network work on bytes, under a budget.
struct MixedPrecisionCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "mixed-precision",
    abstract: "Choose FP32, BF16 or INT8 for every layer under a latency or an error limit, and write the QDQ file.",
    discussion: """
      For every layer the error of the network's outputs with that layer alone in a format is measured, and on this machine
      its latency in all formats and that of the conversions between neighbours; block selection picks the formats, and the
      chosen network is measured as a whole. docs/MIXED-PRECISION.md has the method.

      EXAMPLES
        quoin mixed-precision winner.onnx --calibration images.npy --speedup 1.5 -o winner-mixed.onnx
        quoin mixed-precision winner.onnx --calibration images.npy --latency-ms 0.8 --pairwise -o winner-mixed.onnx
        quoin mixed-precision winner.onnx --calibration images.npy --signal-to-noise-db 30 -o winner-mixed.onnx
        quoin mixed-precision winner.onnx --calibration images.npy --speedup 1.5 --front 6 --json -o winner-mixed.onnx
        quoin mixed-precision winner.onnx --calibration images.npy --speedup 2 --traces traces.json -o winner-mixed.onnx
        quoin measure winner-mixed.onnx --precision int8
      """)

  @Argument(help: "The ONNX file in FP32.") var model: String
  @Option(help: "Samples (.npy): any number of them × the input's shape; ranges and errors are from these.")
  var calibration: String
  @Option(name: .shortAndLong, help: "The file to write, in a folder that exists.") var output: String
  @Option(help: "The budget in milliseconds; the error is least.") var latencyMs: Double?
  @Option(help: "The budget by how many times as fast as FP32 it is: 2 for half of FP32's latency.") var speedup:
    Double?
  @Option(help: "The least signal to noise of the outputs on the samples, in decibels; the latency is least.")
  var signalToNoiseDb: Double?
  @Option(help: "The formats to choose from: fp32,bf16,int8 or fp32,int8.") var formats = "fp32,bf16,int8"
  @Flag(help: "Measure the errors of neighbouring layers together, too.") var pairwise = false
  @Option(help: "Mean Hessian traces (JSON: layer to number), for second-order errors in the place of measured ones.")
  var traces: String?
  @Option(help: "How ranges follow from the samples: mse, percentile or minmax.") var method = "mse"
  @Option(help: "Choose and measure under so many further limits.") var front = 0
  @Option(help: "Write the selection problem, as quoin select reads it.") var instance: String?
  @Option(help: "A symbolic input's shape: NAME=1,3,32,32; repeatable.") var inputShape: [String] = []
  @Option(help: "The number of threads that latencies are for.") var threads = 1
  @Option(help: "The seed of the networks that latencies are measured on.") var seed: UInt64 = 1
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    guard CalibrationMethod(rawValue: method) != nil else {
      throw ValidationError("--method is mse, percentile or minmax, not '\(method)'")
    }
    guard (1...CPU.current.cores).contains(threads) else {
      throw ValidationError("--threads is from 1 to \(CPU.current.cores), the cores of this machine, not \(threads)")
    }
    guard (0...1000).contains(front) else { throw ValidationError("--front is from 0 to 1000, not \(front)") }
    try validateGoal()
    try validateFormats()
    if traces != nil, pairwise || signalToNoiseDb != nil {
      throw ValidationError("--traces excludes --pairwise and --signal-to-noise-db: second-order errors are relative")
    }
    for (path, option) in [(output, "--output"), (instance, "--instance"), (traces, "--traces")] {
      try requirePath(path, option)
    }
  }

  private func validateGoal() throws {
    let given = [latencyMs, speedup, signalToNoiseDb].compactMap { $0 }
    guard given.count == 1, let number = given.first else {
      throw ValidationError("one of --latency-ms, --speedup and --signal-to-noise-db is needed")
    }
    guard number.isFinite, number > 0, number < 1e9 else {
      throw ValidationError("a limit is a number above 0, not \(number)")
    }
  }

  private func validateFormats() throws {
    guard
      [["fp32", "int8"], ["bf16", "fp32", "int8"]].contains(formats.split(separator: ",").map(String.init).sorted())
    else { throw ValidationError("--formats is fp32,bf16,int8 or fp32,int8, not '\(formats)'") }
  }

  func run() throws {
    try requireFolder(of: output, "--output")
    if let instance { try requireFolder(of: instance, "--instance") }
    let options = try ModelOptions.parse([model] + inputShape.flatMap { ["--input-shape", $0] })
    let (network, weights) = try options.network()
    guard !network.isQuantised else {
      throw Diagnostic(
        .unusableFile, "the network is quantised already", at: .init(file: model),
        rule: "formats are chosen for a network in FP32")
    }
    let samples = try ModelOptions.samples(calibration, network)
    let workflow = MixedPrecisionWorkflow(try settings(), monitor: Console.monitor())
    switch try workflow.run(network, weights: weights, samples: samples) {
    case .found(let result, let network, let weights, let problem):
      try write(problem)
      try writeAtomically(ONNX.export(network, weights: weights), to: output)
      if json { return try Console.print(json: result, snakeCase: true) }
      Console.print(MixedPrecisionTable(result).text + "\nwrote \(output)")
    case .infeasible(let answer, let problem):
      try write(problem)
      if json {
        try Console.print(json: answer, snakeCase: true)
        throw ExitCode(2)
      }
      throw Diagnostic(
        .infeasible, "no choice of formats keeps the limit", value: "\(answer.limit)",
        rule: answer.attainable.map { String(format: "%@ %.4g can be reached", $0.key, $0.value) }.first)
    }
  }

  private func settings() throws -> MixedPrecisionWorkflow.Options {
    let goals: [MixedPrecisionWorkflow.Goal?] = [
      latencyMs.map { .latency($0) }, speedup.map { .speedup($0) }, signalToNoiseDb.map { .signalToNoise($0) },
    ]
    guard let goal = goals.compactMap({ $0 }).first else { throw ValidationError("a limit is needed") }
    var options = MixedPrecisionWorkflow.Options(goal: goal)
    options.method = CalibrationMethod(rawValue: method) ?? .mse
    options.formats = LayerFormat.allCases.filter { formats.split(separator: ",").contains(Substring($0.rawValue)) }
    (options.threads, options.isPairwise, options.frontPoints, options.seed) = (threads, pairwise, front, seed)
    options.traces = try traces.map(readTraces)
    return options
  }

  private func readTraces(_ path: String) throws -> [String: Double] {
    do {
      return try JSONDecoder().decode([String: Double].self, from: readFile(path))
    } catch is DecodingError {
      throw Diagnostic(
        .unusableFile, "the traces cannot be read", at: .init(file: path),
        rule: "the file is a JSON object with a number for every layer")
    }
  }

  private func write(_ problem: some Encodable) throws {
    guard let instance else { return }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try writeAtomically(encoder.encode(problem), to: instance)
  }
}
