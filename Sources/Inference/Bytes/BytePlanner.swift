import Diagnostics
import Networks
import Tensors

/// Decides for every operator of a quantised network whether it works on bytes, and puts conversions where the
/// representations change.
///
/// The numbers are those of the network: an operator works on bytes only where its operands and its result have grids,
/// and where the kernels compute what FP32 followed by rounding would.
struct BytePlanner {
  private let source: Network
  /// Values of the source that one node reads and no output.
  private let readOnce: Set<Network.ValueID>
  private let parameters: ParameterReader
  private var builder: NetworkBuilder
  private var plan: BytePlan
  /// The planned value of every value of the source, in its own representation.
  private var moved: [Network.ValueID] = []
  /// Planned values that stand for several values of the source.
  private var shared: Set<Network.ValueID> = []
  /// Bytes that were made numbers, by planned value.
  private var numbers: [Network.ValueID: Network.ValueID] = [:]
  /// Bytes that are a function of other bytes alone, by planned value.
  private var functions: [Network.ValueID: (root: Network.ValueID, table: [UInt8])] = [:]

  /// - Parameters:
  ///   - network: A fused network.
  ///   - usesBytes: Whether operators work on bytes at all; otherwise all of them work on FP32, and values are rounded.
  static func plan(_ network: Network, weights: Weights, usesBytes: Bool) throws -> BytePlan {
    guard network.isQuantised else { return BytePlan(network: network) }
    var planner = BytePlanner(usesBytes ? network.withSpreadGrids : network, weights)
    for node in planner.source.nodes { try planner.add(node, usesBytes: usesBytes) }
    let outputs = try planner.source.outputs.map { output in
      (name: output.name, value: try planner.inNumbers(planner.moved[output.value]))
    }
    planner.plan.network = planner.builder.network(outputs: outputs)
    return planner.plan.withoutUnread().fused()
  }

  private init(_ network: Network, _ weights: Weights) {
    source = network
    parameters = ParameterReader(weights: weights)
    let leaving = Set(network.outputs.map(\.value))
    readOnce = Set(network.consumers.enumerated().filter { $1.count == 1 }.map(\.offset)).subtracting(leaving)
    builder = NetworkBuilder(name: network.name)
    plan = BytePlan(network: network)
  }

  private mutating func add(_ node: Network.Node, usesBytes: Bool) throws {
    let operands = node.inputs.map { moved[$0] }
    let areBytes = !operands.isEmpty && operands.allSatisfy { builder.grid($0) != nil }
    if usesBytes, areBytes, let value = try addBytes(node, operands) {
      moved.append(value)
    } else {
      moved.append(try addNumbers(node, operands))
    }
  }

  /// The operator in FP32, with conversions around it.
  private mutating func addNumbers(
    _ node: Network.Node, _ operands: [Network.ValueID]
  ) throws -> Network.ValueID {
    let value: Network.ValueID
    if node.op == .input {
      value = try builder.input(node.name, node.shape)
    } else {
      let operands = try operands.map { try inNumbers($0) }
      value = try builder.append(node.name, node.op, operands, parameters: node.parameters)
    }
    guard let grid = node.grid else { return value }
    return try builder.append(node.name + ".bytes", .activation(.identity), [value], grid: grid)
  }

  /// A value as numbers.
  private mutating func inNumbers(_ value: Network.ValueID) throws -> Network.ValueID {
    guard builder.grid(value) != nil else { return value }
    if let known = numbers[value] { return known }
    let converted = try builder.append(
      builder.name(value) + ".numbers", .activation(.identity), [value])
    numbers[value] = converted
    return converted
  }

  // MARK: Operators on bytes

