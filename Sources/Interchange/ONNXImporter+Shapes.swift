import Networks
import Tensors

/// Constants, and the arithmetic on shapes by which exporters keep the batch open; all of it is known while reading.
extension ONNXImporter {
  mutating func constant(_ node: ONNXNodeReader) throws {
    try define(node, .constant(try stated(node)))
  }

  private func stated(_ node: ONNXNodeReader) throws -> ONNXConstant {
    if let tensor = node.tensor("value") { return try ONNXConstant(tensor, path: path) }
    if let values = node.reals("value_floats") { return ONNXConstant([values.count], .reals(values)) }
    if let values = node.integers("value_ints") { return ONNXConstant(integers: values) }
    if node.has("value_float") { return ONNXConstant([], .reals([node.real("value_float", default: 0)])) }
    if node.has("value_int") { return ONNXConstant([], .integers([node.integer("value_int", default: 0)])) }
    throw node.unusable("the constant has no numbers", rule: "its value is a tensor, or real or integer numbers")
  }

  /// The shape of a value, for a batch of one.
  mutating func shape(_ node: ONNXNodeReader) throws {
    let operand = try operand(node)
    let shape = builder.shape(operand)
    let range = sliced(
      shape.rank, node.integer("start", default: 0), node.integer("end", default: shape.rank))
    try define(node, .constant(ONNXConstant(integers: Array(shape.dimensions[range]))))
  }

  mutating func gather(_ node: ONNXNodeReader) throws {
    guard let list = try constant(node, 0)?.integers, let positions = try constant(node, 1) else {
      throw node.unusable("this form is not supported", rule: "numbers of a shape are picked")
    }
    let picked = try (positions.integers ?? []).map { position in
      let index = position < 0 ? position + list.count : position
      try node.require(list.indices.contains(index), "the position lies inside the list", value: String(position))
      return list[index]
    }
    try define(node, .constant(ONNXConstant(positions.shape, .integers(picked))))
  }

  mutating func concatIntegers(_ node: ONNXNodeReader) throws {
    let parts = try node.proto.input.indices.map { position in
      guard let integers = try constant(node, position)?.integers else {
        throw node.unusable("numbers and values are joined", value: node.input(position))
      }
      try charge(integers.count)
      return integers
    }
    try define(node, .constant(ONNXConstant(integers: parts.flatMap { $0 })))
  }

  /// Rows from `start` to before `end`, in order or backwards.
  mutating func sliceIntegers(
    _ node: ONNXNodeReader, _ constant: ONNXConstant, start: Int, end: Int, step: Int
  ) throws {
    guard let numbers = constant.integers, constant.shape.rank >= 1, constant.shape[0] > 0, [1, -1].contains(step)
    else {
      throw node.unusable("this form is not supported", rule: "a list of integers is sliced in steps of 1 or -1")
    }
    let count = constant.shape[0]
    let (first, last) = (backwards(count, start), backwards(count, end))
    let rows = step == 1 ? Array(sliced(count, start, end)) : Array(stride(from: first, to: min(first, last), by: -1))
    let width = numbers.count / count
    var shape = constant.shape
    shape[0] = rows.count
    let picked = rows.flatMap { numbers[$0 * width..<($0 + 1) * width] }
    try define(node, .constant(ONNXConstant(shape, .integers(picked))))
  }

  /// A bound of a slice that goes backwards, where -1 is before the first row.
  private func backwards(_ count: Int, _ bound: Int) -> Int {
    min(max(bound < 0 ? bound + count : bound, -1), count - 1)
  }

  /// Rows and columns exchanged, as PyTorch does when it reorders the widths of borders.
  mutating func transposeIntegers(_ node: ONNXNodeReader, _ constant: ONNXConstant) throws {
    guard let numbers = constant.integers, constant.shape.rank == 2, (node.integers("perm") ?? [1, 0]) == [1, 0] else {
      throw node.unusable("this form is not supported", rule: "rows and columns of integers are exchanged")
    }
    let (rows, columns) = (constant.shape[0], constant.shape[1])
    let turned = (0..<columns).flatMap { column in (0..<rows).map { numbers[$0 * columns + column] } }
    try define(node, .constant(ONNXConstant([columns, rows], .integers(turned))))
  }

  /// One number repeated; a list of up to a few numbers.
  mutating func constantOfShape(_ node: ONNXNodeReader) throws {
    let extents = try constant(node, 0)?.integers ?? []
    let value = try node.tensor("value").map { try ONNXConstant($0, path: path) }
    guard let count = Shape(extents).checkedElementCount, count <= 64 else {
      throw node.unusable("the constant is too large", value: "\(extents.prefix(8))", rule: "64 numbers are the limit")
    }
    let elements: ONNXConstant.Elements =
      switch value?.elements {
      case .integers(let numbers)?: .integers(Array(repeating: numbers.first ?? 0, count: count))
      case .reals(let numbers)?: .reals(Array(repeating: numbers.first ?? 0, count: count))
      case nil: .reals(Array(repeating: 0, count: count))
      }
    try define(node, .constant(ONNXConstant(Shape(extents), elements)))
  }

  mutating func reshapeConstant(_ node: ONNXNodeReader, _ constant: ONNXConstant, _ target: [Int]) throws {
    let count = constant.shape.elementCount
    var shape = Shape(target)
    if let open = target.firstIndex(of: -1) {
      shape[open] = 1
      shape[open] = count / max(1, shape.checkedElementCount ?? 1)
    }
    try node.require(shape.checkedElementCount == count, "the shape fits the constant", value: "\(target.prefix(8))")
    try define(node, .constant(ONNXConstant(shape, constant.elements)))
  }

  /// Integers with integers, one of which may be a single number.
  mutating func shapeArithmetic(_ node: ONNXNodeReader, _ a: ONNXConstant, _ b: ONNXConstant) throws {
    guard let left = a.integers, let right = b.integers,
      left.count == right.count || left.count == 1 || right.count == 1,
      !left.isEmpty, !right.isEmpty
    else { throw node.unusable("this form is not supported", rule: "constants are integers of a shape") }
    let count = max(left.count, right.count)
    let values = try (0..<count).map { i in
      let (x, y) = (left[left.count == 1 ? 0 : i], right[right.count == 1 ? 0 : i])
      guard let value = Self.combined(node.op, x, y) else {
        throw node.unusable("the integers cannot be combined", value: "\(x), \(y)")
      }
      return value
    }
    try define(node, .constant(ONNXConstant(left.count == count ? a.shape : b.shape, .integers(values))))
  }

  private static func combined(_ op: String, _ x: Int, _ y: Int) -> Int? {
    let (value, overflows) =
      switch op {
      case "Add": x.addingReportingOverflow(y)
      case "Sub": x.subtractingReportingOverflow(y)
      case "Mul": x.multipliedReportingOverflow(by: y)
      default: x.dividedReportingOverflow(by: y)
      }
    return overflows ? nil : value
  }
}
