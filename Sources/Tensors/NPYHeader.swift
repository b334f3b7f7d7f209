import Diagnostics
import Foundation

/// What the header of a `.npy` file says: a Python dictionary literal of three entries.
struct NPYHeader {
  var format: ElementFormat
  var shape: Shape

  /// NumPy's own limit for headers that it reads without being told to trust the file.
  private static let limit = 10_000
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
  private static let formats: [String: ElementFormat] = [
    "<f2": .float16, "<f4": .float32, "<f8": .float64, "|i1": .int8, "|u1": .uint8, "<i2": .int16, "<i4": .int32,
    "<i8": .int64, "|b1": .boolean,
  ]

  /// The header at the start of a file, and where the elements start.
  static func read(_ data: Data, path: String) throws -> (header: NPYHeader, start: Int) {
    let bytes = [UInt8](data.prefix(limit + 12))
    func damaged(_ rule: String) -> Diagnostic {
      Diagnostic(.unusableFile, "the file is not a NumPy array", at: .init(file: path), rule: rule)
    }
    guard bytes.count >= 12, Array(bytes[0..<6]) == magic else { throw damaged("it starts with \\x93NUMPY") }
    guard (1...3).contains(bytes[6]) else { throw damaged("its format version is 1, 2 or 3, not \(bytes[6])") }
    let start = bytes[6] == 1 ? 10 : 12
    let length = (8..<start).reversed().reduce(0) { $0 << 8 | Int(bytes[$1]) }
    guard length <= limit else { throw damaged("its header has at most \(limit) bytes, not \(length)") }
    guard start + length <= bytes.count else { throw damaged("its header of \(length) bytes is complete") }
    var scanner = PythonLiteralScanner(bytes: Array(bytes[start..<start + length]))
    guard let entries = scanner.dictionary() else {
      throw damaged("its header is a dictionary of descr, fortran_order and shape")
    }
    return (try NPYHeader(entries, path: path), start + length)
  }

  private init(_ entries: [String: PythonLiteral], path: String) throws {
    guard case .text(let description)? = entries["descr"], let format = Self.formats[description] else {
      throw Diagnostic(
        .unusableFile, "unknown element type", at: .init(file: path, path: "descr"),
        value: entries["descr"]?.description ?? "",
        rule: "it is one of \(Self.formats.keys.sorted().joined(separator: ", "))",
        remedy: "save array.astype('float32')")
    }
    guard case .boolean(let isFortranOrder)? = entries["fortran_order"] else {
      throw Diagnostic(
        .unusableFile, "the order of the elements is missing", at: .init(file: path, path: "fortran_order"))
    }
    guard case .integers(let extents)? = entries["shape"] else {
      throw Diagnostic(.unusableFile, "the shape is missing", at: .init(file: path, path: "shape"))
    }
    // With at most one extent above 1 the two orders are the same.
    guard !isFortranOrder || extents.count(where: { $0 != 1 }) < 2 else {
      throw Diagnostic(
        .unusableFile, "the elements are in Fortran order", at: .init(file: path), rule: "the order is C",
        remedy: "save numpy.ascontiguousarray(array)")
    }
    (self.format, shape) = (format, Shape(extents))
  }
}

/// The values that stand in headers.
private enum PythonLiteral: CustomStringConvertible {
  case text(String)
  case boolean(Bool)
  case integers([Int])

  var description: String {
    switch self {
    case .text(let text): text
    case .boolean(let value): value ? "True" : "False"
    case .integers(let values): "(\(values.map(String.init).joined(separator: ", ")))"
    }
  }
}

/// Reads Python literals from left to right; every function answers `nil` where something else stands.
private struct PythonLiteralScanner {
  let bytes: [UInt8]
  var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func dictionary() -> [String: PythonLiteral]? {
    guard take("{") else { return nil }
    var entries: [String: PythonLiteral] = [:]
    while !take("}") {
      guard let key = text(), take(":"), let value = value(), entries.updateValue(value, forKey: key) == nil else {
        return nil
      }
      if !take(",") {
        guard take("}") else { return nil }
        break
      }
    }
    skipSpaces()
    return position == bytes.count ? entries : nil
  }

  private mutating func value() -> PythonLiteral? {
    if let text = text() { return .text(text) }
    if take("True") { return .boolean(true) }
    if take("False") { return .boolean(false) }
    return integers().map { .integers($0) }
  }

  private mutating func integers() -> [Int]? {
    guard take("(") else { return nil }
    var values: [Int] = []
    while !take(")") {
      guard let value = integer() else { return nil }
      values.append(value)
      if !take(",") { return take(")") ? values : nil }
    }
    return values
  }

  private mutating func integer() -> Int? {
    skipSpaces()
    let digits = bytes[position...].prefix { (48...57).contains($0) }
    position += digits.count
    return Int(String(decoding: digits, as: UTF8.self))
  }

  private mutating func text() -> String? {
    skipSpaces()
    guard position < bytes.count, bytes[position] == 39 || bytes[position] == 34 else { return nil }
    guard let end = bytes[(position + 1)...].firstIndex(of: bytes[position]) else { return nil }
    defer { position = end + 1 }
    return String(decoding: bytes[position + 1..<end], as: UTF8.self)
  }

  private mutating func take(_ word: String) -> Bool {
    skipSpaces()
    guard bytes[position...].starts(with: word.utf8) else { return false }
    position += word.utf8.count
    return true
  }

  private mutating func skipSpaces() {
    while position < bytes.count, bytes[position] == 32 || bytes[position] == 10 { position += 1 }
  }
}
