import Tensors

/// The scales and zero points of a QuantizeLinear or DequantizeLinear: one of each, or one of each for every index of an
/// axis.
struct LinearRounding {
  let scales: [Float]
  /// As many as scales; 0 where the file leaves them out.
  let zeros: [Int]
  /// The type of the zero points, which is that of the integers; `nil` where the file leaves them out.
  let type: ONNXTensorProto.DataType?
  private let axis: Int

  var count: Int { scales.count }

  /// Reads what stands in the file.
  ///
  /// - Throws: ``Diagnostic`` where scales are not positive FP32 numbers, or zero points are not as many or outside of
  ///   their type.
  init(_ node: ONNXNodeReader, scale: ONNXConstant, zero: ONNXConstant?) throws {
    guard case .reals(let scales) = scale.elements, !scales.isEmpty, scales.allSatisfy({ $0.isFinite && $0 > 0 }) else {
      throw node.unusable("the scales are not positive numbers", value: node.input(1))
    }
    let blockSize = node.integer("block_size", default: 0)
    try node.require(blockSize == 0, "a scale is for a whole index of an axis", value: "block_size \(blockSize)")
    let scaleType = scale.elementType ?? .float
    try node.require(scaleType == .float, "scales are FP32, and so are the numbers", value: "\(scaleType)")
    let (count, zeroCount) = (scales.count, zero?.shape.elementCount ?? scales.count)
    for shape in [scale.shape, zero?.shape ?? []] {
      try node.require(
        shape.rank <= 1, "scales and zero points are single numbers, or lists with one for every index of the axis",
        value: "\(shape)")
    }
    try node.require(
      zeroCount == count, "there are as many zero points as scales", value: "\(zeroCount) and \(count)")
    self.scales = scales
    (type, axis) = (zero?.elementType, node.integer("axis", default: 1))
    guard let zero else {
      zeros = Array(repeating: 0, count: count)
      return
    }
    guard let integers = zero.integers else {
      throw node.unusable("the zero points are no integers", value: type.map { "\($0)" } ?? node.input(2))
    }
    zeros = integers
  }

  /// How many neighbouring elements of a tensor share a scale; element i has the scale i / run % count.
  func run(in shape: Shape, _ node: ONNXNodeReader) throws -> Int {
    guard count > 1 else { return 1 }
    let axis = axis < 0 ? axis + shape.rank : axis
    try node.require(
      (0..<shape.rank).contains(axis) && shape[axis] == count, "there is one scale, or one for every index of the axis",
      value: "\(count) scales for axis \(self.axis) of \(shape)")
    return shape.dimensions[(axis + 1)...].reduce(1, *)
  }

  /// The axis of several scales; `nil` for one.
  func axis(rank: Int) -> Int? { count > 1 ? (axis < 0 ? axis + rank : axis) : nil }
}

extension ONNXConstant {
  /// How the file stored the numbers; `nil` for what was computed, and for types that it does not name.
  var elementType: ONNXTensorProto.DataType? { type.flatMap { ONNXTensorProto.DataType(rawValue: Int($0)) } }
}
