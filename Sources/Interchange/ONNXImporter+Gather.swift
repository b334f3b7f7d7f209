import Networks
import Tensors

/// What picks positions by number.
extension ONNXImporter {
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
    if axis == 0, stated == 0, isEverything(indices, of: source) {
      return try gatherEverything(node, indices, of: source)
    }
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

  /// Whether positions along the first axis name each of it once and in order.
  private func isEverything(_ indices: ONNXConstant, of source: Network.ValueID) -> Bool {
    let extent = builder.shape(source)[0] * batch
    return indices.shape.elementCount == extent && indices.integers == Array(0..<extent)
  }

  /// All positions of the first axis under a shape of their own, as PyTorch's newer exporter writes `as_strided`.
  private mutating func gatherEverything(
    _ node: ONNXNodeReader, _ indices: ONNXConstant, of source: Network.ValueID
  ) throws {
    let shape = builder.shape(source)
    let target = indices.shape.dimensions + shape.dimensions.dropFirst()
    try defineReshaped(node, source, try resolved(node, target, from: shape))
  }

  private func positions(_ node: ONNXNodeReader, _ listed: [Int], _ extent: Int) throws -> [Int] {
    try listed.map { stated in
      let position = stated < 0 ? stated &+ extent : stated
      try node.require((0..<extent).contains(position), "the position lies inside the axis", value: String(stated))
      return position
    }
  }

  /// Elements or rows of a constant at positions along several axes, as where a table of biases is spread over pairs.
  mutating func gatherND(_ node: ONNXNodeReader) throws {
    guard let data = try constant(node, 0), let indices = try constant(node, 1), let listed = indices.integers,
      node.integer("batch_dims", default: 0) == 0
    else { throw node.unusable("this form is not supported", rule: "data and positions are constant, batch_dims is 0") }
    let (shape, depth) = (data.shape.dimensions, indices.shape.dimensions.last ?? 0)
    try node.require((1...max(1, shape.count)).contains(depth), "positions name axes of the data")
    let result = Shape(indices.shape.dimensions.dropLast() + shape[depth...])
    guard let count = result.checkedElementCount else { throw node.unusable("the result is too large") }
    try charge(count)
    var rows = [Int](repeating: 0, count: listed.count / depth)
    for axis in 0..<depth {
      let places = try positions(node, stride(from: axis, to: listed.count, by: depth).map { listed[$0] }, shape[axis])
      for row in rows.indices { rows[row] = rows[row] * shape[axis] + places[row] }
    }
    let table = data.reshaped(to: [shape[..<depth].reduce(1, *), shape[depth...].reduce(1, *)])
    try define(node, .constant(table.picked(axis: 0, rows).reshaped(to: result)))
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
}
