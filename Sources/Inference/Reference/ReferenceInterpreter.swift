import Compute
import Diagnostics
import Foundation
import Networks
import Tensors

/// Runs a network in plain loops over Double: the definition that compiled networks are tested against.
///
/// Slow on purpose, and written from the operators' definitions alone; values are NCHW.
package struct ReferenceInterpreter {
  /// A value: a shape and its elements in row-major order.
  struct Value {
    var shape: Shape
    var elements: [Double]

    init(_ shape: Shape) { (self.shape, elements) = (shape, Array(repeating: 0, count: shape.elementCount)) }

    init(_ tensor: Tensor) { (shape, elements) = (tensor.shape, tensor.values.map(Double.init)) }

    subscript(n: Int, c: Int, y: Int, x: Int) -> Double {
      get { elements[((n * shape[1] + c) * shape[2] + y) * shape[3] + x] }
      set { elements[((n * shape[1] + c) * shape[2] + y) * shape[3] + x] = newValue }
    }

    /// The elements rounded to BF16.
    var inBF16: Value {
      var rounded = self
      rounded.elements = elements.map { Double(LinearWeights.inBF16(Float($0))) }
      return rounded
    }

    /// Fills an image from a function of image, channel, row and column.
    mutating func fill(_ element: (Int, Int, Int, Int) -> Double) {
      for n in 0..<shape[0] {
        for c in 0..<shape[1] {
          for y in 0..<shape[2] { for x in 0..<shape[3] { self[n, c, y, x] = element(n, c, y, x) } }
        }
      }
    }
  }

  private let network: Network
  private let weights: Weights

  /// An interpreter of a network of convolutional operators.
  package init(_ network: Network, weights: Weights) { (self.network, self.weights) = (network, weights) }

  /// Runs the network on a batch of any size.
  ///
  /// - Throws: ``Diagnostic`` for an operator without a definition here, or a missing weight or input.
  package func run(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
    var values: [Value] = []
    let given = network.inputs.first.map { network.nodes[$0] }
    let batch = given.flatMap { inputs[$0.name]?.shape[0] }.map { $0 / (given?.shape[0] ?? 1) } ?? 1
    for node in network.nodes {
      if node.op == .input {
        guard let tensor = inputs[node.name] else {
          throw Diagnostic(.usage, "an input is missing", value: node.name)
        }
        values.append(rounded(Value(tensor), node.grid))
      } else {
        values.append(rounded(try evaluate(node, node.inputs.map { values[$0] }, batch: batch), node.grid))
      }
    }
    return Dictionary(
      uniqueKeysWithValues: network.outputs.map { output in
        let value = values[output.value]
        return (output.name, Tensor(value.shape, value.elements.map { Float($0) }))
      })
  }

  private func rounded(_ value: Value, _ grid: ByteGrid?) -> Value {
    guard let grid else { return value }
    var result = value
    for i in result.elements.indices { result.elements[i] = Double(grid.snapped(Float(result.elements[i]))) }
    return result
  }

  private func parameters(_ node: Network.Node) throws -> [Value] {
    try node.parameters.map { parameter in
      guard let stored = weights[parameter.name] else {
        throw Diagnostic(
          .unusableFile, "a weight is missing", at: .init(path: node.name), value: parameter.name)
      }
      return Value(parameter.extract(from: stored))
    }
  }

  private func evaluate(_ node: Network.Node, _ operands: [Value], batch: Int) throws -> Value {
    var parameters = try parameters(node)
    var operands = operands
    if node.op.isBF16 {
      operands[0] = operands[0].inBF16
      parameters[0] = parameters[0].inBF16
    }
    var shape = node.shape
    shape[0] *= batch
    var result = Value(shape)
    switch node.op {
    case .convolution(let convolution): convolve(convolution, operands, parameters, &result)
    case .linear(let linear): multiply(linear, operands[0], parameters, &result)
    case .pool(let pool): self.pool(pool, operands[0], &result)
    case .resize: resize(operands[0], &result)
    case .normalize, .batchNorm, .activation, .add, .multiply:
      transform(node.op, operands, parameters, &result)
    case .globalAveragePool, .flatten, .concat, .channelShuffle, .channelSlice:
      rearrange(node.op, operands, &result)
    case .constant, .binary, .transpose, .reshape, .slice, .join, .matrixProduct, .softmax, .layerNorm, .resample:
      combine(node.op, operands, parameters, &result)
    default:
      throw Diagnostic(.failure, "the reference does not run this operator", value: node.op.name)
    }
    return result
  }
}

extension Activation {
  /// The value of the activation.
  package func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .identity: x
    case .relu: max(x, 0)
    case .relu6: min(max(x, 0), 6)
    case .hswish: x * Activation.hsigmoid(x)
    case .hsigmoid: min(max(x / 6 + 0.5, 0), 1)
    case .swish: x / (1 + exp(-x))
    case .sigmoid: 1 / (1 + exp(-x))
    case .gelu: 0.5 * x * erfc(-x / 2.0.squareRoot())
    case .geluTanh: 0.5 * x * (1 + Foundation.tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
    case .tanh: Foundation.tanh(x)
    }
  }
}
