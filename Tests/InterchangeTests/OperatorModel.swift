import Foundation
import Interchange
import Networks
import SwiftProtobuf
import Tensors
import Testing

/// An ONNX model of one operator, or of a few that belong together; its input is `x`, its output `y`.
struct OperatorModel: CustomTestStringConvertible, Sendable {
  let testDescription: String
  /// For a batch of one.
  let input: Shape
  let operatorSet: Int
  let nodes: [ONNXNodeProto]
  let constants: [ONNXTensorProto]

  /// One node of `x` and constants, whose names are given by their order: `a`, `b`, …
  init(
    _ description: String, _ op: String, _ input: Shape, _ constants: [Constant] = [],
    _ attributes: [ONNXAttributeProto] = [], set: Int = 17, outputs: [String] = ["y"], constantFirst: Bool = false
  ) {
    let names = constants.indices.map { constants[$0].isLeftOut ? "" : String(UnicodeScalar(UInt8(97 + $0))) }
    let inputs = constantFirst ? names + ["x"] : ["x"] + names
    self.init(
      "\(op): \(description)", input, set: set, constants: constants,
      nodes: [Self.node(op, inputs, outputs, attributes)])
  }

  init(_ description: String, _ input: Shape, set: Int = 17, constants: [Constant] = [], nodes: [ONNXNodeProto]) {
    (testDescription, self.input, operatorSet, self.nodes) = (description, input, set, nodes)
    self.constants = constants.enumerated().compactMap { $1.tensor(String(UnicodeScalar(UInt8(97 + $0)))) }
  }

  static func node(
    _ op: String, _ inputs: [String], _ outputs: [String], _ attributes: [ONNXAttributeProto] = []
  ) -> ONNXNodeProto {
    .with {
      ($0.opType, $0.name) = (op, "the-\(op)-\(outputs[0])")
      ($0.input, $0.output, $0.attribute) = (inputs, outputs, attributes)
    }
  }

  /// The bytes of the file, with a symbolic batch. The standard's checker asks for the shapes of the outputs.
  func data(outputs: [String: Shape] = [:]) throws -> Data {
    var model = ONNXModelProto()
    model.irVersion = 8
    model.opsetImport = [.with { $0.version = Int64(operatorSet) }]
    model.graph.name = "operator"
    (model.graph.node, model.graph.initializer) = (nodes, constants)
    model.graph.input = [.batch("x", input)]
    for name in nodes.flatMap(\.output) where name.hasPrefix("y") {
      model.graph.output.append(outputs[name].map { .batch(name, $0) } ?? .with { $0.name = name })
    }
    return try model.serializedData()
  }

  /// Numbers that a file holds.
  enum Constant: Sendable {
    /// Random numbers.
    case random(Shape)
    /// Random numbers above 0.
    case positive(Shape)
    case reals(Shape, [Float])
    case integers([Int])
    /// An input that is left out.
    case none

    var isLeftOut: Bool { if case .none = self { true } else { false } }

    func tensor(_ name: String) -> ONNXTensorProto? {
      var random = RandomSource(seed: 6, purpose: name)
      switch self {
      case .random(let shape):
        return .reals(name, Tensor(shape, (0..<shape.elementCount).map { _ in Float(random.normal()) }))
      case .positive(let shape):
        return .reals(name, Tensor(shape, (0..<shape.elementCount).map { _ in Float(0.5 + random.uniform()) }))
      case .reals(let shape, let numbers): return .reals(name, Tensor(shape, numbers))
      case .integers(let numbers): return .integers(name, numbers)
      case .none: return nil
      }
    }
  }
}
