import ArgumentParser
import Compute
import Diagnostics
import Foundation
import Inference
import Networks
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

  func validate() throws { try requirePath(outputDir, "--output-dir") }

  func run() throws {
    let tensors = try self.tensors()
    let batch = try batch(of: tensors)
    for (name, shape) in try options.shapes() where tensors[name]?.shape != shape {
      throw Diagnostic(
        .usage, "an input has another shape than --input-shape says", at: .init(path: name),
        value: tensors[name]?.shape.description ?? "no such input", rule: "--input-shape says \(shape)")
    }
    let (network, weights) = try options.network(shapes: tensors.mapValues(\.shape))
    try checkFiles(of: network)
    let fused = try network.fused(with: weights)
    let compiled = try CompiledNetwork(
      fused.network, weights: fused.weights, batch: batch,
      pool: ThreadPool(threads: options.threads ?? CPU.current.cores),
      isa: options.level(), precision: options.arithmetic, linearFormat: options.linearFormat)
    for (name, tensor) in try compiled.run(tensors).sorted(by: { $0.key < $1.key }) {
      let path = file(of: name)
      try NPY.write(tensor, to: path)
      Console.print("wrote \(path) \(tensor.shape)")
    }
  }

  private func file(of output: String) -> String {
    "\(outputDir)/\(output.replacingOccurrences(of: "/", with: "_")).npy"
  }

  /// Refuses a network of which one output would overwrite another.
  private func checkFiles(of network: Network) throws {
    var owners: [String: String] = [:]
    for output in network.outputs {
      guard let other = owners.updateValue(output.name, forKey: file(of: output.name)) else { continue }
      throw Diagnostic(
        .unusableFile, "two outputs would be written to one file", at: .init(file: options.model),
        value: file(of: other), rule: "'/' in a name becomes '_', so that '\(other)' and '\(output.name)' are alike",
        remedy: "rename one of them in the model")
    }
  }

  private func tensors() throws -> [String: Tensor] {
    let rule = "--input NAME=FILE.npy stands once for every input"
    guard !inputs.isEmpty else { throw Diagnostic(.usage, "an input is missing", rule: rule) }
    let paths = try Dictionary(inputs.map(input)) { _, _ in
      throw Diagnostic(.usage, "an input is given twice", value: inputs.joined(separator: " "), rule: rule)
    }
    return try paths.mapValues { try NPY.read($0) }
  }

  private func batch(of tensors: [String: Tensor]) throws -> Int {
    let batches = Set(tensors.values.map { $0.shape.dimensions.first ?? 0 })
    guard let batch = batches.first, batches.count == 1, batch > 0 else {
      throw Diagnostic(
        .usage, "the inputs have no common batch",
        value: tensors.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.shape)" }.joined(separator: ", "),
        rule: "the first extent of every input is the batch, at least 1")
    }
    return batch
  }

  private func input(_ text: String) throws -> (name: String, path: String) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2 else {
      throw Diagnostic(.usage, "this is no input", value: text, rule: "--input is NAME=FILE.npy")
    }
    return (parts[0], parts[1])
  }
}
