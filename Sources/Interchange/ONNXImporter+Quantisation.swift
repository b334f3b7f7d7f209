import Networks
import Tensors

/// Files with QuantizeLinear and DequantizeLinear around their operators (QDQ): the pair becomes the grid of the value
/// between them, and dequantised weights keep their scales.
extension ONNXImporter {
  /// A value on its way to being rounded: what reads it next is a DequantizeLinear, or moves its bytes before.
  mutating func quantize(_ node: ONNXNodeReader) throws {
    guard let name = node.input(0) else { throw node.unusable("operand 0 is missing") }
    let rounding = try rounding(node)
    let type = try byteType(rounding, node)
    let value = try imported(name, for: node)
    if case .constant(let constant) = value {
      return try define(node, .constant(try quantized(constant, rounding, type, node)))
    }
    let grid = try grid(rounding, type, node)
    // What is half-moved stays so: bytes move just as well.
    if let source = value.movedSource, builder.grid(source) == grid {
      return try define(node, .bytes(value, grid, isSigned: type == .int8))
    }
    let rounded = try rounded(self.value(name, for: node), name, node, grid)
    try define(node, .bytes(.node(rounded), grid, isSigned: type == .int8))
  }

  /// The value itself where it has no other reader, or else a rounded copy.
  private mutating func rounded(
    _ value: Network.ValueID, _ name: String, _ node: ONNXNodeReader, _ grid: ByteGrid
  ) throws -> Network.ValueID {
    if builder.grid(value) == grid { return value }
    if readers(of: name) == 1, nameCounts[value, default: 1] == 1, builder.grid(value) == nil {
      builder.setGrid(grid, of: value)
      return value
    }
    let copy = try append(node.name, .activation(.identity), [value])
    builder.setGrid(grid, of: copy)
    return copy
  }

  /// The numbers that bytes stand for.
  mutating func dequantize(_ node: ONNXNodeReader) throws {
    guard let name = node.input(0) else { throw node.unusable("operand 0 is missing") }
    let rounding = try rounding(node)
    switch try imported(name, for: node) {
    case .bytes(let value, let written, let isSigned):
      let type: ONNXTensorProto.DataType = isSigned ? .int8 : .uint8
      try requireZeros(of: type, rounding, node)
      try node.require(
        grid(rounding, type, node) == written, "the scale and zero point are those of the QuantizeLinear before")
      try define(node, value)
    case .constant(let constant): try define(node, .constant(try dequantized(constant, rounding, node)))
    default:
      throw node.unusable(
        "the operand holds no bytes", value: name, rule: "it is a constant, or the result of QuantizeLinear")
    }
  }

  private mutating func rounding(_ node: ONNXNodeReader) throws -> LinearRounding {
    guard let scale = try constant(node, 1) else {
      throw node.unusable("the scales are not constant", value: node.input(1))
    }
    let zero = try constant(node, 2)
    if node.input(2) != nil, zero == nil {
      throw node.unusable("the zero points are not constant", value: node.input(2))
    }
    return try LinearRounding(node, scale: scale, zero: zero)
  }

  /// The type of a QuantizeLinear's bytes.
  private func byteType(_ rounding: LinearRounding, _ node: ONNXNodeReader) throws -> ONNXTensorProto.DataType {
    let code = node.integer("output_dtype", default: 0)
    guard let stated = ONNXTensorProto.DataType(rawValue: code) else {
      throw node.unusable("unknown element type", value: String(code), rule: "output_dtype is uint8 or int8")
    }
    let type = rounding.type ?? (stated == .undefined ? .uint8 : stated)
    try node.require(type == .int8 || type == .uint8, "numbers are quantised to uint8 or int8", value: "\(type)")
    try node.require(
      stated == .undefined || stated == type, "output_dtype is the zero point's type, \(type)", value: "\(stated)")
    return type
  }

