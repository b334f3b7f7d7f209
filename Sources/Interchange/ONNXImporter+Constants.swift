import Foundation
import Networks
import Tensors

/// Arithmetic on constants: what exporters leave of the computation of shapes, borders and scales.
extension ONNXImporter {
  /// The constants at all inputs of a node, or `nil` where one of them is none.
  mutating func constants(_ node: ONNXNodeReader) throws -> [ONNXConstant]? {
    var result: [ONNXConstant] = []
    for position in node.proto.input.indices where node.input(position) != nil {
      guard let constant = try constant(node, position) else { return nil }
      result.append(constant)
    }
    return result.isEmpty ? nil : result
  }

  /// A function of two constants, spread over each other.
  mutating func combineConstants(_ node: ONNXNodeReader, _ a: ONNXConstant, _ b: ONNXConstant) throws {
    let shape = try spread(node, a.shape, b.shape)
    let (left, right) = (positions(shape, a.shape), positions(shape, b.shape))
    let elements: ONNXConstant.Elements
    if let x = a.integers, let y = b.integers {
      elements = .integers(
        try left.indices.map { i in
          guard let value = Self.combined(node.op, x[left[i]], y[right[i]]) else {
            throw node.unusable("the integers cannot be combined", value: "\(x[left[i]]), \(y[right[i]])")
          }
          return value
        })
    } else {
      let (x, y) = (a.reals, b.reals)
      let isComparison = Self.comparisons.contains(node.op)
      let values = try left.indices.map { try Self.combined(node, x[left[$0]], y[right[$0]]) }
      elements = isComparison ? .integers(values.map { $0 == 0 ? 0 : 1 }) : .reals(values)
    }
    try define(node, .constant(ONNXConstant(shape, elements)))
  }

  private static let comparisons: Set = ["Equal", "Less", "Greater"]

  private static func combined(_ op: String, _ x: Int, _ y: Int) -> Int? {
    let (value, overflows): (Int, Bool)
    switch op {
    case "Add": (value, overflows) = x.addingReportingOverflow(y)
    case "Sub": (value, overflows) = x.subtractingReportingOverflow(y)
    case "Mul": (value, overflows) = x.multipliedReportingOverflow(by: y)
    case "Div": (value, overflows) = x.dividedReportingOverflow(by: y)
    case "Max": (value, overflows) = (max(x, y), false)
    case "Min": (value, overflows) = (min(x, y), false)
    case "Equal": (value, overflows) = (x == y ? 1 : 0, false)
    case "Less": (value, overflows) = (x < y ? 1 : 0, false)
    case "Greater": (value, overflows) = (x > y ? 1 : 0, false)
    case "Mod": (value, overflows) = y > 0 ? (((x % y) + y) % y, false) : (0, true)
    case "Pow" where (0..<64).contains(y):
      var (power, isTooLarge) = (1, false)
      for _ in 0..<y {
        let next = power.multipliedReportingOverflow(by: x)
        (power, isTooLarge) = (next.partialValue, isTooLarge || next.overflow)
      }
      (value, overflows) = (power, isTooLarge)
    default: return nil
    }
    return overflows ? nil : value
  }

  private static func combined(_ node: ONNXNodeReader, _ x: Float, _ y: Float) throws -> Float {
    switch node.op {
    case "Add": x + y
    case "Sub": x - y
    case "Mul": x * y
    case "Div": x / y
    case "Max": max(x, y)
    case "Min": min(x, y)
    case "Equal": x == y ? 1 : 0
    case "Less": x < y ? 1 : 0
    case "Greater": x > y ? 1 : 0
    case "Pow": pow(x, y)
    default: throw node.unusable("this form is not supported", rule: "the constants are integers")
    }
  }

  /// A function of one constant, element by element.
  mutating func mapConstant(_ node: ONNXNodeReader, _ constant: ONNXConstant) throws {
    let elements: ONNXConstant.Elements
    if node.op == "Not", let integers = constant.integers {
      elements = .integers(integers.map { $0 == 0 ? 1 : 0 })
    } else if node.op == "Neg", let integers = constant.integers {
      elements = .integers(integers.map { 0 &- $0 })
    } else {
      let function: (Float) -> Float
      switch node.op {
      case "Sqrt": function = { $0.squareRoot() }
      case "Reciprocal": function = { 1 / $0 }
      case "Neg": function = { -$0 }
      case "Ceil": function = { $0.rounded(.up) }
      case "Floor": function = { $0.rounded(.down) }
      case "Exp": function = { exp($0) }
      case "Abs": function = { abs($0) }
      default: throw node.unusable("the operand is constant", rule: "it is computed from an input")
      }
      elements = .reals(constant.reals.map(function))
    }
    try define(node, .constant(ONNXConstant(constant.shape, elements)))
  }

