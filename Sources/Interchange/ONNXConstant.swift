import Diagnostics
import Foundation
import Tensors

/// Numbers that stand in a file, or were computed from shapes.
struct ONNXConstant {
  /// What the numbers are.
  enum Elements {
    case reals([Float])
    case integers([Int])
  }

  /// The scales of numbers that were bytes within ±127.
  struct ByteScales {
    let scales: [Float]
    /// The axis that they belong to; `nil` for one scale.
    let axis: Int?
  }

  let shape: Shape
  let elements: Elements
  /// How the file stored the numbers; `nil` for what was computed.
  var type: Int32?
  var byteScales: ByteScales?

  /// A list of integers.
  init(integers: [Int]) { (shape, elements) = ([integers.count], .integers(integers)) }

  /// Numbers of any shape.
  init(_ shape: Shape, _ elements: Elements) { (self.shape, self.elements) = (shape, elements) }

  /// Numbers as they stand in a file.
  ///
  /// - Throws: ``Diagnostic`` where their count does not fit the shape, or their type is none of numbers.
  init(_ tensor: ONNXTensorProto, path: String) throws {
    let place = Diagnostic.Place(file: path, path: tensor.name)
    let shape = Shape(tensor.dims.map { Int(clamping: $0) })
    guard tensor.dataLocation != .external else {
      throw Diagnostic(
        .unusableFile, "the tensor lies in another file", at: place, rule: "all numbers stand in the ONNX file",
        remedy: "save the model without external data")
    }
    guard let type = ONNXTensorProto.DataType(rawValue: Int(tensor.dataType)) else {
      throw Diagnostic(.unusableFile, "unknown element type", at: place, value: String(tensor.dataType))
    }
    elements = try tensor.hasRawData ? Self.raw(tensor, type, place) : Self.typed(tensor, type, place)
    let count =
      switch elements {
      case .reals(let values): values.count
      case .integers(let values): values.count
      }
    // An extent of 0 must not hide one that a loop would never come to the end of.
    guard shape.checkedElementCount == count, count > 0 || shape.dimensions.allSatisfy({ $0 <= 1 << 20 }) else {
      throw Diagnostic(
        .unusableFile, "the tensor's numbers do not fill its shape", at: place, value: "\(count) numbers",
        rule: "the shape is \(shape)")
    }
    self.shape = shape
    self.type = tensor.dataType
  }

  private static func unusable(_ type: ONNXTensorProto.DataType, _ place: Diagnostic.Place) -> Diagnostic {
    Diagnostic(
      .unusableFile, "the element type cannot be used", at: place, value: "\(type)",
      rule: "it is float, double, float16, bfloat16, int8, uint8, int32, int64 or bool")
  }

  private static func raw(
    _ tensor: ONNXTensorProto, _ type: ONNXTensorProto.DataType, _ place: Diagnostic.Place
  ) throws -> Elements {
    let formats: [ONNXTensorProto.DataType: ElementFormat] = [
      .float: .float32, .double: .float64, .float16: .float16, .bfloat16: .bfloat16, .int64: .int64, .int32: .int32,
      .int8: .int8, .uint8: .uint8, .bool: .uint8,
    ]
    guard let format = formats[type] else { throw unusable(type, place) }
    guard tensor.rawData.count % format.byteCount == 0 else {
      throw Diagnostic(
        .unusableFile, "the tensor's bytes are no whole numbers", at: place, value: "\(tensor.rawData.count) bytes",
        rule: "a number takes \(format.byteCount)")
    }
    return try tensor.rawData.withUnsafeBytes { bytes in
      switch format {
      case .int64: .integers(integers(bytes, Int64.self))
      case .int32: .integers(integers(bytes, Int32.self))
      case .int8: .integers(integers(bytes, Int8.self))
      case .uint8: .integers(integers(bytes, UInt8.self))
      default: .reals(try format.floats(bytes, at: place))
      }
    }
  }

  private static func integers<Element: BinaryInteger & BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _ type: Element.Type
  ) -> [Int] {
    let size = MemoryLayout<Element>.size
    return (0..<bytes.count / size).map { Int(bytes.loadUnaligned(fromByteOffset: $0 * size, as: type)) }
  }

  private static func typed(
    _ tensor: ONNXTensorProto, _ type: ONNXTensorProto.DataType, _ place: Diagnostic.Place
  ) throws -> Elements {
    switch type {
    case .float: .reals(tensor.floatData)
    case .double: .reals(tensor.doubleData.map { Float($0) })
    case .float16: .reals(tensor.int32Data.map { Float(Float16(bitPattern: UInt16(truncatingIfNeeded: $0))) })
    case .bfloat16: .reals(tensor.int32Data.map { Float(bitPattern: UInt32(truncatingIfNeeded: $0) << 16) })
    case .int64: .integers(tensor.int64Data.map { Int($0) })
    case .int32, .int8, .uint8, .bool: .integers(tensor.int32Data.map { Int($0) })
    default: throw unusable(type, place)
    }
  }

  /// The integers, or `nil` where the numbers are real.
  var integers: [Int]? {
    guard case .integers(let values) = elements else { return nil }
    return values
  }

  /// The numbers as FP32.
  var reals: [Float] {
    switch elements {
    case .reals(let values): values
    case .integers(let values): values.map { Float($0) }
    }
  }
}
