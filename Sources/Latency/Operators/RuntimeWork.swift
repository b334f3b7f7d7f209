import Networks

/// What a runtime may do beside the operators themselves, as amounts by kind: bytes that pass from one kind of operator to
/// another, whose layouts may differ; bytes under and calls of each activation, which it may not fuse; operators; and 1 for the
/// network.
///
/// Kinds of operators are told by what decides their layouts: whether channels fill vectors of 16 as they are.
enum RuntimeWork {
  /// The amounts of a fused network.
  static func amounts(of network: Network) -> [String: Double] {
    let kinds = network.nodes.map { kind(of: $0, in: network) }
    var amounts = ["network": 1.0]
    for (place, node) in network.nodes.enumerated() where !node.op.isGiven {
      amounts["operators", default: 0] += 1
      for input in node.inputs {
        let bytes = 4 * Double(network.nodes[input].shape.elementCount)
        amounts["\(origin(of: input, kinds, network))>\(kinds[place])", default: 0] += bytes
      }
      guard let activation = node.op.activationAfter else { continue }
      amounts["\(activation.rawValue) bytes", default: 0] += 4 * Double(node.shape.elementCount)
      amounts["\(activation.rawValue) calls", default: 0] += 1
    }
    return amounts
  }

  /// What the results of a fused network's nodes pass.
  static func passings(of network: Network, workingSet: Double) -> [Passing] {
    let kinds = network.nodes.map { kind(of: $0, in: network) }
    var readers = [Set<String>](repeating: [], count: kinds.count)
    for (place, node) in network.nodes.enumerated() {
      for input in node.inputs { readers[input].insert(kinds[place]) }
    }
    return network.nodes.enumerated().map { place, node in
      let activation = node.op.activationAfter.map { " " + $0.rawValue } ?? ""
      return Passing(
        from: origin(of: place, kinds, network) + activation,
        to: readers[place].isEmpty ? "end" : readers[place].sorted().joined(separator: "+"),
        bytes: 4 * Double(node.shape.elementCount),
        position: OperatorPosition(passing: node.shape, workingSet: workingSet))
    }
  }

  /// The kind of what a value comes from. Elementwise operators and pools keep the layout that they are given.
  private static func origin(of value: Int, _ kinds: [String], _ network: Network) -> String {
    let kind = kinds[value]
    guard ["elementwise", "pool"].contains(kind), let before = network.nodes[value].inputs.first else { return kind }
    return "\(kinds[before])-\(kind)"
  }

  private static func kind(of node: Network.Node, in network: Network) -> String {
    switch node.op {
    case .convolution(let c): kind(of: c, channels: network.nodes[node.inputs[0]].shape[1])
    case .pool, .globalAveragePool: "pool"
    case .add, .multiply, .activation, .binary: "elementwise"
    case .concat, .channelSlice, .channelShuffle: "channels"
    case .input, .constant: "given"
    default: "other"
    }
  }

  private static func kind(of convolution: Convolution, channels: Int) -> String {
    let fills = (convolution.groups == channels ? channels : channels / convolution.groups) % vectorWidth == 0
    if convolution.groups > 1 {
      let name = convolution.groups == channels ? "depthwise" : "grouped"
      return fills ? name : "ragged \(name)"
    }
    if channels < 16 { return "stem" }
    return fills ? "dense" : "ragged dense"
  }
}

/// What a result passes between the operator that makes it and those that read it: a change of layout, or an activation that
/// the runtime does not fuse.
package struct Passing: Hashable, Sendable {
  /// The kind of the operator that it comes from, with its activation.
  package let origin: String
  /// Both kinds.
  package let kind: String
  /// Bytes of the result.
  package let bytes: Double
  /// Where it stands among others of its kind.
  package let position: OperatorPosition

  package init(from origin: String, to readers: String, bytes: Double, position: OperatorPosition) {
    (self.origin, kind, self.bytes, self.position) = (origin + ">", "\(origin)>\(readers)", bytes, position)
  }
}

extension Operator {
  /// The activation that is fused into the operator, if any.
  fileprivate var activationAfter: Activation? {
    switch self {
    case .convolution(let c): c.activation == .identity ? nil : c.activation
    case .linear(let linear): linear.activation == .identity ? nil : linear.activation
    default: nil
    }
  }
}
