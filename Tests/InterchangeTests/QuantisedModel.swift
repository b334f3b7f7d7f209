import Foundation
import Interchange
import Networks
import SwiftProtobuf
import Tensors

/// An ONNX model with QuantizeLinear and DequantizeLinear, written node by node; its input is `x`.
///
///     var model = QuantisedModel("a rounded input", [1, 4, 6, 6])
///     model.output(model.rounded("x", .init(scale: 0.05, zero: 128)))
struct QuantisedModel {
  /// A scale and a zero point as a file states them.
  struct Grid {
    var scale: Float
    var zero: Int
    var type = ONNXTensorProto.DataType.uint8

    /// Where most values are rounded to.
    static let usual = Grid(scale: 0.05, zero: 128)
  }

  let description: String
  let input: Shape
  /// How far the numbers of the input reach.
  var spread: Float = 2
  /// What leaves, with the step of its grid, by which results may differ now and then; `nil` for numbers in FP32.
  private(set) var outputs: [(name: String, step: Float?)] = []
  private var graph = ONNXGraphProto()
  private var random: RandomSource

  init(_ description: String, _ input: Shape) {
    (self.description, self.input) = (description, input)
    random = RandomSource(seed: 21, purpose: description)
  }

  // MARK: Constants

  mutating func reals(_ tensor: Tensor) -> String {
    let name = "c\(graph.initializer.count)"
    graph.initializer.append(.reals(name, tensor))
    return name
  }

  mutating func integers(_ numbers: Int...) -> String {
    let name = "c\(graph.initializer.count)"
    graph.initializer.append(.integers(name, numbers))
    return name
  }

  /// Integers of a type, a byte or four each.
  mutating func constant(_ shape: Shape, _ numbers: [Int], _ type: ONNXTensorProto.DataType) -> String {
    let name = "c\(graph.initializer.count)"
    graph.initializer.append(
      .with {
        ($0.name, $0.dataType, $0.dims) = (name, Int32(type.rawValue), shape.dimensions.map(Int64.init))
        $0.int32Data = numbers.map(Int32.init)
      })
    return name
  }

  /// Random numbers of deviation 1.
  mutating func normal(_ shape: Shape) -> Tensor {
    Tensor(shape, (0..<shape.elementCount).map { _ in Float(random.normal()) })
  }

  // MARK: Nodes

  /// Adds a node and returns the name of its value.
  mutating func node(_ op: String, _ inputs: [String], _ attributes: [ONNXAttributeProto] = []) -> String {
    let name = "n\(graph.node.count)"
    graph.node.append(
      .with {
        ($0.opType, $0.name, $0.input, $0.output, $0.attribute) = (op, "the-" + name, inputs, [name], attributes)
      })
    return name
  }

  mutating func quantised(_ value: String, _ grid: Grid) -> String {
    node("QuantizeLinear", [value] + parameters(grid))
  }

  mutating func dequantised(_ bytes: String, _ grid: Grid) -> String {
    node("DequantizeLinear", [bytes] + parameters(grid))
  }

  mutating func rounded(_ value: String, _ grid: Grid) -> String { dequantised(quantised(value, grid), grid) }

  private mutating func parameters(_ grid: Grid) -> [String] {
    [reals(Tensor([], [grid.scale])), constant([], [grid.zero], grid.type)]
  }

  /// Random weights in bytes, with a scale for every index of an axis.
  mutating func weight(_ shape: Shape, axis: Int = 0) -> String {
    let depth = Float(shape.elementCount / shape[axis])
    let bytes = (0..<shape.elementCount).map { _ in Int(random.uniform() * 255) - 127 }
    let scales = (0..<shape[axis]).map { _ in Float(0.5 + random.uniform()) * 0.02 / depth.squareRoot() }
    return node(
      "DequantizeLinear",
      [
        constant(shape, bytes, .int8), reals(Tensor([scales.count], scales)),
        constant([scales.count], scales.map { _ in 0 }, .int8),
      ], [.integer("axis", axis)])
  }

  /// A 3×3 convolution of as many channels as it reads.
  mutating func convolution(_ value: String, channels: Int, bias: Tensor? = nil) -> String {
    let inputs = [value, weight([channels, channels, 3, 3])] + (bias.map { [reals($0)] } ?? [])
    return node("Conv", inputs, [.integers("pads", [1, 1, 1, 1])])
  }

  /// Says that a value leaves; its numbers may be one step off where roundings fall the other way.
  mutating func output(_ name: String, step: Float? = nil) { outputs.append((name, step)) }

  // MARK: The file

  /// The bytes of the file, with a symbolic batch. The standard's checker asks for the shapes of the outputs.
  func data(set: Int = 17, outputs shapes: [String: Shape] = [:]) throws -> Data {
    var model = ONNXModelProto()
    model.irVersion = 8
    model.opsetImport = [.with { $0.version = Int64(set) }]
    model.graph = graph
    model.graph.name = "quantised"
    model.graph.input = [.batch("x", input)]
    model.graph.output = outputs.map { output in
      shapes[output.name].map { .batch(output.name, $0) } ?? .with { $0.name = output.name }
    }
    return try model.serializedData()
  }

  /// Two random inputs.
  var sample: Tensor {
    var random = RandomSource(seed: 22, purpose: description)
    let shape = Shape([2] + input.dimensions[1...])
    return Tensor(shape, (0..<shape.elementCount).map { _ in spread * Float(random.normal()) })
  }
}