  /// Elements of the second operand where the first is true, else of the third.
  mutating func choose(_ node: ONNXNodeReader) throws {
    guard let operands = try constants(node), operands.count == 3, let chosen = operands[0].integers else {
      throw node.unusable("this form is not supported", rule: "the operands are constant")
    }
    let shape = try spread(node, try spread(node, operands[0].shape, operands[1].shape), operands[2].shape)
    let places = operands.map { positions(shape, $0.shape) }
    let elements: ONNXConstant.Elements
    if let x = operands[1].integers, let y = operands[2].integers {
      elements = .integers(places[0].indices.map { chosen[places[0][$0]] != 0 ? x[places[1][$0]] : y[places[2][$0]] })
    } else {
      let (x, y) = (operands[1].reals, operands[2].reals)
      elements = .reals(places[0].indices.map { chosen[places[0][$0]] != 0 ? x[places[1][$0]] : y[places[2][$0]] })
    }
    try define(node, .constant(ONNXConstant(shape, elements)))
  }

  /// start, start + step, … before the end.
  mutating func range(_ node: ONNXNodeReader) throws {
    guard let bounds = try constants(node)?.compactMap({ $0.integers?.first }), bounds.count == 3, bounds[2] != 0
    else { throw node.unusable("this form is not supported", rule: "the bounds are constant integers") }
    let (span, overflows) = bounds[1].subtractingReportingOverflow(bounds[0])
    let count = overflows ? Int.max : max(0, (abs(span) - 1) / abs(bounds[2]) + 1)
    let isEmpty = span == 0 || (span > 0) != (bounds[2] > 0)
    try charge(isEmpty ? 0 : count)
    let numbers = isEmpty ? [] : (0..<count).map { bounds[0] + $0 * bounds[2] }
    try define(node, .constant(ONNXConstant(integers: numbers)))
  }

  // MARK: Positions

  /// The shape of two operands that are spread over each other.
  func spread(_ node: ONNXNodeReader, _ a: Shape, _ b: Shape) throws -> Shape {
    let rank = max(a.rank, b.rank)
    return Shape(
      try (0..<rank).map { axis in
        let (i, j) = (axis - rank + a.rank, axis - rank + b.rank)
        let (x, y) = (i < 0 ? 1 : a[i], j < 0 ? 1 : b[j])
        try node.require(x == y || x == 1 || y == 1, "extents are equal or 1", value: "\(a), \(b)")
        return x == 1 ? y : x
      })
  }

  /// For every element of a shape, the position in a smaller one that is spread over it.
  private mutating func positions(_ shape: Shape, _ source: Shape) -> [Int] {
    // The result is charged where it is defined; what is refused there was never large.
    guard let count = shape.checkedElementCount, (try? charge(count)) != nil else { return [] }
    let (strides, sources) = (shape.strides, source.strides)
    let skipped = shape.rank - source.rank
    return (0..<count).map { at in
      var position = 0
      for axis in 0..<source.rank where source[axis] != 1 {
        position += at / strides[axis + skipped] % shape[axis + skipped] * sources[axis]
      }
      return position
    }
  }

  /// A constant that is repeated to fill a shape.
  mutating func expanded(_ node: ONNXNodeReader, _ constant: ONNXConstant, _ target: Shape) throws -> ONNXConstant {
    let shape = try spread(node, constant.shape, target)
    return constant.picked(shape, positions(shape, constant.shape))
  }
}

extension ONNXConstant {
  /// A constant of some of the elements.
  func picked(_ shape: Shape, _ positions: [Int]) -> ONNXConstant {
    var result =
      switch elements {
      case .integers(let values): ONNXConstant(shape, .integers(positions.map { values[$0] }))
      case .reals(let values): ONNXConstant(shape, .reals(positions.map { values[$0] }))
      }
    result.type = type
    return result
  }

  /// Positions along one axis.
  func picked(axis: Int, _ indices: [Int]) -> ONNXConstant {
    let inner = shape.dimensions[(axis + 1)...].reduce(1, *)
    let outer = shape.dimensions[..<axis].reduce(1, *)
    var result = shape
    result[axis] = indices.count
    let positions = (0..<outer).flatMap { o in
      indices.flatMap { index in
        let first = (o * shape[axis] + index) * inner
        return Array(first..<first + inner)
      }
    }
    return picked(result, positions)
  }

  /// Axes in another order.
  func transposed(_ order: [Int]) -> ONNXConstant {
    let result = Shape(order.map { shape[$0] })
    let (strides, sources) = (result.strides, shape.strides)
    let positions = (0..<result.elementCount).map { at in
      order.indices.reduce(0) { $0 + at / strides[$1] % result[$1] * sources[order[$1]] }
    }
    var constant = picked(result, positions)
    // Exporters keep the weights of fully connected layers as `[out, in]`, and transpose them before the product.
    constant.byteScales = byteScales.map { .init(scales: $0.scales, axis: $0.axis.flatMap(order.firstIndex(of:))) }
    return constant
  }

  /// The same numbers in another shape.
  func reshaped(to shape: Shape) -> ONNXConstant {
    var constant = ONNXConstant(shape, elements)
    constant.type = type
    return constant
  }
}
