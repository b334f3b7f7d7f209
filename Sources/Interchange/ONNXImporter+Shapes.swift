import Networks
import Tensors

/// Constants and shapes as operands; all of them are known while reading.
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

  /// The shape of a value, for the batch that the file states.
  mutating func shape(_ node: ONNXNodeReader) throws {
    guard let name = node.input(0) else { throw node.unusable("operand 0 is missing") }
    let shape = try shape(of: name, node)
    let range = Self.sliced(
      shape.rank, node.integer("start", default: 0), node.integer("end", default: shape.rank))
    try define(node, .constant(ONNXConstant(integers: Array(shape.dimensions[range]))))
  }

  /// The shape of what a name stands for, as the file sees it.
  mutating func shape(of name: String, _ node: ONNXNodeReader) throws -> Shape {
    var shape: Shape
    switch try imported(name, for: node) {
    case .constant(let constant): return constant.shape
    case .permuted(let source, let order):
      shape = builder.shape(source)
      shape[0] *= batch
      return Shape(order.map { shape[$0] })
    case .affine(let arithmetic): shape = builder.shape(arithmetic.source)
    case .gate(let source, _, _), .multiple(let source, _, _, _): shape = builder.shape(source)
    case .product(let source, let weight, _, _):
      shape = builder.shape(source)
      shape[-1] = weight.shape[0]
    default:
      let value = try value(name, for: node)
      shape = builder.shape(value)
    }
    shape[0] *= batch
    return shape
  }

  /// One number repeated.
  mutating func constantOfShape(_ node: ONNXNodeReader) throws {
    let extents = try constant(node, 0)?.integers ?? []
    let value = try node.tensor("value").map { try ONNXConstant($0, path: path) }
    guard let count = Shape(extents).checkedElementCount else {
      throw node.unusable("the constant is too large", value: "\(extents.prefix(8))")
    }
    try charge(count)
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
    var shape = Shape(
      target.enumerated().map { axis, extent in
        extent == 0 && axis < constant.shape.rank ? constant.shape[axis] : extent
      })
    if let open = target.firstIndex(of: -1) {
      shape[open] = 1
      shape[open] = count / max(1, shape.checkedElementCount ?? 1)
    }
    try node.require(shape.checkedElementCount == count, "the shape fits the constant", value: "\(target.prefix(8))")
    try define(node, .constant(constant.reshaped(to: shape)))
  }
}
