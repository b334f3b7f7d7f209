import Networks
import Tensors

// MARK: Flattening and channel shuffles

extension ONNXImporter {
  mutating func flatten(_ node: ONNXNodeReader) throws {
    let input = try operand(node)
    let rank = builder.shape(input).rank
    let axis = node.integer("axis", default: 1)
    try node.require(axis == 1 || axis == 1 - rank, "the batch stays the first axis", value: String(axis))
    try defineFlat(node, input)
  }

  private mutating func defineFlat(_ node: ONNXNodeReader, _ input: Network.ValueID) throws {
    if builder.shape(input).rank == 2 { return try define(node, .node(input)) }
    try define(node, .flatten, [input])
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
      try node.require(isSwapped && shaped == shape, "a channel shuffle swaps groups and joins them")
      try define(node, .channelShuffle(groups: groups), [source])
    default: try reshape(node, try value(name, for: node), target)
    }
  }

  private mutating func reshape(_ node: ONNXNodeReader, _ input: Network.ValueID, _ target: [Int]) throws {
    let old = builder.shape(input)
    let new = try resolved(node, target, from: old)
    if new == old { return try define(node, .node(input)) }
    if new.rank == 2 { return try defineFlat(node, input) }
    if old.rank == 2, new == Shape(old.dimensions + [1, 1]) { return try define(node, .node(pixel(input, node))) }
    try node.require(
      old.rank == 4 && new.rank == 5 && new[1] * new[2] == old[1] && new[3] == old[2] && new[4] == old[3],
      "a value is flattened, or its channels are split into groups", value: "\(old) to \(new)")
    try define(node, .grouped(input, groups: new[1], isSwapped: false))
  }

  private func groupedShape(_ shape: Shape, _ groups: Int, _ isSwapped: Bool) -> Shape {
    let rest = shape[1] / groups
    return [1, isSwapped ? rest : groups, isSwapped ? groups : rest, shape[2], shape[3]]
  }

  /// The shape that a target with 0 (as before) and -1 (what remains) means for a batch of one.
  private func resolved(_ node: ONNXNodeReader, _ target: [Int], from old: Shape) throws -> Shape {
    func refuse() -> Error {
      node.unusable("the shape does not fit", value: "\(target.prefix(8))", rule: "the value is \(old)")
    }
    guard (1...8).contains(target.count) else { throw refuse() }
    var shape = Shape(
      target.enumerated().map { axis, extent in
        if extent == 0 { return axis < old.rank ? old[axis] : 0 }
        return axis == 0 && extent == batch ? 1 : extent
      })
    if let open = shape.dimensions.firstIndex(of: -1) {
      shape[open] = 1
      guard let rest = shape.checkedElementCount, rest > 0 else { throw refuse() }
      shape[open] = old.elementCount / rest
    }
    guard shape[0] == 1, shape.checkedElementCount == old.elementCount else { throw refuse() }
    return shape
  }

  mutating func transpose(_ node: ONNXNodeReader) throws {
    guard let name = node.input(0) else { throw node.unusable("operand 0 is missing") }
    let order = node.integers("perm") ?? []
    if let constant = try constant(node, 0) { return try transposeIntegers(node, constant) }
    if case .grouped(let source, let groups, false) = try imported(name, for: node) {
      try node.require(
        order == [0, 2, 1, 3, 4], "a channel shuffle swaps groups and rest", value: "\(order.prefix(8))")
      return try define(node, .grouped(source, groups: groups, isSwapped: true))
    }
    let input = try operand(node)
    let rank = builder.shape(input).rank
    try node.require(order == Array(0..<rank), "axes stay in the order NCHW", value: "\(order.prefix(8))")
    try define(node, .node(input))
  }

  /// Leaves out height and width of 1.
  mutating func squeeze(_ node: ONNXNodeReader) throws {
    let axes = try integers(node, attribute: "axes", input: 1)
    if let constant = try constant(node, 0) {
      try node.require(constant.shape.rank <= 1 && constant.shape.elementCount == 1, "one number is squeezed")
      return try define(node, .constant(ONNXConstant([], constant.elements)))
    }
    let input = try operand(node)
    let image = try image(input, node)
    let named = Set((axes ?? [2, 3]).map { $0 < 0 ? $0 + 4 : $0 })
    try node.require(named == [2, 3] && image == .one, "height and width of 1 are left out")
    try define(node, .flatten, [input])
  }

  /// Makes images of one pixel, or lists of numbers.
  mutating func unsqueeze(_ node: ONNXNodeReader) throws {
    let axes = try integers(node, attribute: "axes", input: 1) ?? []
    if let constant = try constant(node, 0) {
      try node.require(axes == [0] && constant.shape.rank == 0, "a number becomes a list")
      return try define(node, .constant(ONNXConstant([1], constant.elements)))
    }
    if let name = node.input(0), case .column(let input) = try imported(name, for: node) {
      try node.require(axes == [3] || axes == [-1], "a width is added", value: "axes \(axes.prefix(8))")
      return try define(node, .node(pixel(input, node)))
    }
    let input = try operand(node)
    try node.require(builder.shape(input).rank == 2, "a flat value becomes an image", value: "\(builder.shape(input))")
    if axes == [2] || axes == [-1] { return try define(node, .column(input)) }
    try node.require(
      axes == [2, 3] || axes == [-2, -1], "height and width are added", value: "axes \(axes.prefix(8))")
    try define(node, .node(pixel(input, node)))
  }
}

