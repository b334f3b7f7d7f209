import Networks
import Tensors

/// What joins values, and what takes parts of them.
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
    guard let name = node.input(0) else { throw node.unusable("operand 0 is missing") }
    switch try imported(name, for: node) {
    case .constant(var constant):
      for slice in try slices(node, rank: constant.shape.rank) {
        try charge(constant.shape.elementCount)
        constant = constant.picked(axis: slice.axis, slice.positions(constant.shape[slice.axis]))
      }
      try define(node, .constant(constant))
    case .permuted(let source, let order):
      // The batch is not yet the first axis again.
      var value = source
      for slice in try slices(node, rank: order.count) { value = try sliced(value, order[slice.axis], slice, node) }
      try define(node, permuted: value, order)
    default:
      var value = try value(name, for: node)
      for slice in try slices(node, rank: builder.shape(value).rank) {
        value = try sliced(value, slice.axis, slice, node)
      }
      try define(node, .node(value))
    }
  }

  /// Where a Slice begins and ends along one axis, as it stands in the file.
  private struct StatedSlice {
    let axis: Int
    let start: Int
    let end: Int
    let step: Int

    /// The positions that it picks of an axis of this extent.
    func positions(_ extent: Int) -> [Int] {
      if step > 0 {
        let range = ONNXImporter.sliced(extent, start, end)
        return Array(stride(from: range.lowerBound, to: range.upperBound, by: min(step, extent + 1)))
      }
      // Backwards, the end before the first position is -1 - extent or less.
      let first = min(max(start < 0 ? start &+ extent : start, -1), extent - 1)
      let last = min(max(end < 0 ? end &+ extent : end, -1), extent - 1)
      return first < 0 ? [] : Array(stride(from: first, to: last, by: max(step, -extent - 1)))
    }
  }

  private mutating func slices(_ node: ONNXNodeReader, rank: Int) throws -> [StatedSlice] {
    let starts = try integers(node, attribute: "starts", input: 1) ?? []
    let ends = try integers(node, attribute: "ends", input: 2) ?? []
    let stated = try integers(node, attribute: "axes", input: 3) ?? Array(starts.indices)
    let axes = try axes(node, stated, rank: rank)
    let steps = try integers(node, attribute: "steps", input: 4) ?? starts.map { _ in 1 }
    try node.require(
      starts.count == axes.count && ends.count == axes.count && steps.count == axes.count && !steps.contains(0),
      "there is a start, an end and a step for every axis")
    return axes.indices.map { StatedSlice(axis: axes[$0], start: starts[$0], end: ends[$0], step: steps[$0]) }
  }

  private mutating func sliced(
    _ value: Network.ValueID, _ axis: Int, _ stated: StatedSlice, _ node: ONNXNodeReader
  ) throws -> Network.ValueID {
    let shape = builder.shape(value)
    let (positions, step) = (stated.positions(shape[axis]), stated.step)
    if positions == Array(0..<shape[axis]) { return value }
    try node.require(axis > 0, "the batch is not sliced")
    try node.require(step > 0, "values are sliced forwards", value: "step \(step)")
    try node.require(!positions.isEmpty, "something remains", value: "axis \(axis)")
    let slice = AxisSlice(axis: axis, start: positions[0], count: positions.count, step: min(step, shape[axis]))
    return try part(of: value, slice, node.name)
  }

  /// Some positions of an axis, by the operator that says most about them.
  mutating func part(of value: Network.ValueID, _ slice: AxisSlice, _ name: String) throws -> Network.ValueID {
    if slice.axis == 1, slice.step == 1, builder.shape(value).rank == 4 {
      return try append(name, .channelSlice(start: slice.start, count: slice.count), [value])
    }
    return try append(name, .slice(slice), [value])
  }

  /// The positions from `start` to `end` of `extent`, where negative ones count from the end.
  static func sliced(_ extent: Int, _ start: Int, _ end: Int) -> Range<Int> {
    let bounds = [start, end].map { min(max($0 < 0 ? $0 &+ extent : $0, 0), extent) }
    return bounds[0]..<max(bounds[0], bounds[1])
  }

  mutating func split(_ node: ONNXNodeReader) throws {
    guard let name = node.input(0) else { throw node.unusable("operand 0 is missing") }
    switch try imported(name, for: node) {
    case .constant(let constant):
      let axis = try splitAxis(node, rank: constant.shape.rank)
      for part in try parts(node, of: constant.shape[axis]) {
        try define(node, part.output, .constant(constant.picked(axis: axis, Array(part.range))))
      }
    case .permuted(let source, let order):
      try split(node, source, axis: order[splitAxis(node, rank: order.count)]) { .permuted($0, order: order) }
    default:
      let input = try value(name, for: node)
      try split(node, input, axis: splitAxis(node, rank: builder.shape(input).rank)) { .node($0) }
    }
  }

  private func splitAxis(_ node: ONNXNodeReader, rank: Int) throws -> Int {
    try axes(node, [node.integer("axis", default: 0)], rank: rank)[0]
  }

  private mutating func split(
    _ node: ONNXNodeReader, _ input: Network.ValueID, axis: Int, _ named: (Network.ValueID) -> ImportedValue
  ) throws {
    try node.require(axis > 0, "the batch is not split")
    for (output, range) in try parts(node, of: builder.shape(input)[axis]) {
      let name = node.proto.output.count == 1 ? node.name : "\(node.name).\(range.lowerBound)"
      let slice = AxisSlice(axis: axis, start: range.lowerBound, count: range.count)
      try define(node, output, named(try part(of: input, slice, name)))
    }
  }

  /// The outputs that have a name, and the positions of each along an axis that is split.
  private mutating func parts(
    _ node: ONNXNodeReader, of extent: Int
  ) throws -> [(output: String, range: Range<Int>)] {
    let count = node.proto.output.count
    // Equal parts, of which the last may be smaller.
    let part = (extent + count - 1) / max(1, count)
    let equal = (0..<count).map { min(part, extent - $0 * part) }
    let sizes = try integers(node, attribute: "split", input: 1) ?? equal
    try node.require(
      sizes.count == count && sizes.allSatisfy { (1...extent).contains($0) } && sizes.reduce(0, +) == extent,
      "the parts make up the axis", value: "\(sizes.prefix(8))")
    var end = 0
    return zip(node.proto.output, sizes).map { output, size in
      end += size
      return (output, end - size..<end)
    }.filter { !$0.output.isEmpty }
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
