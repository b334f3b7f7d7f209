import Diagnostics
import Foundation

/// Comma-separated values (RFC 4180): a header, and records of as many fields.
struct CSVText {
  let header: [String]
  let records: [[Substring]]

  /// Splits a text into fields.
  ///
  /// - Throws: ``Diagnostic`` as ``CSVReader`` does.
  init(_ data: Data, path: String) throws {
    var reader = try CSVReader(data, path: path)
    var records: [[Substring]] = []
    while let record = try reader.next() { records.append(record) }
    (header, self.records) = (reader.header, records)
  }
}

/// Reads comma-separated values record by record; quoted fields may hold commas, line ends and doubled quotes.
struct CSVReader {
  let header: [String]
  private var scanner: Scanner

  /// The line of the last record, or where it ended.
  var line: Int { scanner.line - 1 }

  /// Reads the header.
  ///
  /// - Throws: ``Diagnostic`` where the data is not text or names no columns.
  init(_ data: Data, path: String) throws {
    guard let text = String(data: data, encoding: .utf8) else {
      throw Diagnostic(.unusableFile, "the file is not text", at: .init(file: path), rule: "tables are UTF-8")
    }
    // A mark that some spreadsheets write first.
    scanner = Scanner(text: text.hasPrefix("\u{FEFF}") ? text.dropFirst() : text[...], path: path)
    header = try scanner.record()?.map(String.init) ?? []
    guard header.contains(where: { !$0.isEmpty }) else {
      throw Diagnostic(
        .unusableFile, "the table has no columns", at: .init(file: path), rule: "the first line names them")
    }
  }

  /// The next record, or `nil` at the end.
  ///
  /// - Throws: ``Diagnostic`` that names the line where a record has another number of fields, or a quote stays open.
  mutating func next() throws -> [Substring]? {
    while let record = try scanner.record() {
      // An empty line at the end, or between parts.
      if record.count == 1, record[0].isEmpty { continue }
      guard record.count == header.count else {
        throw Diagnostic(
          .unusableFile, "a record has another number of fields", at: .init(file: scanner.path, line: line),
          value: "\(record.count)", rule: "the header names \(header.count) columns")
      }
      return record
    }
    return nil
  }

  private struct Scanner {
    private var rest: Substring.UTF8View
    let path: String
    /// The line that is read next.
    private(set) var line = 1

    init(text: Substring, path: String) {
      rest = text.utf8
      self.path = path
    }

    /// The next record, or `nil` at the end.
    mutating func record() throws -> [Substring]? {
      guard !rest.isEmpty else { return nil }
      var fields: [Substring] = []
      while true {
        fields.append(rest.first == UInt8(ascii: "\"") ? try quoted() : plain())
        guard let byte = rest.popFirst() else { break }
        if byte == UInt8(ascii: ",") {
          // A comma at the very end is followed by an empty field.
          if rest.isEmpty { fields.append("") } else { continue }
        }
        if byte == UInt8(ascii: "\r"), rest.first == UInt8(ascii: "\n") { rest.removeFirst() }
        break
      }
      line += 1
      return fields
    }

    private static func ends(_ byte: UInt8) -> Bool {
      byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
    }

    private mutating func plain() -> Substring {
      let end = rest.firstIndex(where: Self.ends) ?? rest.endIndex
      defer { rest = rest[end...] }
      return Substring(rest[..<end])
    }

    private mutating func quoted() throws -> Substring {
      let start = line
      rest.removeFirst()
      var text = ""
      while let quote = rest.firstIndex(of: UInt8(ascii: "\"")) {
        let part = Substring(rest[..<quote])
        line += part.utf8.count { $0 == UInt8(ascii: "\n") }
        text += part
        rest = rest[rest.index(after: quote)...]
        guard rest.first == UInt8(ascii: "\"") else {
          guard rest.first.map(Self.ends) ?? true else { break }
          return text[...]
        }
        text += "\""
        rest.removeFirst()
      }
      throw Diagnostic(
        .unusableFile, "a quoted field does not end", at: .init(file: path, line: start),
        rule: "a closing quote is followed by a comma or the end of the line")
    }
  }
}

/// Text of comma-separated values in the making.
struct CSVWriter {
  private(set) var text: [UInt8] = []

  /// Appends a record, fields before numbers; fields with commas, quotes or line ends are quoted.
  mutating func append(_ fields: some Sequence<some StringProtocol>, _ numbers: [Double] = []) {
    var isFirst = true
    for field in fields {
      if !isFirst { text.append(UInt8(ascii: ",")) }
      isFirst = false
      if field.utf8.contains(where: Self.needsQuotes) {
        text.append(contentsOf: "\"\(field.replacingOccurrences(of: "\"", with: "\"\""))\"".utf8)
      } else {
        text.append(contentsOf: field.utf8)
      }
    }
    for number in numbers {
      text.append(UInt8(ascii: ","))
      text.append(contentsOf: number.description.utf8)
    }
    text.append(UInt8(ascii: "\n"))
  }

  private static func needsQuotes(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: ","), UInt8(ascii: "\""), UInt8(ascii: "\n"), UInt8(ascii: "\r"): true
    default: false
    }
  }
}