// MARK: Channels

extension ONNXImporter {
  mutating func concat(_ node: ONNXNodeReader) throws {
    let axis = node.integer("axis", default: 1)
    if let first = node.input(0), case .constant = try imported(first, for: node) {
      return try concatIntegers(node)
    }
    let operands = try node.proto.input.indices.map { try operand(node, $0) }
    for operand in operands { _ = try image(operand, node) }
    try node.require(axis == 1 || axis == -3, "channels are joined", value: "axis \(axis)")
    try define(node, .concat, operands)
  }

  mutating func slice(_ node: ONNXNodeReader) throws {
    let starts = try integers(node, attribute: "starts", input: 1) ?? []
    let ends = try integers(node, attribute: "ends", input: 2) ?? []
    let axes = try integers(node, attribute: "axes", input: 3) ?? Array(starts.indices)
    let steps = try integers(node, attribute: "steps", input: 4) ?? [1]
    try node.require(
      starts.count == 1 && ends.count == 1 && axes.count == 1 && steps.count == 1, "one axis is sliced",
      value: "axes \(axes.prefix(8))")
    if let constant = try constant(node, 0) {
      try node.require(axes[0] == 0, "the first axis of constants is sliced")
      return try sliceIntegers(node, constant, start: starts[0], end: ends[0], step: steps[0])
    }
    try node.require(steps == [1], "the step is 1", value: "\(steps[0])")
    let input = try operand(node)
    let shape = builder.shape(input)
    let axis = axes[0] < 0 ? axes[0] + shape.rank : axes[0]
    try node.require((1..<shape.rank).contains(axis), "the batch is not sliced", value: "axis \(axes[0])")
    let range = sliced(shape[axis], starts[0], ends[0])
    if range == 0..<shape[axis] { return try define(node, .node(input)) }
    try node.require(axis == 1, "channels are sliced", value: "axis \(axis)")
    try define(node, .channelSlice(start: range.lowerBound, count: range.count), [input])
  }

  /// The positions from `start` to `end` of `extent`, where negative ones count from the end.
  func sliced(_ extent: Int, _ start: Int, _ end: Int) -> Range<Int> {
    let bounds = [start, end].map { min(max($0 < 0 ? $0 + extent : $0, 0), extent) }
    return bounds[0]..<max(bounds[0], bounds[1])
  }

  mutating func split(_ node: ONNXNodeReader) throws {
    let input = try operand(node)
    _ = try image(input, node)
    let (axis, channels) = (node.integer("axis", default: 0), builder.shape(input)[1])
    try node.require(axis == 1 || axis == -3, "channels are split", value: "axis \(axis)")
    let outputs = node.proto.output
    // Equal parts, of which the last may be smaller.
    let part = (channels + outputs.count - 1) / max(1, outputs.count)
    let equal = outputs.indices.map { min(part, channels - $0 * part) }
    let sizes = try integers(node, attribute: "split", input: 1) ?? equal
    try node.require(
      sizes.count == outputs.count && sizes.allSatisfy { (1...channels).contains($0) }
        && sizes.reduce(0, +) == channels, "the parts make up the channels", value: "\(sizes.prefix(8))")
    var start = 0
    for (output, count) in zip(outputs, sizes) {
      let name = outputs.count == 1 ? node.name : "\(node.name).\(start)"
      if !output.isEmpty {
        try define(node, output, .node(try append(name, .channelSlice(start: start, count: count), [input])))
      }
      start += count
    }
  }
}
