import ArgumentParser
import Compute
import Datasets
import Diagnostics
import Foundation
import Inference
import Interchange
import Tensors

/// `quoin classify`: a winner on one's own pictures.
struct ClassifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "classify", abstract: "Classify PNG or JPEG pictures with an exported winner.",
    discussion: """
      Pictures are scaled to the network's input; a network for grey images sees their brightness.

      EXAMPLES
        quoin classify runs/cifar10/1.5ms/winner.onnx cat.jpg dog.png
        quoin classify winner.onnx leaf.png --top 1 --json
      """)

  @Argument(help: "The ONNX file.") var model: String
  @Argument(help: "PNG or JPEG files.") var images: [String]
  @Option(help: "A file with a class name per line, in place of those in the model.") var classes: String?
  @Option(help: "How many classes are shown.") var top = 3
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    guard (1...1000).contains(top) else { throw ValidationError("--top is from 1 to 1000, not \(top)") }
  }

  private struct Answer: Encodable {
    struct Class: Encodable {
      let name: String
      let probability: Double
    }
    let image: String
    let classes: [Class]
  }

  func run() throws {
    let data = try readFile(model)
    let (network, weights) = try ONNX.import(data, path: model)
    guard network.inputs.count == 1, let input = network.inputs.first.map({ network.nodes[$0] }), input.shape.rank == 4,
      [1, 3].contains(input.shape[1]), network.outputs.count == 1
    else {
      throw Diagnostic(
        .unusableFile, "the network does not classify pictures", at: .init(file: model),
        rule: "it has one input of 1 or 3 channels and one output")
    }
    let fused = try network.fused(with: weights)
    let compiled = try CompiledNetwork(
      fused.network, weights: fused.weights, pool: ThreadPool(threads: CPU.current.cores))
    let names = try classNames(ONNX.summary(of: data, path: model).classes)
    let answers = try images.map { path in
      let picture = try ImageFile.decode(path).resized(width: input.shape[3], height: input.shape[2])
      let tensor = Tensor(input.shape, picture.planes(channels: input.shape[1]).map(Float.init))
      let logits = try compiled.run([input.name: tensor]).values.first?.values ?? []
      guard logits.allSatisfy(\.isFinite) else {
        throw Diagnostic(
          .failure, "the network answers with numbers that are not finite", at: .init(file: model), value: path,
          remedy: "look at the weights of the model")
      }
      return Answer(image: path, classes: ranking(logits, names))
    }
    if json { return try Console.print(json: answers) }
    for answer in answers {
      let words = answer.classes.map { "\($0.name) \(percent($0.probability))" }.joined(separator: ", ")
      Console.print("\(answer.image): \(words)")
    }
  }

  private func classNames(_ own: [String]?) throws -> [String] {
    guard let classes else { return own ?? [] }
    return String(decoding: try readFile(classes, limit: 1 << 24), as: UTF8.self).split(separator: "\n").map(
      String.init)
  }

  private func ranking(_ logits: [Float], _ names: [String]) -> [Answer.Class] {
    let largest = logits.max() ?? 0
    let powers = logits.map { exp(Double($0 - largest)) }
    let sum = powers.reduce(0, +)
    return logits.indices.sorted { logits[$0] > logits[$1] }.prefix(top).map { position in
      Answer.Class(
        name: names.indices.contains(position) ? names[position] : "class \(position)",
        probability: powers[position] / sum)
    }
  }
}