  private func requireZeros(
    of type: ONNXTensorProto.DataType, _ rounding: LinearRounding, _ node: ONNXNodeReader
  ) throws {
    try node.require(
      rounding.type ?? type == type, "the zero point is of the bytes' type, \(type)",
      value: rounding.type.map { "\($0)" })
  }

  /// The grid of a value, as unsigned bytes: 128 is added to signed ones.
  private func grid(
    _ rounding: LinearRounding, _ type: ONNXTensorProto.DataType, _ node: ONNXNodeReader
  ) throws -> ByteGrid {
    try node.require(
      rounding.count == 1, "a value has one scale and one zero point; only weights may have several",
      value: "\(rounding.count) scales")
    return try ByteGrid(scale: rounding.scales[0], zero: zero(rounding.zeros[0], type, node))
  }

  private func zero(_ stated: Int, _ type: ONNXTensorProto.DataType, _ node: ONNXNodeReader) throws -> UInt8 {
    guard (type == .int8 ? -128...127 : 0...255).contains(stated) else {
      throw node.unusable("the zero point is outside of its type", value: String(stated), rule: "it is of \(type)")
    }
    return UInt8(stated + (type == .int8 ? 128 : 0))
  }

  /// The bytes of numbers, for one scale or one for every index of an axis.
  private mutating func quantized(
    _ constant: ONNXConstant, _ rounding: LinearRounding, _ type: ONNXTensorProto.DataType, _ node: ONNXNodeReader
  ) throws -> ONNXConstant {
    let run = try rounding.run(in: constant.shape, node)
    try charge(constant.shape.elementCount)
    let grids = try rounding.scales.indices.map {
      ByteGrid(scale: rounding.scales[$0], zero: try zero(rounding.zeros[$0], type, node))
    }
    let offset = type == .int8 ? 128 : 0
    let bytes = constant.reals.enumerated().map { i, number in Int(grids[i / run % grids.count].byte(number)) - offset }
    var result = ONNXConstant(constant.shape, .integers(bytes))
    result.type = Int32(type.rawValue)
    return result
  }

  /// scale · (q − zero) for one scale, or one for every index of an axis.
  private mutating func dequantized(
    _ constant: ONNXConstant, _ rounding: LinearRounding, _ node: ONNXNodeReader
  ) throws -> ONNXConstant {
    guard let integers = constant.integers else {
      throw node.unusable("the constant holds no integers", value: constant.elementType.map { "\($0)" })
    }
    if let type = constant.elementType {
      try node.require(
        [.int8, .uint8, .int32].contains(type), "constants are dequantised from int8, uint8 or int32", value: "\(type)")
      try requireZeros(of: type, rounding, node)
    }
    let run = try rounding.run(in: constant.shape, node)
    try charge(integers.count)
    let (scales, zeros) = (rounding.scales, rounding.zeros)
    let numbers = integers.indices.map { i in
      let index = i / run % scales.count
      return scales[index] * Float(clamping: integers[i], minus: zeros[index])
    }
    var result = ONNXConstant(constant.shape, .reals(numbers))
    if zeros.allSatisfy({ $0 == 0 }), integers.allSatisfy({ (-127...127).contains($0) }) {
      result.byteScales = .init(scales: scales, axis: rounding.axis(rank: constant.shape.rank))
    }
    return result
  }

  /// The scales of a weight's output channels, where it is given in bytes; channels lie along `axis`.
  mutating func byteScales(_ node: ONNXNodeReader, _ position: Int, axis: Int, channels: Int) throws -> [Float]? {
    guard let found = try constant(node, position)?.byteScales else { return nil }
    if found.scales.count == 1 {
      try charge(channels)
      return Array(repeating: found.scales[0], count: channels)
    }
    return found.axis == axis && found.scales.count == channels ? found.scales : nil
  }
}

extension Float {
  /// a − b, for integers that a file may state at will.
  fileprivate init(clamping a: Int, minus b: Int) {
    let (difference, overflows) = a.subtractingReportingOverflow(b)
    self = overflows ? Float(a) - Float(b) : Float(difference)
  }
}
