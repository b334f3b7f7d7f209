import Diagnostics
import Networks
import Tensors

/// What a fused operator does, as a latency predictor sees it.
public struct OperatorFeatures: Hashable, Sendable {
  /// The name of the node in the fused network.
  public let node: String
  /// The kind of work.
  public let category: OperatorCategory
  /// The amounts of work for a batch of one.
  public let terms: LatencyTerms
  /// Where it stands among others of its group.
  public let position: OperatorPosition

  /// Creates features from their parts.
  public init(
    node: String, category: OperatorCategory, terms: LatencyTerms, position: OperatorPosition = OperatorPosition(.zero)
  ) {
    self.node = node
    self.category = category
    self.terms = terms
    self.position = position
  }

  /// The features of a node of a fused network.
  public init(of node: Network.Node, in network: Network) {
    self.init(of: node, in: network, workingSet: network.workingSet)
  }

  /// The same where the network's working set is known.
  init(of node: Network.Node, in network: Network, workingSet: Double) {
    let operands = node.inputs.map { network.nodes[$0].shape }
    let cost = network.cost(of: node)
    var terms = LatencyTerms()
    terms[.operators] = 1
    terms[.macs] = node.op.windowElements(output: node.shape) ?? Double(cost.macs)
    terms[.waste] = Double(node.op.wastedMacs(output: node.shape, operands: operands))
    terms[.read] = 4 * Double(operands.reduce(0) { $0 + $1.elementCount })
    terms[.written] = 4 * Double(node.shape.elementCount)
    terms[.weights] = Double(cost.weightBytes)
    terms[.patches] = 4 * Double(node.op.patchElements(output: node.shape, operands: operands))
    terms[.exponentials] = Double(node.op.exponentials(output: node.shape))
    self.init(
      node: node.name, category: OperatorCategory(of: node, in: network), terms: terms,
      position: OperatorPosition(of: node, in: network, workingSet: workingSet))
  }
}

extension OperatorFeatures {
  /// The error of an operator whose category is not among those that have coefficients.
  func neverMeasured(known coefficients: FeatureTotals) -> Diagnostic {
    let known = coefficients.categories.map(\.rawValue)
    return Diagnostic(
      .failure, "the latency of this kind of operator was never measured", at: .init(path: node),
      value: category.rawValue, rule: "the predictor knows \(known.joined(separator: ", "))",
      nearest: nearestName(to: category.rawValue, among: known),
      remedy: "measure networks that hold it and fit the predictor again")
  }
}

/// The features of every operator of a network.
public struct NetworkFeatures: Hashable, Sendable {
  /// The features in the order of the fused network's nodes.
  public let operators: [OperatorFeatures]
  /// Bytes of all parameters and activations: what decides which of them stay in a cache from one run to the next.
  public let workingSet: Double
  /// What a runtime may do beside the operators: amounts by kind; see ``RuntimeWork``.
  let runtimeWork: [String: Double]
  /// What each operator's result passes before the next ones read it, in the order of the operators.
  package let passings: [Passing]

  /// Creates features from their parts.
  public init(operators: [OperatorFeatures]) {
    self.operators = operators
    workingSet = operators.reduce(0) { $0 + $1.terms[.weights] + $1.terms[.written] }
    runtimeWork = ["network": 1, "operators": Double(operators.count)]
    passings = operators.map {
      Passing(from: $0.category.group, to: "", bytes: $0.terms[.written], position: $0.position)
    }
  }

  /// The features of a network that is fused already.
  public init(ofFused network: Network) {
    let workingSet = network.workingSet
    operators = network.nodes.map { OperatorFeatures(of: $0, in: network, workingSet: workingSet) }
    self.workingSet = workingSet
    runtimeWork = RuntimeWork.amounts(of: network)
    passings = RuntimeWork.passings(of: network, workingSet: workingSet)
  }

  /// The features of the fused form of a network.
  public init(of network: Network) { self.init(ofFused: network.fused()) }

  /// The amounts of work summed per category; what a predictor is fitted on.
  public var totals: FeatureTotals {
    operators.reduce(into: FeatureTotals()) { $0[$1.category] = $0[$1.category] + $1.terms }
  }
}

extension Network {
  /// Bytes of all parameters and activations, in FP32.
  fileprivate var workingSet: Double {
    let cost = cost
    return Double(cost.weightBytes + cost.activationBytes)
  }
}

/// The amounts of work of a whole network, by category.
public struct FeatureTotals: Hashable, Sendable, Codable {
  /// The amounts of the categories that occur.
  public private(set) var byCategory: [String: LatencyTerms] = [:]

  /// Nothing of anything.
  public init() {}

  /// The categories that occur, in order of their names.
  public var categories: [OperatorCategory] { byCategory.keys.sorted().map(OperatorCategory.init) }

  /// The amounts of one category.
  public subscript(category: OperatorCategory) -> LatencyTerms {
    get { byCategory[category.rawValue] ?? LatencyTerms() }
    set { byCategory[category.rawValue] = newValue }
  }

  /// Whether a category occurs.
  public func contains(_ category: OperatorCategory) -> Bool { byCategory[category.rawValue] != nil }

  /// Reads the amounts by category and term.
  public init(from decoder: any Decoder) throws {
    byCategory = try decoder.singleValueContainer().decode([String: LatencyTerms].self)
  }

  /// Writes the amounts by category and term.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(byCategory)
  }
}

/// Numbers in the widest vector register, in FP32.
let vectorWidth = 16

extension Operator {
  /// Multiply-accumulates on the unused lanes of the last vector of output channels.
  fileprivate func wastedMacs(output: Shape, operands: [Shape]) -> Int {
    switch self {
    case .convolution(let c):
      let perOutput = operands[0][1] / c.groups * c.kernel.height * c.kernel.width
      // Groups that are not depthwise fill vectors each for itself.
      let isDepthwise = c.groups == c.channels
      let filled = isDepthwise ? c.channels : c.channels / c.groups
      let blocks = isDepthwise ? 1 : c.groups
      return blocks * missingLanes(filled) * output[2] * output[3] * perOutput
    case .linear, .matrixProduct:
      return missingLanes(output[-1]) * output.elementCount / output[-1] * operands[0][-1]
    default: return 0
    }
  }

  /// The elements that are laid out for a matrix product: the patches that a convolution other than pointwise and
  /// depthwise reads, or a right operand that is no parameter.
  fileprivate func patchElements(output: Shape, operands: [Shape]) -> Int {
    if case .matrixProduct = self { return operands[1].elementCount }
    guard case .convolution(let c) = self, c.kernel != .one, c.groups != c.channels else { return 0 }
    return output[2] * output[3] * operands[0][1] * c.kernel.height * c.kernel.width
  }

  /// The elements that go through an exponential.
  fileprivate func exponentials(output: Shape) -> Int {
    let activation: Activation
    switch self {
    case .convolution(let c): activation = c.activation
    case .linear(let l): activation = l.activation
    case .activation(let a): activation = a
    case .softmax: return output.elementCount
    case .swiglu(let hidden): return output.elementCount / output[-1] * hidden
    case .attention(let a): return output[1] * output[1] * a.heads
    default: return 0
    }
    switch activation {
    case .swish, .sigmoid, .gelu, .geluTanh, .tanh: return output.elementCount
    case .identity, .relu, .relu6, .hswish, .hsigmoid: return 0
    }
  }
}

private func missingLanes(_ channels: Int) -> Int {
  (channels + vectorWidth - 1) / vectorWidth * vectorWidth - channels
}
