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
  private func resolved(_ node: ONNXNodeReader, _ target: [Int], from old: Shape) throws -> Shape {
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
    if case .permuted(let source, let order) = try imported(name, for: node) {
      return try squeeze(node, source, order, stated ?? [])
    }
    let constant = try constant(node, 0)
    let input = constant == nil ? try value(name, for: node) : -1
    let shape = constant?.shape ?? builder.shape(input)
    let axes =
      try stated.map { try self.axes(node, $0, rank: shape.rank) }
      ?? shape.dimensions.indices.filter { shape[$0] == 1 && (constant != nil || $0 > 0) }
    try node.require(axes.allSatisfy { shape[$0] == 1 }, "axes of extent 1 are left out", value: "\(shape)")
    try node.require(constant != nil || !axes.contains(0), "the batch stays")
    let kept = Shape(shape.dimensions.indices.filter { !axes.contains($0) }.map { shape[$0] })
    if let constant { return try define(node, .constant(constant.reshaped(to: kept))) }
    try defineReshaped(node, input, kept)
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
    let constant = try constant(node, 0)
    if constant == nil, let name = node.input(0), case .column(let input) = try imported(name, for: node),
      stated == [3] || stated == [-1], let pixel = try pixel(input)
    {
      return try define(node, .node(pixel))
    }
    let input = constant == nil ? try operand(node) : -1
    let shape = constant?.shape ?? builder.shape(input)
    let axes = try axes(node, stated, rank: shape.rank + stated.count)
    var rest = shape.dimensions[...]
    let new = Shape((0..<shape.rank + axes.count).map { axes.contains($0) ? 1 : rest.removeFirst() })
    try node.require(new.rank <= 8, "there are at most 8 axes")
    if let constant { return try define(node, .constant(constant.reshaped(to: new))) }
    try node.require(!axes.contains(0), "the batch stays the first axis")
    if shape.rank == 2, axes == [2] { return try define(node, .column(input)) }
    try defineReshaped(node, input, new)
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
  private mutating func without(
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

// MARK: Parts

extension ONNXImporter {
  mutating func concat(_ node: ONNXNodeReader) throws {
    if let operands = try constants(node) { return try concat(node, operands) }
    var rank = 0
    for name in node.inputs {
      if case .constant = try imported(name, for: node) { continue }
      let value = try value(name, for: node)
      rank = builder.shape(value).rank
    }
    var (values, isImage) = ([Network.ValueID](), rank == 4)
    for position in node.proto.input.indices {
      if let constant = try constant(node, position) {
        isImage = false
        values.append(try constantValue(node, constant, rank: rank))
      } else {
        values.append(try operand(node, position))
      }
    }
    let axis = try axes(node, [node.integer("axis", default: 1)], rank: rank)[0]
    try node.require(axis > 0, "the batch is not joined")
    try define(node, isImage && axis == 1 ? .concat : .join(axis: axis), values)
  }

  private mutating func concat(_ node: ONNXNodeReader, _ operands: [ONNXConstant]) throws {
    let rank = operands[0].shape.rank
    let axis = try axes(node, [node.integer("axis", default: 0)], rank: rank)[0]
    var shape = operands[0].shape
    shape[axis] = operands.reduce(0) { $0 + ($1.shape.rank == rank ? $1.shape[axis] : 0) }
    let fits = operands.allSatisfy { operand in
      operand.shape.rank == rank && (0..<rank).allSatisfy { $0 == axis || operand.shape[$0] == shape[$0] }
    }
    try node.require(fits, "the constants differ along the axis alone")
    try charge(shape.elementCount)
    let outer = shape.dimensions[..<axis].reduce(1, *)
    func joined<Element>(_ lists: [[Element]]) -> [Element] {
      (0..<outer).flatMap { o in
        lists.flatMap { list in list[o * (list.count / outer)..<(o + 1) * (list.count / outer)] }
      }
    }
    let integers = operands.compactMap(\.integers)
    let elements: ONNXConstant.Elements =
      integers.count == operands.count ? .integers(joined(integers)) : .reals(joined(operands.map(\.reals)))
    try define(node, .constant(ONNXConstant(shape, elements)))
  }

  mutating func slice(_ node: ONNXNodeReader) throws {
    let starts = try integers(node, attribute: "starts", input: 1) ?? []
    let ends = try integers(node, attribute: "ends", input: 2) ?? []
    let constant = try constant(node, 0)
    if constant == nil, let name = node.input(0), case .permuted(let source, let order) = try imported(name, for: node)
    {
      return try slice(node, source, order, starts: starts, ends: ends)
    }
    var value = constant == nil ? try operand(node) : -1
    let rank = constant?.shape.rank ?? builder.shape(value).rank
    let axes = try axes(
      node, try integers(node, attribute: "axes", input: 3) ?? Array(starts.indices), rank: rank)
    let steps = try integers(node, attribute: "steps", input: 4) ?? starts.map { _ in 1 }
    try node.require(
      starts.count == axes.count && ends.count == axes.count && steps.count == axes.count && !steps.contains(0),
      "there is a start, an end and a step for every axis")
    var result = constant
    for (i, axis) in axes.enumerated() {
      let extent = result?.shape[axis] ?? builder.shape(value)[axis]
      let picked = positions(extent, starts[i], ends[i], steps[i])
      if let constant = result {
        try charge(constant.shape.elementCount)
        result = constant.picked(axis: axis, picked)
      } else {
        value = try sliced(value, axis, picked, steps[i], node)
      }
    }
    try define(node, result.map { .constant($0) } ?? .node(value))
  }

  /// Parts of a value whose batch is not yet the first axis again.
  private mutating func slice(
    _ node: ONNXNodeReader, _ source: Network.ValueID, _ order: [Int], starts: [Int], ends: [Int]
  ) throws {
    let stated = try integers(node, attribute: "axes", input: 3) ?? Array(starts.indices)
    let axes = try axes(node, stated, rank: order.count)
    let steps = try integers(node, attribute: "steps", input: 4) ?? starts.map { _ in 1 }
    try node.require(
      starts.count == axes.count && ends.count == axes.count && steps.count == axes.count && !steps.contains(0),
      "there is a start, an end and a step for every axis")
    var value = source
    for (i, axis) in axes.enumerated() {
      let picked = positions(builder.shape(value)[order[axis]], starts[i], ends[i], steps[i])
      value = try sliced(value, order[axis], picked, steps[i], node)
    }
    try define(node, permuted: value, order)
  }

  private mutating func sliced(
    _ value: Network.ValueID, _ axis: Int, _ positions: [Int], _ step: Int, _ node: ONNXNodeReader
  ) throws -> Network.ValueID {
    let shape = builder.shape(value)
    if positions == Array(0..<shape[axis]) { return value }
    try node.require(axis > 0, "the batch is not sliced")
    try node.require(step > 0, "values are sliced forwards", value: "step \(step)")
    try node.require(!positions.isEmpty, "something remains", value: "axis \(axis)")
    return try part(
      of: value, AxisSlice(axis: axis, start: positions[0], count: positions.count, step: step), node.name)
  }

  /// Some positions of an axis, by the operator that says most about them.
  mutating func part(of value: Network.ValueID, _ slice: AxisSlice, _ name: String) throws -> Network.ValueID {
    if slice.axis == 1, slice.step == 1, builder.shape(value).rank == 4 {
      return try append(name, .channelSlice(start: slice.start, count: slice.count), [value])
    }
    return try append(name, .slice(slice), [value])
  }

  /// The positions from `start` to `end` of `extent`, where negative ones count from the end.
  func sliced(_ extent: Int, _ start: Int, _ end: Int) -> Range<Int> {
    let bounds = [start, end].map { min(max($0 < 0 ? $0 &+ extent : $0, 0), extent) }
    return bounds[0]..<max(bounds[0], bounds[1])
  }

  private func positions(_ extent: Int, _ start: Int, _ end: Int, _ step: Int) -> [Int] {
    if step > 0 {
      let range = sliced(extent, start, end)
      return Array(stride(from: range.lowerBound, to: range.upperBound, by: min(step, extent + 1)))
    }
    // Backwards, the end before the first position is -1 - extent or less.
    let first = min(max(start < 0 ? start &+ extent : start, -1), extent - 1)
    let last = min(max(end < 0 ? end &+ extent : end, -1), extent - 1)
    return first < 0 ? [] : Array(stride(from: first, to: last, by: max(step, -extent - 1)))
  }

  mutating func split(_ node: ONNXNodeReader) throws {
    guard let name = node.input(0) else { throw node.unusable("operand 0 is missing") }
    var order: [Int]?
    let input: Network.ValueID
    let constant = try constant(node, 0)
    if let constant {
      (input, order) = (-1, Array(0..<constant.shape.rank))
    } else if case .permuted(let source, let permutation) = try imported(name, for: node) {
      (input, order) = (source, permutation)
    } else {
      input = try value(name, for: node)
    }
    let shape = constant?.shape ?? builder.shape(input)
    let stated = try axes(node, [node.integer("axis", default: 0)], rank: shape.rank)[0]
    let axis = order?[stated] ?? stated
    try node.require(axis > 0 || constant != nil, "the batch is not split")
    var start = 0
    for (output, count) in zip(node.proto.output, try parts(node, of: shape[axis])) {
      defer { start += count }
      guard !output.isEmpty else { continue }
      if let constant {
        try define(node, output, .constant(constant.picked(axis: axis, Array(start..<start + count))))
        continue
      }
      let name = node.proto.output.count == 1 ? node.name : "\(node.name).\(start)"
      let value = try part(of: input, AxisSlice(axis: axis, start: start, count: count), name)
      try define(node, output, order.map { .permuted(value, order: $0) } ?? .node(value))
    }
  }

  /// The sizes of the parts that an axis is split into.
  private mutating func parts(_ node: ONNXNodeReader, of extent: Int) throws -> [Int] {
    let count = node.proto.output.count
    // Equal parts, of which the last may be smaller.
    let part = (extent + count - 1) / max(1, count)
    let equal = (0..<count).map { min(part, extent - $0 * part) }
    let sizes = try integers(node, attribute: "split", input: 1) ?? equal
    try node.require(
      sizes.count == count && sizes.allSatisfy { (1...extent).contains($0) } && sizes.reduce(0, +) == extent,
      "the parts make up the axis", value: "\(sizes.prefix(8))")
    return sizes
  }

  /// Positions along an axis: one, which leaves the axis out, or evenly spaced ones.
  mutating func gather(_ node: ONNXNodeReader) throws {
    guard let indices = try constant(node, 1), let listed = indices.integers else {
      throw node.unusable("the positions are not constant", value: node.input(1))
    }
    guard let name = node.input(0) else { throw node.unusable("operand 0 is missing") }
    if let constant = try constant(node, 0) { return try gather(node, constant, indices) }
    var order: [Int]
    let source: Network.ValueID
    if case .permuted(let value, let permutation) = try imported(name, for: node) {
      (source, order) = (value, permutation)
    } else {
      source = try value(name, for: node)
      order = Array(0..<builder.shape(source).rank)
    }
    let stated = try axes(node, [node.integer("axis", default: 0)], rank: order.count)[0]
    let axis = order[stated]
    try node.require(axis > 0, "the batch is not sliced")
    let extent = builder.shape(source)[axis]
    let picked = try positions(node, listed, extent)
    let step = picked.count > 1 ? picked[1] - picked[0] : 1
    try node.require(
      indices.shape.rank <= 1 && !picked.isEmpty && step > 0
        && picked.indices.allSatisfy { picked[$0] == picked[0] + $0 * step },
      "one position, or evenly spaced ones are picked", value: "\(listed.prefix(8))")
    var value = source
    if picked.count != extent {
      value = try part(of: source, AxisSlice(axis: axis, start: picked[0], count: picked.count, step: step), node.name)
    }
    if indices.shape.rank == 0 { (value, order) = try without(stated, of: value, order, node) }
    try define(node, permuted: value, order)
  }

  private func positions(_ node: ONNXNodeReader, _ listed: [Int], _ extent: Int) throws -> [Int] {
    try listed.map { stated in
      let position = stated < 0 ? stated &+ extent : stated
      try node.require((0..<extent).contains(position), "the position lies inside the axis", value: String(stated))
      return position
    }
  }

  private mutating func gather(
    _ node: ONNXNodeReader, _ constant: ONNXConstant, _ indices: ONNXConstant
  ) throws {
    let axis = try axes(node, [node.integer("axis", default: 0)], rank: constant.shape.rank)[0]
    let picked = try positions(node, indices.integers ?? [], constant.shape[axis])
    var shape = constant.shape.dimensions
    shape.replaceSubrange(axis...axis, with: indices.shape.dimensions)
    guard let count = Shape(shape).checkedElementCount else { throw node.unusable("the result is too large") }
    try charge(count)
    try define(node, .constant(constant.picked(axis: axis, picked).reshaped(to: Shape(shape))))
  }

  /// Repeats what has an extent of 1.
  mutating func expand(_ node: ONNXNodeReader) throws {
    guard let target = try constant(node, 1)?.integers, let name = node.input(0) else {
      throw node.unusable("the shape is not constant", value: node.input(1))
    }
    guard target.count <= 8, target.allSatisfy({ $0 > 0 }), let count = Shape(target).checkedElementCount else {
      throw node.unusable("the shape cannot be used", value: "\(target.prefix(8))")
    }
    if let constant = try constant(node, 0) {
      try charge(count)
      return try define(node, .constant(try expanded(node, constant, Shape(target))))
    }
    let input = try value(name, for: node)
    var old = builder.shape(input)
    old[0] *= batch
    var new = try spread(node, old, Shape(target))
    if new == old { return try define(node, .node(input)) }
    try node.require(new.rank == old.rank && new[0] == old[0], "the batch is kept", value: "\(target.prefix(8))")
    new[0] = 1
    try charge(new.elementCount)
    let ones = try append(
      node.name + ".ones", .constant(new), [], [("value", Tensor(new, repeating: 1))])
    try define(node, .binary(.multiply), [input, ones])
  }
}
