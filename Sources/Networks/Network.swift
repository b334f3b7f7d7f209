import Diagnostics
import Tensors

/// A typed graph of operators with shapes, and parameters by name: the one representation that supernet training,
/// inference, latency features, cost analysis and ONNX speak.
///
/// Nodes stand in execution order and produce one value each, so a value is named by the position of its node and a cycle
/// cannot be written. Shapes are for a batch of one; executors multiply the first dimension.
///
///     var builder = NetworkBuilder(name: "tiny")
///     let image = try builder.input("image", [1, 3, 32, 32])
///     let stem = try builder.convolution("stem", image, .square(channels: 16, kernel: 3))
///     let pooled = try builder.append("pool", .globalAveragePool, [stem])
///     let flat = try builder.append("flat", .flatten, [pooled])
///     let logits = try builder.linear("head", flat, .init(features: 10))
///     let network = builder.network(outputs: [("logits", logits)])
public struct Network: Hashable, Sendable {
  /// The position of the node that produces a value.
  public typealias ValueID = Int

  /// One operator with its operands.
  public struct Node: Hashable, Sendable {
    /// A name that is unique in the network.
    public var name: String
    /// What it computes.
    public var op: Operator
    /// The values it reads; each stands earlier in the network.
    public var inputs: [ValueID]
    /// The parameters it reads, in the order that ``Operator`` states.
    public var parameters: [Parameter]
    /// The shape of its value for a batch of one.
    public var shape: Shape
    /// The grid that the value is rounded to; `nil` for a value in FP32.
    public var grid: ByteGrid?
  }

  /// A value that leaves the network.
  public struct Output: Hashable, Sendable {
    /// The name that callers see.
    public var name: String
    /// The value.
    public var value: ValueID

    /// Creates an output.
    public init(name: String, value: ValueID) {
      self.name = name
      self.value = value
    }
  }

  /// The network's name.
  public var name: String
  /// The nodes in execution order.
  public internal(set) var nodes: [Node]
  /// The values that leave the network.
  public internal(set) var outputs: [Output]

  /// The network with other nodes, which the caller has checked.
  package func with(nodes: [Node], outputs: [Output]) -> Network {
    Network(name: name, nodes: nodes, outputs: outputs)
  }

  /// Rounds a value.
  package mutating func setGrid(_ grid: ByteGrid?, of value: ValueID) { nodes[value].grid = grid }

  /// The positions of the input nodes.
  public var inputs: [ValueID] { nodes.indices.filter { nodes[$0].op == .input } }

  /// Whether any value is rounded to bytes.
  public var isQuantised: Bool { nodes.contains { $0.grid != nil } }

  /// Every parameter once, in order of first use.
  public var parameters: [Parameter] {
    var seen = Set<String>()
    return nodes.flatMap(\.parameters).filter { seen.insert($0.name).inserted }
  }

  /// For every value, the positions of the nodes that read it.
  public var consumers: [[ValueID]] {
    var consumers = [[ValueID]](repeating: [], count: nodes.count)
    for (position, node) in nodes.enumerated() { for input in node.inputs { consumers[input].append(position) } }
    return consumers
  }
}

/// Builds a ``Network`` node by node, with the shape of every value inferred and checked at once.
public struct NetworkBuilder {
  private var name: String
  private var nodes: [Network.Node] = []
  private var names: Set<String> = []

  /// Starts an empty network.
  public init(name: String) { self.name = name }

  /// The shape of a value for a batch of one.
  public func shape(_ value: Network.ValueID) -> Shape { nodes[value].shape }

  /// Adds an input.
  public mutating func input(_ name: String, _ shape: Shape, grid: ByteGrid? = nil) throws -> Network.ValueID {
    try append(Network.Node(name: name, op: .input, inputs: [], parameters: [], shape: shape, grid: grid))
  }

  /// The name of the node that produces a value.
  public func name(_ value: Network.ValueID) -> String { nodes[value].name }

  /// The grid that a value is rounded to.
  public func grid(_ value: Network.ValueID) -> ByteGrid? { nodes[value].grid }

  /// Rounds a value that is there already.
  public mutating func setGrid(_ grid: ByteGrid?, of value: Network.ValueID) { nodes[value].grid = grid }

  /// Adds a node and returns its value.
  ///
  /// - Throws: ``Diagnostic`` that names the node where operands, parameters and operator do not fit.
  public mutating func append(
    _ name: String, _ op: Operator, _ inputs: [Network.ValueID], parameters: [Parameter] = [], grid: ByteGrid? = nil
  ) throws -> Network.ValueID {
    let operands = inputs.map { nodes[$0].shape }
    let shape = try op.outputShape(operands, parameters: parameters, node: name)
    return try append(
      Network.Node(name: name, op: op, inputs: inputs, parameters: parameters, shape: shape, grid: grid))
  }

  private mutating func append(_ node: Network.Node) throws -> Network.ValueID {
    guard names.insert(node.name).inserted else {
      throw Diagnostic(.failure, "two nodes have one name", at: .init(path: node.name), rule: "names are unique")
    }
    nodes.append(node)
    return nodes.count - 1
  }

  /// The finished network; its outputs are values of this builder.
  public consuming func network(outputs: [(name: String, value: Network.ValueID)]) -> Network {
    for output in outputs {
      precondition(
        nodes.indices.contains(output.value), "the output \(output.name) is value \(output.value) of \(nodes.count)")
    }
    return Network(name: name, nodes: nodes, outputs: outputs.map { .init(name: $0.name, value: $0.value) })
  }
}

extension NetworkBuilder {
  /// Adds a convolution whose parameters are whole tensors named `name.weight` and `name.bias`.
  public mutating func convolution(
    _ name: String, _ input: Network.ValueID, _ convolution: Convolution
  ) throws -> Network.ValueID {
    let channels = shape(input).rank == 4 ? shape(input)[1] : 0
    var parameters = [
      Parameter(
        name + ".weight",
        [
          convolution.channels, channels / max(1, convolution.groups), convolution.kernel.height,
          convolution.kernel.width,
        ])
    ]
    if convolution.hasBias { parameters.append(Parameter(name + ".bias", [convolution.channels])) }
    return try append(name, .convolution(convolution), [input], parameters: parameters)
  }

  /// Adds a batch norm whose parameters are whole tensors named `name.gamma`, `.beta`, `.mean`, `.variance`.
  public mutating func batchNorm(
    _ name: String, _ input: Network.ValueID, epsilon: Float = 1e-5
  ) throws -> Network.ValueID {
    let channels = shape(input)[1]
    let parameters = ["gamma", "beta", "mean", "variance"].map { Parameter("\(name).\($0)", [channels]) }
    return try append(name, .batchNorm(epsilon: epsilon), [input], parameters: parameters)
  }

  /// Adds a fully connected layer whose parameters are whole tensors named `name.weight` and `name.bias`.
  public mutating func linear(_ name: String, _ input: Network.ValueID, _ linear: Linear) throws -> Network.ValueID {
    var parameters = [Parameter(name + ".weight", [linear.features, shape(input)[-1]])]
    if linear.hasBias { parameters.append(Parameter(name + ".bias", [linear.features])) }
    return try append(name, .linear(linear), [input], parameters: parameters)
  }
}
