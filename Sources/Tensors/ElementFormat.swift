import Diagnostics

/// How a file stores one number, in little-endian order.
package enum ElementFormat: Sendable, Hashable, CaseIterable {
  case float16
  case bfloat16
  case float32
  case float64
  case int8
  case uint8
  case int16
  case int32
  case int64
  case boolean

  /// The number of bytes of one element.
  package var byteCount: Int {
    switch self {
    case .int8, .uint8, .boolean: 1
    case .float16, .bfloat16, .int16: 2
    case .float32, .int32: 4
    case .float64, .int64: 8
    }
  }

  /// The elements as FP32; FP64 is rounded.
  ///
  /// - Precondition: `bytes` holds whole elements.
  /// - Throws: ``Diagnostic`` for a finite number that FP32 cannot hold: an integer that would be rounded, or a
  ///   magnitude that would become infinite.
  package func floats(_ bytes: UnsafeRawBufferPointer, at place: Diagnostic.Place) throws -> [Float] {
    precondition(bytes.count % byteCount == 0, "the bytes are whole elements")
    switch self {
    case .float32: return Self.copied(bytes)
    case .float16: return try converted(bytes, Float16.self, place) { Float($0) }
    case .bfloat16: return try converted(bytes, UInt16.self, place) { Float(bitPattern: UInt32($0) << 16) }
    case .float64:
      return try converted(bytes, Double.self, place) { $0.isFinite && !Float($0).isFinite ? nil : Float($0) }
    case .int8: return try converted(bytes, Int8.self, place) { Float($0) }
    case .uint8: return try converted(bytes, UInt8.self, place) { Float($0) }
    case .int16: return try converted(bytes, Int16.self, place) { Float($0) }
    case .int32: return try converted(bytes, Int32.self, place) { Float(exactly: $0) }
    case .int64: return try converted(bytes, Int64.self, place) { Float(exactly: $0) }
    case .boolean: return try converted(bytes, UInt8.self, place) { $0 == 0 ? 0 : 1 }
    }
  }

  private static func copied(_ bytes: UnsafeRawBufferPointer) -> [Float] {
    [Float](unsafeUninitializedCapacity: bytes.count / 4) { elements, count in
      UnsafeMutableRawBufferPointer(elements).copyMemory(from: bytes)
      count = bytes.count / 4
    }
  }

  private func converted<Element: BitwiseCopyable>(
    _ bytes: UnsafeRawBufferPointer, _ type: Element.Type, _ place: Diagnostic.Place,
    _ float: (Element) -> Float?
  ) throws -> [Float] {
    let size = MemoryLayout<Element>.size
    return try (0..<bytes.count / size).map { position in
      // Elements of a file lie on any address.
      let element = bytes.loadUnaligned(fromByteOffset: position * size, as: type)
      guard let value = float(element) else {
        throw Diagnostic(
          .unusableFile, "element \(position) does not fit into 32-bit floating point", at: place,
          value: "\(element)", rule: "integers are exact up to 2^24, magnitudes go up to 3.4e38")
      }
      return value
    }
  }
}
