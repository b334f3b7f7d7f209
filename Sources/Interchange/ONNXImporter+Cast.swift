extension ONNXImporter {
  /// Numbers of another type; values stay in FP32.
  mutating func cast(_ node: ONNXNodeReader) throws {
    guard let name = node.input(0) else { throw node.unusable("operand 0 is missing") }
    let code = node.integer("to", default: 0)
    guard let type = ONNXTensorProto.DataType(rawValue: code) else {
      throw node.unusable("unknown element type", value: String(code))
    }
    let operand = try imported(name, for: node)
    switch operand {
    case .constant(let constant): return try define(node, .constant(cast(constant, type, node)))
    case .bytes: throw unmoved(name, node)
    default: break
    }
    guard type == .float else {
      throw node.unusable(
        "the element type cannot be used", value: "\(type)", rule: "values are FP32 between inputs and outputs",
        remedy: "export the network in FP32")
    }
    try define(node, operand)
  }

  private func cast(
    _ constant: ONNXConstant, _ type: ONNXTensorProto.DataType, _ node: ONNXNodeReader
  ) throws -> ONNXConstant {
    var result: ONNXConstant
    switch type {
    case .float, .double: result = ONNXConstant(constant.shape, .reals(constant.reals))
    case .float16: result = ONNXConstant(constant.shape, .reals(constant.reals.map { Float(Float16($0)) }))
    case .bool:
      result = ONNXConstant(constant.shape, .integers(constant.reals.map { $0 == 0 ? 0 : 1 }))
    case .int64, .int32, .int8, .uint8:
      result = ONNXConstant(constant.shape, .integers(try wholeNumbers(constant, type, node)))
    default:
      throw node.unusable(
        "the element type cannot be used", value: "\(type)",
        rule: "constants become float, double, float16, int8, uint8, int32, int64 or bool")
    }
    result.type = Int32(type.rawValue)
    return result
  }

  /// Fractions are cut off; what a type does not hold is refused, since the standard leaves open what becomes of it.
  private func wholeNumbers(
    _ constant: ONNXConstant, _ type: ONNXTensorProto.DataType, _ node: ONNXNodeReader
  ) throws -> [Int] {
    let bounds =
      switch type {
      case .int8: Int(Int8.min)...Int(Int8.max)
      case .uint8: 0...Int(UInt8.max)
      case .int32: Int(Int32.min)...Int(Int32.max)
      default: Int.min...Int.max
      }
    let numbers: [Int] =
      try constant.integers
      ?? constant.reals.map { real in
        guard let number = Int(exactly: real.rounded(.towardZero)) else {
          throw node.unusable("the number is no integer", value: "\(real)")
        }
        return number
      }
    if let outside = numbers.first(where: { !bounds.contains($0) }) {
      throw node.unusable("the number is outside of its type", value: String(outside), rule: "it is of \(type)")
    }
    return numbers
  }
}
