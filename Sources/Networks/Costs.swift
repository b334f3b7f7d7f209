import Tensors

/// What one run of a network or node costs for a batch of one, counted exactly from its shapes.
public struct Cost: Hashable, Sendable, Codable {
  /// Multiply-accumulate operations of convolutions, fully connected layers, matrix products and attention.
  public var macs = 0
  /// Learned numbers read, counted once per node. Running statistics of batch norm count.
  public var parameters = 0
  /// Bytes of the produced values in FP32.
  public var activationBytes = 0
  /// Bytes of the parameters in FP32.
  public var weightBytes = 0

  /// Nothing.
  public init() {}

  /// The sum of two costs. More operations than fit into a number, as only hostile networks have, are the largest number.
  public static func + (a: Cost, b: Cost) -> Cost {
    var sum = a
    let (macs, overflow) = a.macs.addingReportingOverflow(b.macs)
    sum.macs = overflow ? .max : macs
    sum.parameters += b.parameters
    sum.activationBytes += b.activationBytes
    sum.weightBytes += b.weightBytes
    return sum
  }
}

extension Network {
  /// The cost of one node.
  public func cost(of node: Node) -> Cost {
    var cost = Cost()
    cost.macs = node.op.macs(output: node.shape, operands: node.inputs.map { nodes[$0].shape })
    cost.parameters = node.parameters.reduce(0) { $0 + $1.shape.elementCount }
    cost.weightBytes = 4 * cost.parameters
    cost.activationBytes = node.op.isGiven ? 0 : 4 * node.shape.elementCount
    return cost
  }

  /// The cost of the whole network; a parameter that several nodes read counts once.
  public var cost: Cost {
    var cost = nodes.reduce(Cost()) { $0 + self.cost(of: $1) }
    cost.parameters = parameters.reduce(0) { $0 + $1.shape.elementCount }
    cost.weightBytes = 4 * cost.parameters
    return cost
  }
}

extension Operator {
  /// Whether the value is there before a run begins.
  package var isGiven: Bool {
    switch self {
    case .input, .constant: true
    default: false
    }
  }

  /// The elements that a pooling operator reads, window after window; `nil` for other operators.
  package func windowElements(output: Shape) -> Double? {
    guard case .pool(let pool) = self else { return nil }
    // Of hostile networks more than fit into an integer.
    return Double(output.elementCount) * Double(pool.kernel.height) * Double(pool.kernel.width)
  }

  /// Multiply-accumulate operations for an output and operands of the given shapes.
  func macs(output: Shape, operands: [Shape]) -> Int {
    switch self {
    case .convolution(let c):
      return output.elementCount * (operands[0][1] / c.groups) * c.kernel.height * c.kernel.width
    case .linear, .matrixProduct: return output.elementCount * operands[0][-1]
    case .swiglu(let hidden): return 3 * output.elementCount * hidden
    case .attention(let a):
      let (tokens, width) = (output[1], output[2])
      let projections = width * a.headWidth * (2 * a.heads + 2 * a.keyValueHeads)
      // Scores and weighted values; the causal half is not subtracted, as is usual in the field.
      let mixing = 2 * tokens * a.heads * a.headWidth
      return output[0] * tokens * (projections + mixing)
    default: return 0
    }
  }
}