  /// The operator on bytes, or `nil` where there is no kernel for that.
  private mutating func addBytes(
    _ node: Network.Node, _ operands: [Network.ValueID]
  ) throws -> Network.ValueID? {
    switch node.op {
    case .convolution(let convolution): return try addConvolution(convolution, node, operands)
    case .linear(let linear):
      guard linear.hasByteWeights, builder.shape(operands[0]).rank == 2,
        try fits(node, operands[0], hasBias: linear.hasBias)
      else { return nil }
      return try addLayer(node, .linear(linear.with(activation: .identity)), linear.activation, operands)
    case .activation(let activation): return try addActivation(activation, node, operands[0])
    case .add, .concat, .pool, .globalAveragePool:
      return node.grid == nil ? nil : try append(node, operands)
    case .multiply:
      guard node.grid != nil else { return nil }
      return try addFunction(of: operands, node) ?? append(node, operands)
    case .flatten, .channelShuffle, .channelSlice:
      return node.grid == builder.grid(operands[0]) ? try append(node, operands) : nil
    default: return nil
    }
  }

  private mutating func append(_ node: Network.Node, _ operands: [Network.ValueID]) throws -> Network.ValueID {
    let value = try builder.append(node.name, node.op, operands, parameters: node.parameters, grid: node.grid)
    if node.op == .add { plan.tails[value] = ByteTail(grid: node.grid) }
    return value
  }

  /// Whether a layer's sums and bias are exact in 32-bit integers: sums must not overflow whatever the bytes are, and a
  /// bias must be a whole number of the sums' units, or these so fine that rounding it does not show in the result.
  private func fits(_ node: Network.Node, _ operand: Network.ValueID, hasBias: Bool) throws -> Bool {
    guard let input = builder.grid(operand) else { return false }
    let weights = try parameters.required(node, 0)
    let bias = hasBias ? try parameters.required(node, 1) : nil
    let scales = try parameters.required(node, hasBias ? 2 : 1)
    let size = weights.count / scales.count
    return scales.indices.allSatisfy { channel in
      let unit = Double(input.scale) * Double(scales[channel])
      let units = Double(bias?[channel] ?? 0) / unit
      let row = weights[channel * size..<(channel + 1) * size]
      let sum = row.reduce(0.0) { $0 + Double(abs($1)) } / Double(scales[channel])
      guard units.isFinite, 255 * sum + abs(units) < 0x7fff_0000 else { return false }
      let error = abs(units - units.rounded(.toNearestOrEven)) * unit
      return error <= 1e-5 * abs(Double(bias?[channel] ?? 0)) || error <= Double(node.grid?.scale ?? 0) / 32
    }
  }

  private mutating func addConvolution(
    _ convolution: Convolution, _ node: Network.Node, _ operands: [Network.ValueID]
  ) throws -> Network.ValueID? {
    guard convolution.hasByteWeights, try fits(node, operands[0], hasBias: convolution.hasBias) else { return nil }
    var plain = convolution
    plain.activation = .identity
    guard operands.count == 2 else {
      return try addLayer(node, .convolution(plain), convolution.activation, operands)
    }
    // A residual without rounding before it: the sums leave as numbers.
    let sums = try builder.append(
      node.name + ".sums", .convolution(plain), [operands[0]], parameters: node.parameters)
    plan.tails[sums] = ByteTail()
    let added = try builder.append(node.name + ".sum", .add, [sums, inNumbers(operands[1])])
    return try finish(added, node, convolution.activation)
  }

  /// A layer whose sums become bytes, or numbers where they are not rounded or a non-linearity comes first.
  private mutating func addLayer(
    _ node: Network.Node, _ op: Operator, _ activation: Activation, _ operands: [Network.ValueID]
  ) throws -> Network.ValueID {
    if let grid = node.grid, let bounds = grid.bounds(of: activation) {
      let value = try builder.append(node.name, op, operands, parameters: node.parameters, grid: grid)
      plan.tails[value] = ByteTail(grid: grid, bounds: bounds)
      return value
    }
    let isLast = node.grid == nil && activation == .identity
    let sums = try builder.append(
      isLast ? node.name : node.name + ".sums", op, operands, parameters: node.parameters)
    plan.tails[sums] = ByteTail()
    return isLast ? sums : try finish(sums, node, activation)
  }

