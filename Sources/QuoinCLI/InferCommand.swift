import ArgumentParser
import Compute
import Diagnostics
import Foundation
import Inference
import Tensors

/// `quoin infer`: a network on arrays.
struct InferCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "infer", abstract: "Run a network once on arrays in .npy files.",
    discussion: """
      Writes DIR/OUTPUT.npy for every output; '/' in an output's name becomes '_'. The batch is that of the inputs.

      EXAMPLE
        quoin infer winner.onnx --input image=images.npy --output-dir out
      """)

  @OptionGroup var options: ModelOptions
  @Option(name: .customLong("input"), help: "NAME=FILE.npy; once for every input.") var inputs: [String] = []
  @Option(help: "The folder for the outputs; created where it is missing.") var outputDir: String
  @Option(help: "Arrays to calibrate int8 with; without effect on fp32.") var calibration: String?

  func run() throws {
    let tensors = try Dictionary(inputs.map(input)) { first, _ in first }
    guard let batch = tensors.values.first?.shape.dimensions.first, batch > 0 else {
      throw Diagnostic(.usage, "an input is missing", rule: "--input NAME=FILE.npy stands once for every input")
    }
    for (name, shape) in try options.shapes() where tensors[name]?.shape != shape {
      throw Diagnostic(
        .usage, "an input has another shape than --input-shape says", at: .init(path: name),
        value: tensors[name]?.shape.description ?? "no such input", rule: "--input-shape says \(shape)")
    }
    let (network, weights) = try options.network(shapes: tensors.mapValues(\.shape))
    let fused = try network.fused(with: weights)
    let compiled = try CompiledNetwork(
      fused.network, weights: fused.weights, batch: batch,
      pool: ThreadPool(threads: options.threads ?? CPU.current.cores),
      isa: options.level())
    for (name, tensor) in try compiled.run(tensors).sorted(by: { $0.key < $1.key }) {
      let path = "\(outputDir)/\(name.replacingOccurrences(of: "/", with: "_")).npy"
      try NPY.write(tensor, to: path)
      Console.print("wrote \(path) \(tensor.shape)")
    }
  }

  private func input(_ text: String) throws -> (String, Tensor) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2 else {
      throw Diagnostic(.usage, "this is no input", value: text, rule: "--input is NAME=FILE.npy")
    }
    return (parts[0], try NPY.read(parts[1]))
  }
}
