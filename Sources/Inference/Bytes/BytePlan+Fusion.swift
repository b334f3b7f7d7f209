import Networks

extension BytePlan {
  /// The plan without operators that no output depends on, such as the factors of a product that became a table.
  func withoutUnread() -> BytePlan {
    var isNeeded = network.nodes.map { $0.op == .input }
    for output in network.outputs { isNeeded[output.value] = true }
    for position in network.nodes.indices.reversed() where isNeeded[position] {
      for input in network.nodes[position].inputs { isNeeded[input] = true }
    }
    return rebuilt(leavingOut: Set(isNeeded.indices.filter { !isNeeded[$0] }), groups: [:])
  }

  /// The plan with tables and sums fused into the layers before them.
  func fused() -> BytePlan {
    let consumers = network.consumers
    let leaving = Set(network.outputs.map(\.value))
    var taken = Set<Network.ValueID>()
    var groups: [Network.ValueID: Group] = [:]
    // Later layers choose first: of two that a sum joins, the one computed last adds the other.
    for root in network.nodes.indices.reversed() where isLayer(root) {
      var group = Group(root: root)
      var last = root
      while consumers[last].count == 1, !leaving.contains(last), !taken.contains(consumers[last][0]),
        group.extend(by: consumers[last][0], of: self, after: last)
      {
        group.absorbed.append(last)
        last = consumers[last][0]
        taken.insert(last)
      }
      if last != root { groups[last] = group }
    }
    return rebuilt(leavingOut: Set(groups.values.flatMap(\.absorbed)), groups: groups)
  }

  /// Whether a node is a layer whose sums become bytes.
  private func isLayer(_ value: Network.ValueID) -> Bool {
    guard tails[value]?.grid != nil else { return false }
    switch network.nodes[value].op {
    case .convolution, .linear: return true
    default: return false
    }
  }

  /// The plan with the groups in place of their last nodes.
  private func rebuilt(leavingOut: Set<Network.ValueID>, groups: [Network.ValueID: Group]) -> BytePlan {
    guard !leavingOut.isEmpty else { return self }
    var moved = [Network.ValueID](repeating: -1, count: network.nodes.count)
    var nodes: [Network.Node] = []
    var result = BytePlan(network: network)
    for (position, node) in network.nodes.enumerated() where !leavingOut.contains(position) {
      var node = node
      if let group = groups[position] {
        let grid = node.grid
        node = network.nodes[group.root]
        node.grid = grid
        if let residual = group.residual { node.inputs.append(residual) }
        result.tails[nodes.count] = group.tail(of: self)
      } else {
        result.tails[nodes.count] = tails[position]
        result.tables[nodes.count] = tables[position]
      }
      node.inputs = node.inputs.map { moved[$0] }
      moved[position] = nodes.count
      nodes.append(node)
    }
    result.network = network.with(
      nodes: nodes, outputs: network.outputs.map { .init(name: $0.name, value: moved[$0.value]) })
    return result
  }
}

/// A layer and what it takes over.
private struct Group {
  let root: Network.ValueID
  var absorbed: [Network.ValueID] = []
  var table: Network.ValueID?
  var sum: Network.ValueID?
  var residual: Network.ValueID?

  init(root: Network.ValueID) { self.root = root }

  /// Takes the next node over where the order layer, table, residual allows it.
  mutating func extend(by next: Network.ValueID, of plan: BytePlan, after last: Network.ValueID) -> Bool {
    let node = plan.network.nodes[next]
    guard sum == nil else { return false }
    if table == nil, plan.tables[next] != nil {
      table = next
      return true
    }
    guard node.op == .add, plan.tails[next] != nil, case .convolution = plan.network.nodes[root].op,
      let other = node.inputs.first(where: { $0 != last })
    else { return false }
    (sum, residual) = (next, other)
    return true
  }

  func tail(of plan: BytePlan) -> ByteTail {
    var tail = plan.tails[root] ?? ByteTail()
    tail.table = table.flatMap { plan.tables[$0] }
    tail.tableGrid = table.flatMap { plan.network.nodes[$0].grid }
    if let sum {
      tail.addsResidual = true
      tail.sumBounds = plan.tails[sum]?.bounds ?? 0...255
    }
    return tail
  }
}
