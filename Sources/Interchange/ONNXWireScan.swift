import Foundation

/// Counts the messages in a file before it is decoded.
///
/// An empty message is two bytes long and becomes a hundred in memory, so that a small hostile file could ask for more
/// memory than there is. The scan follows the nesting of onnx.proto and allocates nothing.
struct ONNXWireScan {
  /// The kinds of messages that hold messages.
  private enum Kind {
    case model, graph, node, attribute, tensor, value, type, tensorType, shape
    case leaf

    /// The kind of the message in a field, or `nil` where the field is no message.
    func message(inField number: UInt64) -> Kind? {
      switch (self, number) {
      case (.model, 7): .graph
      case (.model, 8), (.model, 14): .leaf
      case (.graph, 1): .node
      case (.graph, 11), (.graph, 12): .value
      case (.graph, 5), (.attribute, 5): .tensor
      case (.tensor, 13), (.shape, 1): .leaf
      case (.node, 5): .attribute
      case (.value, 2): .type
      case (.type, 1): .tensorType
      case (.tensorType, 2): .shape
      default: nil
      }
    }
  }

  private let bytes: UnsafeRawBufferPointer
  private var remaining = 4 << 20

  /// Whether the data are well-formed as far as the scan looks, with at most 4 Mi messages.
  static func isModest(_ data: Data) -> Bool {
    data.withUnsafeBytes { bytes in
      var scan = ONNXWireScan(bytes: bytes)
      return scan.message(.model, 0..<bytes.count)
    }
  }

  private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private mutating func message(_ kind: Kind, _ range: Range<Int>) -> Bool {
    remaining -= 1
    guard remaining >= 0 else { return false }
    if case .leaf = kind { return true }
    var position = range.lowerBound
    while position < range.upperBound {
      guard let tag = varint(&position, range.upperBound) else { return false }
      switch tag & 7 {
      case 0: guard varint(&position, range.upperBound) != nil else { return false }
      case 1: position += 8
      case 5: position += 4
      case 2:
        guard let length = varint(&position, range.upperBound), length <= UInt64(range.upperBound - position) else {
          return false
        }
        let end = position + Int(length)
        if let inner = kind.message(inField: tag >> 3), !message(inner, position..<end) { return false }
        position = end
      default: return false
      }
    }
    return position == range.upperBound
  }

  private func varint(_ position: inout Int, _ end: Int) -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard position < end else { return nil }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }
}
