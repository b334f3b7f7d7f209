import Networks
import Tensors

// MARK: Shapes

extension ONNXImporter {
  mutating func flatten(_ node: ONNXNodeReader) throws {
    let input = try operand(node)
    let shape = builder.shape(input)
    let stated = node.integer("axis", default: 1)
    let axis = stated < 0 ? stated + shape.rank : stated
    try node.require((1...shape.rank).contains(axis), "the batch stays the first axis", value: String(stated))
    let sides = [shape.dimensions[..<axis], shape.dimensions[axis...]].map { $0.reduce(1, *) }
    try defineReshaped(node, input, Shape(sides))
  }

  mutating func reshape(_ node: ONNXNodeReader) throws {
    guard let target = try constant(node, 1)?.integers ?? node.integers("shape") else {
      throw node.unusable("the shape is not constant", value: node.input(1))
    }
    try node.require(!target.contains(0) || node.integer("allowzero", default: 0) == 0, "0 keeps an extent")
    guard let name = node.input(0) else { throw node.unusable("operand 0 is missing") }
    switch try imported(name, for: node) {
    case .constant(let constant): try reshapeConstant(node, constant, target)
    case .grouped(let source, let groups, let isSwapped):
      let shape = builder.shape(source)
      let shaped = try resolved(node, target, from: groupedShape(shape, groups, isSwapped))
      if isSwapped, shaped == shape { return try define(node, .channelShuffle(groups: groups), [source]) }
      try defineReshaped(node, try value(name, for: node), shaped)
    default:
      let input = try value(name, for: node)
      let old = builder.shape(input)
      let new = try resolved(node, target, from: old)
      // Half of a channel shuffle, perhaps.
      if old.rank == 4, new.rank == 5, new[0] == old[0], new[1] * new[2] == old[1], new[3] == old[2], new[4] == old[3] {
        return try define(node, .grouped(input, groups: new[1], isSwapped: false))
      }
      try defineReshaped(node, input, new)
    }
  }

  /// A value in another shape, by the operator that says most about it.
  mutating func defineReshaped(_ node: ONNXNodeReader, _ input: Network.ValueID, _ new: Shape) throws {
    let old = builder.shape(input)
    if new == old { return try define(node, .node(input)) }
    if old.rank == 2, new == Shape(old.dimensions + [1, 1]), let pixel = try pixel(input) {
      return try define(node, .node(pixel))
    }
    try define(node, .node(try reshaped(input, new, name: node.name)))
  }

  /// A value in another shape.
  mutating func reshaped(_ input: Network.ValueID, _ new: Shape, name: String) throws -> Network.ValueID {
    let old = builder.shape(input)
    if new == old { return input }
    if new.rank == 2, new[0] == old[0] { return try append(name, .flatten, [input]) }
    return try append(name, .reshape(new), [input])
  }

  func groupedShape(_ shape: Shape, _ groups: Int, _ isSwapped: Bool) -> Shape {
    let rest = shape[1] / groups
    return [shape[0], isSwapped ? rest : groups, isSwapped ? groups : rest, shape[2], shape[3]]
  }

  /// The shape for a batch of one that a target with 0 (as before) and -1 (what remains) means for the file's batch.
  func resolved(_ node: ONNXNodeReader, _ target: [Int], from old: Shape) throws -> Shape {
    func refuse() -> Error {
      node.unusable("the shape does not fit", value: "\(target.prefix(8))", rule: "the value is \(old)")
    }
    guard (1...8).contains(target.count) else { throw refuse() }
    var whole = old
    whole[0] *= batch
    var shape = Shape(
      target.enumerated().map { axis, extent in extent == 0 ? (axis < old.rank ? whole[axis] : 0) : extent })
    if let open = shape.dimensions.firstIndex(of: -1) {
      shape[open] = 1
      guard let rest = shape.checkedElementCount, rest > 0 else { throw refuse() }
      shape[open] = whole.elementCount / rest
    }
    guard shape.checkedElementCount == whole.elementCount, shape[0] > 0 else { throw refuse() }
    guard shape[0] % batch == 0 else {
      throw node.unusable(
        "the batch is mixed with other axes", value: "\(target.prefix(8))", rule: "the value is \(old)")
    }
    shape[0] /= batch
    return shape
  }

  /// Leaves out axes of extent 1.
  mutating func squeeze(_ node: ONNXNodeReader) throws {
    guard let name = node.input(0) else { throw node.unusable("operand 0 is missing") }
    let stated = try integers(node, attribute: "axes", input: 1)
    switch try imported(name, for: node) {
    case .permuted(let source, let order): try squeeze(node, source, order, stated ?? [])
    case .constant(let constant):
      let kept = try squeezed(constant.shape, stated, node, hasBatch: false)
      try define(node, .constant(constant.reshaped(to: kept)))
    default:
      let input = try value(name, for: node)
      try defineReshaped(node, input, squeezed(builder.shape(input), stated, node, hasBatch: true))
    }
  }

