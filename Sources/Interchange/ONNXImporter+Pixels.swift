import Networks
import Tensors

/// Gates of squeeze-excite blocks that are computed by fully connected layers: flattened, multiplied, and made an image of
/// one pixel again, which is what 1×1 convolutions compute without any reshaping.
extension ONNXImporter {
  /// A value of rank 2 as an image of one pixel, or `nil` where other operators than these stand between.
  mutating func pixel(_ value: Network.ValueID) throws -> Network.ValueID? {
    var chain: [Network.ValueID] = []
    var current = value
    while pixels[current] == nil {
      let producer = producers[current]
      switch producer.op {
      case .linear, .activation:
        guard builder.shape(current).rank == 2 else { return nil }
        chain.append(current)
      case .flatten:
        let shape = builder.shape(producer.source)
        guard shape.rank == 4, shape[2] == 1, shape[3] == 1 else { return nil }
        pixels[current] = producer.source
        continue
      default: return nil
      }
      current = producer.source
    }
    for value in chain.reversed() { pixels[value] = try convolved(value) }
    return pixels[value]
  }

  /// A fully connected layer as a 1×1 convolution, or an activation, of the pixel that its operand is.
  private mutating func convolved(_ value: Network.ValueID) throws -> Network.ValueID {
    let producer = producers[value]
    let source = pixels[producer.source] ?? producer.source
    let grid = builder.grid(value)
    guard case .linear(let linear) = producer.op else {
      let copy = try append(producer.name, producer.op, [source])
      builder.setGrid(grid, of: copy)
      return copy
    }
    var op = Convolution(channels: linear.features, kernel: .one, hasBias: linear.hasBias)
    op.hasByteWeights = linear.hasByteWeights
    let parameters = producer.parameters.compactMap { role, name in
      weights[name].map { (role, role == "weight" ? $0.reshaped(to: Shape($0.shape.dimensions + [1, 1])) : $0) }
    }
    let copy = try append(producer.name, .convolution(op), [source], parameters)
    builder.setGrid(grid, of: copy)
    return copy
  }
}

extension Network {
  /// The network without nodes that no output depends on; inputs stay.
  func withoutUnreadNodes() throws -> Network {
    var isNeeded = nodes.map { $0.op == .input }
    for output in outputs { isNeeded[output.value] = true }
    for position in nodes.indices.reversed() where isNeeded[position] {
      for input in nodes[position].inputs { isNeeded[input] = true }
    }
    guard isNeeded.contains(false) else { return self }
    var builder = NetworkBuilder(name: name)
    var moved = [ValueID](repeating: -1, count: nodes.count)
    for (position, node) in nodes.enumerated() where isNeeded[position] {
      moved[position] =
        node.op == .input
        ? try builder.input(node.name, node.shape, grid: node.grid)
        : try builder.append(
          node.name, node.op, node.inputs.map { moved[$0] }, parameters: node.parameters, grid: node.grid)
    }
    return builder.network(outputs: outputs.map { ($0.name, moved[$0.value]) })
  }
}
