import Diagnostics
import Foundation
import Networks
import Tensors

extension ONNX {
  /// An ONNX model of a vision network: operator set 17, FP32, with a symbolic batch.
  ///
  /// Inputs and outputs keep the network's names and NCHW order; the normalisation of raw pixels is part of the file.
  /// Batch norms are folded into the convolutions before them. Boxes of shared tensors become tensors of their own. The
  /// same network and weights give the same bytes.
  ///
  /// - Parameters:
  ///   - network: A network without operators of language models.
  ///   - weights: Every parameter's tensor by name, in its stored shape.
  ///   - classes: The names of the classes in the order of the logits, kept as metadata.
  ///   - metadata: Further texts by name.
  /// - Throws: ``Diagnostic`` for an operator that ONNX files of this project cannot hold, or a weight that is missing or
  ///   has another shape.
  public static func export(
    _ network: Network, weights: Weights, classes: [String] = [], metadata: [String: String] = [:]
  ) throws -> Data {
    let own = try network.extracted(from: weights)
    let (fused, folded) = try own.network.fused(with: own.weights)
    var exporter = ONNXExporter(fused, folded)
    var model = ONNXModelProto()
    model.irVersion = 8
    model.producerName = "quoin"
    model.opsetImport = [.with { $0.version = Int64(exportedOperatorSet) }]
    model.graph = try exporter.graph()
    var metadata = metadata
    if !classes.isEmpty { metadata[classesKey] = try json(classes) }
    if fused.hasBF16 { metadata[halfLayersKey] = try json(fused.layersInBF16) }
    model.metadataProps = metadata.sorted { $0.key < $1.key }.map { entry in
      .with { ($0.key, $0.value) = entry }
    }
    do {
      return try model.serializedData()
    } catch {
      throw Diagnostic(
        .failure, "the network does not fit into an ONNX file", value: network.name, rule: "a file has at most 2 GB")
    }
  }
}

/// A metadata entry that is a list.
private func json(_ names: [String]) throws -> String {
  String(decoding: try JSONEncoder().encode(names), as: UTF8.self)
}

/// Turns a network into the nodes of an ONNX graph.
struct ONNXExporter {
  let network: Network
  let weights: Weights
  var result = ONNXGraphProto()
  /// The ONNX names of the network's values, by position.
  private(set) var values: [String] = []
  /// Names of values and constants that are taken.
  private var taken: Set<String>
  /// The names of constants that several nodes may read.
  private var constants: [String: String] = [:]

  init(_ network: Network, _ weights: Weights) {
    (self.network, self.weights) = (network, weights)
    // Callers know these names, so that nothing else may have them.
    taken = Set(network.inputs.map { network.nodes[$0].name }).union(network.outputs.map(\.name))
  }

  /// The whole graph.
  mutating func graph() throws -> ONNXGraphProto {
    result.name = network.name
    nameValues()
    for (position, node) in network.nodes.enumerated() {
      let raw = node.grid == nil || node.op == .input ? values[position] : unusedName(node.name + ".exact")
      if node.op == .input {
        result.input.append(.batch(node.name, node.shape))
      } else {
        try emit(node, inputs: node.inputs.map { values[$0] }, output: raw)
      }
      if let grid = node.grid {
        if node.op == .input { values[position] = unusedName(node.name + ".rounded") }
        emitRounding(node.op == .input ? node.name : raw, grid, name: node.name, output: values[position])
      }
    }
    for output in network.outputs {
      if values[output.value] != output.name {
        emit("Identity", [values[output.value]], name: output.name, output: output.name)
      }
      result.output.append(.batch(output.name, network.nodes[output.value].shape))
    }
    return result
  }

  /// A value that leaves the network bears its output's name; others are named after their node.
  private mutating func nameValues() {
    let outputs = Dictionary(network.outputs.map { ($0.value, $0.name) }) { first, _ in first }
    for (position, node) in network.nodes.enumerated() {
      values.append(node.op == .input ? node.name : outputs[position] ?? unusedName(node.name))
    }
  }

  /// A name like `wish` that nothing else has.
  mutating func unusedName(_ wish: String) -> String {
    var name = wish
    var number = 2
    while !taken.insert(name).inserted {
      name = "\(wish)_\(number)"
      number += 1
    }
    return name
  }

  /// Adds a node of one output.
  mutating func emit(
    _ op: String, _ inputs: [String], name: String, output: String, _ attributes: [ONNXAttributeProto] = []
  ) {
    var node = ONNXNodeProto()
    (node.opType, node.name) = (op, name)
    (node.input, node.output, node.attribute) = (inputs, [output], attributes)
    result.node.append(node)
  }

  /// The name of a parameter's tensor, which is added at its first use.
  mutating func constant(_ parameter: Parameter) throws -> String {
    if let name = constants[parameter.name] { return name }
    let name = constant(parameter.name, try tensor(parameter))
    constants[parameter.name] = name
    return name
  }

  /// The name of a parameter's matrix with rows and columns exchanged, which is added at its first use.
  mutating func transposedConstant(_ parameter: Parameter) throws -> String {
    let key = parameter.name + ".transposed"
    if let name = constants[key] { return name }
    let name = constant(key, try tensor(parameter).transposed)
    constants[key] = name
    return name
  }

  /// The numbers of a parameter.
  func tensor(_ parameter: Parameter) throws -> Tensor {
    guard let tensor = weights[parameter.name] else {
      throw Diagnostic(.unusableFile, "a weight is missing", at: .init(path: parameter.name))
    }
    return tensor
  }

  /// Adds numbers.
  mutating func constant(_ wish: String, _ tensor: Tensor) -> String {
    let name = unusedName(wish)
    result.initializer.append(.reals(name, tensor))
    return name
  }

  /// Adds a list of integers.
  mutating func constant(_ wish: String, _ integers: [Int]) -> String {
    let name = unusedName(wish)
    result.initializer.append(.integers(name, integers))
    return name
  }
}
