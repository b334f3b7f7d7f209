import ArgumentParser
import Compute
import Diagnostics
import Foundation
import Inference
import Interchange
import Networks
import Tensors

/// `quoin quantize`: an FP32 network becomes one of bytes.
struct QuantizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quantize", abstract: "Quantise a network to 8 bits, as a QDQ file.",
    discussion: """
      Weights become signed bytes with a scale per output channel, values unsigned bytes with one scale and zero point,
      from what the samples are in FP32. The file runs here and in ONNX Runtime and OpenVINO.

      EXAMPLES
        quoin quantize winner.onnx --calibration images.npy -o winner-int8.onnx
        quoin measure winner-int8.onnx --precision int8
      """)

  @Argument(help: "The ONNX file in FP32.") var model: String
  @Option(help: "Samples (.npy): any number of them × the input's shape; 32 to 512 are usual.") var calibration: String
  @Option(name: .shortAndLong, help: "The file to write, in a folder that exists.") var output: String
  @Option(help: "How ranges follow from the samples: mse, percentile or minmax.") var method = "mse"
  @Option(help: "A symbolic input's shape: NAME=1,3,32,32; repeatable.") var inputShape: [String] = []
  @Option(help: "The number of threads.") var threads: Int?
  @Flag(help: "Print one JSON document.") var json = false

  private struct Answer: Encodable {
    let output: String
    let method: String
    let samples: Int
    let roundedValues: Int
    /// `null` where nothing changed.
    let signalToNoiseDb: [String: Double?]
    let fileBytes: Int
  }

  func validate() throws {
    guard CalibrationMethod(rawValue: method) != nil else {
      throw ValidationError("--method is mse, percentile or minmax, not '\(method)'")
    }
    if let threads, !(1...CPU.current.cores).contains(threads) {
      throw ValidationError("--threads is from 1 to \(CPU.current.cores), the cores of this machine, not \(threads)")
    }
    try requirePath(output, "--output")
  }

  func run() throws {
    try requireFolder(of: output, "--output")
    let options = try ModelOptions.parse([model] + inputShape.flatMap { ["--input-shape", $0] })
    let (network, weights) = try options.network(shapes: options.shapes())
    guard !network.isQuantised else {
      throw Diagnostic(
        .unusableFile, "the network is quantised already", at: .init(file: model),
        rule: "a network in FP32 is quantised", remedy: "run it as it is with --precision int8")
    }
    let samples = try ModelOptions.samples(calibration, network)
    let pool = ThreadPool(threads: threads ?? CPU.current.cores)
    let quantiser = Quantiser(method: CalibrationMethod(rawValue: method) ?? .mse, pool: pool)
    let quantised = try quantiser.quantised(network, weights: weights, samples: samples)
    let file = try ONNX.export(quantised.network, weights: quantised.weights)
    let ratios = try QuantisationNoise.ratios(
      of: quantised, to: (network, weights), samples: samples, pool: pool)
    try writeAtomically(file, to: output)
    let answer = Answer(
      output: output, method: method, samples: samples.values.first?.shape[0] ?? 0,
      roundedValues: quantised.network.nodes.count { $0.grid != nil },
      signalToNoiseDb: ratios.mapValues { $0.isFinite ? $0 : nil }, fileBytes: file.count)
    if json { return try Console.print(json: answer, snakeCase: true) }
    Console.print("wrote \(output): \(answer.roundedValues) values in bytes, \(file.count) bytes in all")
    for (name, ratio) in ratios.sorted(by: { $0.key < $1.key }) {
      let text = ratio.isFinite ? String(format: "signal to noise %.1f dB", ratio) : "nothing changed"
      Console.print("\(name): \(text) against FP32 on the samples")
    }
  }
}