  /// A shape without the stated axes, or without all of extent 1; the first axis of a value is its batch.
  private func squeezed(_ shape: Shape, _ stated: [Int]?, _ node: ONNXNodeReader, hasBatch: Bool) throws -> Shape {
    let axes =
      try stated.map { try self.axes(node, $0, rank: shape.rank) }
      ?? shape.dimensions.indices.filter { shape[$0] == 1 && ($0 > 0 || !hasBatch) }
    try node.require(axes.allSatisfy { shape[$0] == 1 }, "axes of extent 1 are left out", value: "\(shape)")
    try node.require(!hasBatch || !axes.contains(0), "the batch stays")
    return Shape(shape.dimensions.indices.filter { !axes.contains($0) }.map { shape[$0] })
  }

  private mutating func squeeze(
    _ node: ONNXNodeReader, _ source: Network.ValueID, _ order: [Int], _ stated: [Int]
  ) throws {
    let axes = try axes(node, stated, rank: order.count)
    var (value, order) = (source, order)
    for axis in axes.sorted(by: >) {
      try node.require(builder.shape(value)[order[axis]] == 1, "axes of extent 1 are left out")
      (value, order) = try without(axis, of: value, order, node)
    }
    try define(node, permuted: value, order)
  }

  /// Axes, where negative ones count from the end.
  func axes(_ node: ONNXNodeReader, _ stated: [Int], rank: Int) throws -> [Int] {
    let axes = stated.map { $0 < 0 ? $0 + rank : $0 }
    try node.require(
      axes.allSatisfy { (0..<rank).contains($0) } && Set(axes).count == axes.count, "the axes are those of the value",
      value: "axes \(stated.prefix(8))")
    return axes
  }

  /// Adds axes of extent 1.
  mutating func unsqueeze(_ node: ONNXNodeReader) throws {
    let stated = try integers(node, attribute: "axes", input: 1) ?? []
    if let constant = try constant(node, 0) {
      let (shape, _) = try unsqueezed(constant.shape, stated, node)
      return try define(node, .constant(constant.reshaped(to: shape)))
    }
    if let name = node.input(0), case .column(let input) = try imported(name, for: node),
      stated == [3] || stated == [-1], let pixel = try pixel(input)
    {
      return try define(node, .node(pixel))
    }
    let input = try operand(node)
    let (shape, axes) = try unsqueezed(builder.shape(input), stated, node)
    try node.require(!axes.contains(0), "the batch stays the first axis")
    if axes == [2], shape.rank == 3 { return try define(node, .column(input)) }
    try defineReshaped(node, input, shape)
  }

  /// A shape with axes of extent 1 more, and these axes.
  private func unsqueezed(
    _ shape: Shape, _ stated: [Int], _ node: ONNXNodeReader
  ) throws -> (shape: Shape, axes: [Int]) {
    let rank = shape.rank + stated.count
    let axes = try axes(node, stated, rank: rank)
    try node.require(rank <= 8, "there are at most 8 axes")
    var rest = shape.dimensions[...]
    return (Shape((0..<rank).map { axes.contains($0) ? 1 : rest.removeFirst() }), axes)
  }
}

// MARK: Orders

extension ONNXImporter {
  mutating func transpose(_ node: ONNXNodeReader) throws {
    guard let name = node.input(0) else { throw node.unusable("operand 0 is missing") }
    func order(_ rank: Int) throws -> [Int] {
      let order = node.integers("perm") ?? (0..<rank).reversed()
      try node.require(order.sorted() == Array(0..<rank), "perm names every axis once", value: "\(order.prefix(8))")
      return order
    }
    switch try imported(name, for: node) {
    case .constant(let constant):
      try define(node, .constant(constant.transposed(try order(constant.shape.rank))))
    case .grouped(let source, let groups, false) where node.integers("perm") == [0, 2, 1, 3, 4]:
      try define(node, .grouped(source, groups: groups, isSwapped: true))
    case .permuted(let source, let before):
      try define(node, permuted: source, try order(before.count).map { before[$0] })
    default:
      let input = try value(name, for: node)
      try define(node, permuted: input, try order(builder.shape(input).rank))
    }
  }

  /// A transposed value. While the batch is not the first axis it is not yet one of the network: something must follow
  /// that takes the axes ahead of the batch apart, as attention does with queries, keys and values.
  func isComplete(_ order: [Int]) -> Bool { order.first == 0 }

  mutating func define(_ node: ONNXNodeReader, permuted source: Network.ValueID, _ order: [Int]) throws {
    guard isComplete(order) else { return try define(node, .permuted(source, order: order)) }
    try define(node, .node(try transposed(source, order, name: node.name)))
  }

  mutating func transposed(_ source: Network.ValueID, _ order: [Int], name: String) throws -> Network.ValueID {
    order == Array(order.indices) ? source : try append(name, .transpose(order: order), [source])
  }

  /// A value and an order without one axis, whose extent is 1.
  mutating func without(
    _ axis: Int, of value: Network.ValueID, _ order: [Int], _ node: ONNXNodeReader
  ) throws -> (Network.ValueID, [Int]) {
    let gone = order[axis]
    try node.require(gone != 0, "the batch stays")
    var shape = builder.shape(value).dimensions
    shape.remove(at: gone)
    var order = order
    order.remove(at: axis)
    return (
      try reshaped(value, Shape(shape), name: node.name + ".axis"), order.map { $0 > gone ? $0 - 1 : $0 }
    )
  }
}
