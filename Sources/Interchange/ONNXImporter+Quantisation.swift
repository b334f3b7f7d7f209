import Networks
import Tensors

/// Files with QuantizeLinear and DequantizeLinear around their operators (QDQ): the pair becomes the grid of the value
/// between them, and dequantised weights keep their scales.
extension ONNXImporter {
  /// A value on its way to being rounded: what reads it next is a DequantizeLinear.
  mutating func quantize(_ node: ONNXNodeReader) throws {
    guard let name = node.input(0) else { throw node.unusable("operand 0 is missing") }
    let value = try imported(name, for: node)
    if case .constant(let constant) = value {
      return try define(node, .constant(try quantized(constant, node)))
    }
    let grid = try grid(node)
    switch value {
    case .grouped(let source, let groups, let isSwapped) where builder.grid(source) == grid.grid:
      // Regrouping moves bytes only.
      try define(node, .grouped(source, groups: groups, isSwapped: isSwapped))
    case .column(let source) where builder.grid(source) == grid.grid: try define(node, .column(source))
    default:
      let bytes = try rounded(self.value(name, for: node), name, node, grid.grid)
      try define(node, .bytes(bytes, grid.grid, isSigned: grid.typeOffset != 0))
    }
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
    switch try imported(name, for: node) {
    case .bytes(let value, let written, let isSigned):
      let read = try grid(node, isSigned: isSigned).grid
      try node.require(read == written, "the scale and zero point are those of the QuantizeLinear before")
      try define(node, .node(value))
    case .grouped(let source, let groups, let isSwapped):
      try requireGrid(of: source, node)
      try define(node, .grouped(source, groups: groups, isSwapped: isSwapped))
    case .column(let source):
      try requireGrid(of: source, node)
      try define(node, .column(source))
    case .constant(let constant): try define(node, .constant(try dequantized(constant, node)))
    default:
      throw node.unusable(
        "the operand holds no bytes", value: name, rule: "it is a constant, or the result of QuantizeLinear")
    }
  }

  private mutating func requireGrid(of source: Network.ValueID, _ node: ONNXNodeReader) throws {
    let read = try grid(node).grid
    try node.require(builder.grid(source) == read, "the scale and zero point are those of the QuantizeLinear before")
  }

  /// The bytes of numbers, for one scale or one for every index of an axis.
  private mutating func quantized(_ constant: ONNXConstant, _ node: ONNXNodeReader) throws -> ONNXConstant {
    let scales = try scales(node)
    let zeroPoint = try self.constant(node, 2)
    let zeros = zeroPoint?.integers ?? [0]
    let isSigned = zeroPoint?.type == Int32(ONNXTensorProto.DataType.int8.rawValue)
    let rank = constant.shape.rank
    let stated = node.integer("axis", default: 1)
    let axis = stated < 0 ? stated + rank : stated
    let count = max(scales.count, zeros.count)
    try node.require(
      count == 1
        || axis >= 0 && axis < rank && constant.shape[axis] == count
          && [1, count].contains(scales.count) && [1, count].contains(zeros.count),
      "there is one scale, or one for every index of the axis", value: "\(scales.count) scales")
    try node.require(
      zeros.allSatisfy { (isSigned ? -128...127 : 0...255).contains($0) }, "zero points are of their type")
    try charge(constant.shape.elementCount)
    let inner = count > 1 ? constant.shape.dimensions[(axis + 1)...].reduce(1, *) : 1
    let bytes = constant.reals.enumerated().map { i, number in
      let index = i / inner % count
      let zero = zeros[zeros.count == 1 ? 0 : index] + (isSigned ? 128 : 0)
      let grid = ByteGrid(scale: scales[scales.count == 1 ? 0 : index], zero: UInt8(zero))
      return Int(grid.byte(number)) - (isSigned ? 128 : 0)
    }
    return ONNXConstant(constant.shape, .integers(bytes))
  }

  /// scale · (q − zero) for one scale, or one for every index of an axis.
  private mutating func dequantized(_ constant: ONNXConstant, _ node: ONNXNodeReader) throws -> ONNXConstant {
    guard let integers = constant.integers else { throw node.unusable("the constant holds no integers") }
    let scales = try scales(node)
    let zeros = try self.constant(node, 2)?.integers ?? [0]
    try node.require(node.integer("block_size", default: 0) == 0, "a scale is for a whole index of an axis")
    let rank = constant.shape.rank
    let stated = node.integer("axis", default: 1)
    let axis = stated < 0 ? stated + rank : stated
    let isPerAxis = scales.count > 1 || zeros.count > 1
    try node.require(
      !isPerAxis
        || axis >= 0 && axis < rank && [1, constant.shape[axis]].contains(scales.count)
          && [1, constant.shape[axis]].contains(zeros.count),
      "there is one scale, or one for every index of the axis",
      value: "\(scales.count) scales")
    try charge(integers.count)
    let inner = isPerAxis ? constant.shape.dimensions[(axis + 1)...].reduce(1, *) : 1
    let extent = isPerAxis ? constant.shape[axis] : 1
    let numbers = integers.indices.map { i in
      let index = i / inner % extent
      let zero = zeros[zeros.count == 1 ? 0 : index]
      return scales[scales.count == 1 ? 0 : index] * Float(clamping: integers[i], minus: zero)
    }
    var result = ONNXConstant(constant.shape, .reals(numbers))
    if zeros.allSatisfy({ $0 == 0 }), integers.allSatisfy({ (-127...127).contains($0) }) {
      result.byteScales = .init(scales: scales, axis: isPerAxis ? axis : nil)
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

  private mutating func scales(_ node: ONNXNodeReader) throws -> [Float] {
    guard let constant = try constant(node, 1), case .reals(let scales) = constant.elements,
      !scales.isEmpty, scales.allSatisfy({ $0.isFinite && $0 > 0 })
    else { throw node.unusable("the scales are not constant positive numbers", value: node.input(1)) }
    return scales
  }

  /// The grid of a value, and what has to be taken from its bytes for the type of the file.
  private mutating func grid(_ node: ONNXNodeReader, isSigned: Bool = false) throws -> TypedGrid {
    let scales = try scales(node)
    let zero = try constant(node, 2)
    try node.require(
      scales.count == 1 && zero?.shape.elementCount ?? 1 == 1,
      "a value has one scale and one zero point; only weights may have several", value: "\(scales.count) scales")
    let (int8, uint8) = (ONNXTensorProto.DataType.int8.rawValue, ONNXTensorProto.DataType.uint8.rawValue)
    let type = zero?.type.map(Int.init) ?? node.integer("output_dtype", default: isSigned ? int8 : uint8)
    try node.require(
      type == int8 || type == uint8, "values are quantised to uint8 or int8",
      value: ONNXTensorProto.DataType(rawValue: type).map { "\($0)" })
    let offset = type == int8 ? 128 : 0
    let byte = (zero?.integers?.first ?? 0) + offset
    try node.require((0...255).contains(byte), "the zero point is of its type", value: "\(byte - offset)")
    return TypedGrid(grid: ByteGrid(scale: scales[0], zero: UInt8(byte)), typeOffset: offset)
  }

  /// A grid of unsigned bytes, and the difference to the file's signed ones.
  private struct TypedGrid {
    let grid: ByteGrid
    let typeOffset: Int
  }
}

extension Float {
  /// a − b, for integers that a file may state at will.
  fileprivate init(clamping a: Int, minus b: Int) {
    let (difference, overflows) = a.subtractingReportingOverflow(b)
    self = overflows ? Float(a) - Float(b) : Float(difference)
  }
}
