import Diagnostics
import Tensors

/// What a convolution or a fully connected layer takes over from the nodes that follow it.
private struct FusionGroup {
  /// The node that remains.
  let root: Network.ValueID
  /// The nodes that are no longer there: the root, which moves, and all between it and the last node.
  var absorbed: [Network.ValueID] = []
  /// The node whose value the fused node produces; the fused node stands in its place.
  var last: Network.ValueID
  /// The batch norm that is folded into the weights.
  var batchNorm: Network.ValueID?
  /// The other operand of a fused addition.
  var residual: Network.ValueID?
  /// The fused activation.
  var activation: Activation?
}

extension Network {
  /// The same function with fewer nodes: batch norms folded into convolutions, additions of a residual and activations
  /// fused into the convolution or fully connected layer before them.
  ///
  /// This is the structure alone, without numbers: what latency features and costs see. Folded parameters are whole
  /// tensors named after their node. ``fused(with:)`` gives the same nodes in the same order.
  public func fused() -> Network {
    let groups = fusionGroups
    let byLast = Dictionary(uniqueKeysWithValues: groups.map { ($0.last, $0) })
    let absorbed = Set(groups.flatMap(\.absorbed))
    var moved = [ValueID](repeating: -1, count: nodes.count)
    var result = Network(name: name, nodes: [], outputs: [])
    for position in nodes.indices where !absorbed.contains(position) {
      var node = byLast[position].map(fusedNode) ?? nodes[position]
      node.inputs = node.inputs.map { moved[$0] }
      moved[position] = result.nodes.count
      result.nodes.append(node)
    }
    result.outputs = outputs.map { Output(name: $0.name, value: moved[$0.value]) }
    return result
  }

  /// The fused network of ``fused()`` together with its weights.
  ///
  /// - Throws: ``Diagnostic`` where a weight is missing or has another shape than the network says.
  public func fused(with weights: Weights) throws -> (network: Network, weights: Weights) {
    let network = fused()
    var folded: Weights = [:]
    for group in fusionGroups where group.batchNorm != nil {
      let (weight, bias) = try foldedParameters(group, weights)
      folded[nodes[group.root].name + ".weight"] = weight
      folded[nodes[group.root].name + ".bias"] = bias
    }
    for parameter in network.parameters where folded[parameter.name] == nil {
      folded[parameter.name] = try weights.stored(parameter)
    }
    return (network, folded)
  }

  /// The node of ``fused()`` that does the work of every node, by their names.
  public var fusedNames: [String: String] {
    var names = Dictionary(nodes.map { ($0.name, $0.name) }) { first, _ in first }
    for group in fusionGroups {
      for member in group.absorbed + [group.last] { names[nodes[member].name] = nodes[group.root].name }
    }
    return names
  }

  private func fusedNode(_ group: FusionGroup) -> Node {
    var node = nodes[group.root]
    node.grid = nodes[group.last].grid
    switch node.op {
    case .convolution(var convolution):
      if let activation = group.activation { convolution.activation = activation }
      if group.batchNorm != nil {
        convolution.hasBias = true
        node.parameters = [
          Parameter(node.name + ".weight", node.parameters[0].shape),
          Parameter(node.name + ".bias", [convolution.channels]),
        ]
      }
      if let residual = group.residual { node.inputs.append(residual) }
      node.op = .convolution(convolution)
    case .linear(var linear):
      if let activation = group.activation { linear.activation = activation }
      node.op = .linear(linear)
    default: break
    }
    return node
  }

  /// Every convolution and fully connected layer with what it takes over.
  ///
  /// Later nodes choose first, so that of two branches which an addition joins, the one that is computed last adds the
  /// other, whose value exists by then.
  private var fusionGroups: [FusionGroup] {
    let consumers = consumers
    let leaving = Set(outputs.map(\.value))
    var taken = Set<ValueID>()
    var groups: [FusionGroup] = []
    for root in nodes.indices.reversed() {
      var group = FusionGroup(root: root, last: root)
      while let next = successor(of: group, consumers, leaving), !taken.contains(next), extend(&group, by: next) {
        taken.insert(next)
      }
      if group.last != root { groups.append(group) }
    }
    return groups
  }

  /// The only reader of a group's value, where nobody else needs that value.
  private func successor(_ value: ValueID, _ consumers: [[ValueID]], _ leaving: Set<ValueID>) -> ValueID? {
    consumers[value].count == 1 && !leaving.contains(value) ? consumers[value][0] : nil
  }

  private func successor(
    of group: FusionGroup, _ consumers: [[ValueID]], _ leaving: Set<ValueID>
  ) -> ValueID? {
    switch nodes[group.root].op {
    case .convolution(let convolution) where convolution.activation == .identity:
      return successor(group.last, consumers, leaving)
    case .linear(let linear) where linear.activation == .identity:
      return successor(group.last, consumers, leaving)
    default: return nil
    }
  }

  /// Takes `next` into the group where the order weights, residual, activation allows it.
  private func extend(_ group: inout FusionGroup, by next: ValueID) -> Bool {
    // Rounding in between cannot be fused.
    guard group.activation == nil, nodes[group.last].grid == nil else { return false }
    let isConvolution = if case .convolution = nodes[group.root].op { true } else { false }
    switch nodes[next].op {
    case .activation(let activation):
      group.activation = activation
    case .batchNorm where canFold(group) && group.last == group.root && nodes[group.root].inputs.count == 1:
      group.batchNorm = next
    case .add where isConvolution && group.residual == nil && nodes[group.root].inputs.count == 1:
      guard let other = nodes[next].inputs.first(where: { $0 != group.last }) else { return false }
      group.residual = other
    default:
      return false
    }
    group.absorbed.append(group.last)
    group.last = next
    return true
  }

  /// Whether a batch norm may change the weights; what is rounded stays as it is.
  private func canFold(_ group: FusionGroup) -> Bool {
    guard case .convolution(let convolution) = nodes[group.root].op else { return false }
    return !convolution.hasByteWeights && !convolution.isBF16
  }

  /// W′ = W · gamma / sqrt(variance + epsilon) per output channel, and the bias to match.
  private func foldedParameters(_ group: FusionGroup, _ weights: Weights) throws -> (weight: Tensor, bias: Tensor) {
    guard let norm = group.batchNorm, case .batchNorm(let epsilon) = nodes[norm].op else {
      preconditionFailure("only groups with a batch norm are folded")
    }
    let root = nodes[group.root]
    var weight = try weights.box(root.parameters[0])
    let bias = root.parameters.count > 1 ? try weights.box(root.parameters[1]).values : nil
    let statistics = try nodes[norm].parameters.map { try weights.box($0).values }
    var folded = Tensor([weight.shape[0]])
    let size = weight.shape.elementCount / weight.shape[0]
    for channel in 0..<weight.shape[0] {
      let scale = statistics[0][channel] / (statistics[3][channel] + epsilon).squareRoot()
      folded.values[channel] = statistics[1][channel] + ((bias?[channel] ?? 0) - statistics[2][channel]) * scale
      for i in channel * size..<(channel + 1) * size { weight.values[i] *= scale }
    }
    return (weight, folded)
  }
}
