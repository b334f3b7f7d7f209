import ArgumentParser
import Compute
import Datasets
import Diagnostics
import Foundation
import Inference
import Interchange
import Networks
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
    let (network, weights) = try imported(data)
    guard network.inputs.count == 1, let input = network.inputs.first.map({ network.nodes[$0] }), input.shape.rank == 4,
      [1, 3].contains(input.shape[1]), network.outputs.count == 1,
      let logits = network.outputs.first.map({ network.nodes[$0.value].shape }), logits.rank == 2
    else {
      throw Diagnostic(
        .unusableFile, "the network does not classify pictures", at: .init(file: model),
        rule: "it has one input of 1 or 3 channels, and one output with a number for each class")
    }
    let names = try classNames(ONNX.summary(of: data, path: model).classes, count: logits[1])
    let fused = try network.fused(with: weights)
    let compiled = try CompiledNetwork(
      fused.network, weights: fused.weights, pool: ThreadPool(threads: CPU.current.cores))
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

  /// The network of the file, which has to state the size of its images.
  private func imported(_ data: Data) throws -> (network: Network, weights: Weights) {
    do {
      return try ONNX.import(data, path: model)
    } catch var diagnostic as Diagnostic where diagnostic.category == .usage {
      diagnostic.category = .unusableFile
      diagnostic.remedy = "export the model with images of a fixed size"
      throw diagnostic
    }
  }

  /// The classes' names: those of `--classes`, one for each of `count` logits, or the model's `own`.
  private func classNames(_ own: [String]?, count: Int) throws -> [String] {
    guard let classes else { return own ?? [] }
    guard let text = String(data: try readFile(classes, limit: 1 << 24), encoding: .utf8) else {
      throw Diagnostic(
        .unusableFile, "the file is no text", at: .init(file: classes), rule: "class names are in UTF-8")
    }
    var names = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).map(String.init)
    if names.last?.isEmpty == true { names.removeLast() }
    if let blank = names.firstIndex(where: { $0.allSatisfy(\.isWhitespace) }) {
      throw Diagnostic(
        .unusableFile, "a class has no name", at: .init(file: classes, line: blank + 1),
        rule: "every line holds the name of a class")
    }
    guard names.count == count else {
      throw Diagnostic(
        .unusableFile, "the names do not fit the network", at: .init(file: classes), value: "\(names.count) names",
        rule: "it has \(count) classes")
    }
    return names
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