  /// The activation and rounding of a value in numbers.
  private mutating func finish(
    _ value: Network.ValueID, _ node: Network.Node, _ activation: Activation
  ) throws -> Network.ValueID {
    var value = value
    if activation != .identity { value = try builder.append(node.name, .activation(activation), [value]) }
    guard let grid = node.grid else { return value }
    return try builder.append(node.name + ".bytes", .activation(.identity), [value], grid: grid)
  }

  /// A clamp on the same grid belongs to the layer before; everything else is a table.
  private mutating func addActivation(
    _ activation: Activation, _ node: Network.Node, _ operand: Network.ValueID
  ) throws -> Network.ValueID? {
    guard let grid = node.grid, let before = builder.grid(operand) else { return nil }
    if grid == before, let bounds = grid.bounds(of: activation) {
      if bounds == 0...255 {
        shared.insert(operand)
        return operand
      }
      if readOnce.contains(node.inputs[0]), !shared.contains(operand), let old = plan.tails[operand]?.bounds {
        plan.tails[operand]?.bounds =
          max(old.lowerBound, bounds.lowerBound)...min(old.upperBound, bounds.upperBound)
        return operand
      }
    }
    return try addTable(node.name, before.table(to: grid) { Float(activation(Double($0))) }, of: operand, grid)
  }

  private mutating func addTable(
    _ name: String, _ table: [UInt8], of operand: Network.ValueID, _ grid: ByteGrid
  ) throws -> Network.ValueID {
    // A table of a table is a table of the first operand.
    var (root, table) = (operand, table)
    if let inner = functions[operand] { (root, table) = (inner.root, inner.table.map { table[Int($0)] }) }
    let value = try builder.append(name, .activation(.identity), [root], grid: grid)
    plan.tables[value] = table
    functions[value] = (root, table)
    return value
  }

  /// A product whose factors are both functions of the same bytes, such as x · sigmoid(x), is a table too.
  private mutating func addFunction(
    of operands: [Network.ValueID], _ node: Network.Node
  ) throws -> Network.ValueID? {
    let parts = operands.map { functions[$0] ?? (root: $0, table: (0...255).map { UInt8($0) }) }
    guard parts[0].root == parts[1].root, let grid = node.grid, let left = builder.grid(operands[0]),
      let right = builder.grid(operands[1])
    else { return nil }
    let table = (0..<256).map { byte in
      grid.byte(left.number(parts[0].table[byte]) * right.number(parts[1].table[byte]))
    }
    let value = try builder.append(node.name, .activation(.identity), [parts[0].root], grid: grid)
    plan.tables[value] = table
    functions[value] = (parts[0].root, table)
    return value
  }
}

extension Linear {
  fileprivate func with(activation: Activation) -> Linear {
    var copy = self
    copy.activation = activation
    return copy
  }
}

extension Network {
  /// The network with the grids of values that are on one anyway: what only moves or selects numbers of a grid, and what a
  /// clamp that is rounded makes of an unrounded value nobody else reads.
  fileprivate var withSpreadGrids: Network {
    var result = self
    let consumers = consumers
    let leaving = Set(outputs.map(\.value))
    for (position, node) in nodes.enumerated() where node.grid == nil && !node.inputs.isEmpty {
      let grids = Set(node.inputs.map { result.nodes[$0].grid })
      switch node.op {
      case .flatten, .channelShuffle, .channelSlice, .concat:
        if grids.count == 1 { result.setGrid(grids.first ?? nil, of: position) }
      case .pool(let pool) where pool.kind == .maximum:
        result.setGrid(result.nodes[node.inputs[0]].grid, of: position)
      case .add where consumers[position].count == 1 && !leaving.contains(position):
        let next = nodes[consumers[position][0]]
        if case .activation(let activation) = next.op, let grid = next.grid, grid.bounds(of: activation) != nil {
          result.setGrid(grid, of: position)
        }
      default: break
      }
    }
    return result
  }
}
