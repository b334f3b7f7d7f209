import Diagnostics

/// Layers that round values and weights to BF16 before they multiply; sums, biases and results stay FP32, so that nothing is
/// converted between them and layers in FP32.
extension Network {
  /// Whether any layer multiplies in BF16.
  public var hasBF16: Bool { nodes.contains { $0.op.isBF16 } }

  /// The names of the layers that multiply in BF16, in execution order.
  public var layersInBF16: [String] { nodes.filter(\.op.isBF16).map(\.name) }

  /// The network in which the named layers multiply in BF16, and no others.
  ///
  /// - Throws: ``Diagnostic`` for a name that no layer has that can.
  public func withBF16(_ names: Set<String>) throws -> Network {
    let able = nodes.filter { $0.op.canBeBF16 }.map(\.name)
    if let unknown = names.subtracting(able).min() {
      throw Diagnostic(
        .usage, "the network has no such layer", value: unknown,
        rule: "convolutions of one group and fully connected layers can be in BF16, unless their weights are bytes",
        nearest: nearestName(to: unknown, among: able))
    }
    let changed = nodes.map { node in
      var node = node
      node.op.setBF16(names.contains(node.name))
      return node
    }
    return with(nodes: changed, outputs: outputs)
  }
}

extension Operator {
  /// Whether it is a layer that multiplies in BF16.
  public var isBF16: Bool {
    switch self {
    case .convolution(let convolution): convolution.isBF16
    case .linear(let linear): linear.isBF16
    default: false
    }
  }

  /// Whether it is a layer that can multiply in BF16.
  package var canBeBF16: Bool {
    switch self {
    case .convolution(let convolution): convolution.groups == 1 && !convolution.hasByteWeights
    case .linear(let linear): !linear.hasByteWeights
    default: false
    }
  }

  fileprivate mutating func setBF16(_ isBF16: Bool) {
    switch self {
    case .convolution(var convolution):
      convolution.isBF16 = isBF16
      self = .convolution(convolution)
    case .linear(var linear):
      linear.isBF16 = isBF16
      self = .linear(linear)
    default: break
    }
  }
}
