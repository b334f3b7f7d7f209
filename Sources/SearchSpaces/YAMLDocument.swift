import Diagnostics
import Foundation
import Yams

/// Reads the root of a YAML text, with guards against hostile ones.
///
/// The parser below stops at 1000 levels of nesting by itself. Aliases are resolved while it reads, so that a short
/// text could stand for exponentially many nodes; with few aliases in a short file the number stays small: k of them
/// multiply a text by 3^(k/3) at most.
package enum YAMLDocument {
  package static let sizeLimit = 1 << 20
  static let aliasLimit = 16
  static let sizeLimitWithAliases = 1 << 16

  /// The root of a file.
  ///
  /// - Throws: ``Diagnostic`` with the line where the file is no YAML document within the limits.
  package static func root(ofFile path: String) throws -> YAMLEntry {
    YAMLEntry(node: try root(of: readFile(path, limit: sizeLimit), file: path), file: path, path: "")
  }

  /// - Throws: ``Diagnostic`` with the line where the bytes are no YAML document within the limits.
  static func root(of data: Data, file: String?) throws -> Node {
    guard data.count <= sizeLimit else {
      throw unusable(
        "the file is too large", file, value: "\(data.count) bytes", rule: "at most 1 MiB is read")
    }
    guard let text = String(validating: data, as: UTF8.self) else {
      throw unusable("the file is not text", file, rule: "a space or experiment file is YAML in UTF-8")
    }
    try checkAliases(of: data, file: file)
    do {
      guard let root = try Yams.compose(yaml: text) else {
        throw unusable(
          "the file is empty", file, rule: "the file starts with 'version: 1'",
          remedy: "'quoin init' writes one to start from")
      }
      return root
    } catch let error as YamlError {
      throw diagnostic(of: error, text: text, file: file)
    }
  }

  private static func unusable(
    _ problem: String, _ file: String?, line: Int? = nil, value: String? = nil, rule: String? = nil,
    remedy: String? = nil
  ) -> Diagnostic {
    Diagnostic(
      .unusableFile, problem, at: .init(file: file, line: line), value: value, rule: rule, remedy: remedy)
  }

  /// Counts whatever could be an alias, in comments and quotes too: counting too many is safe, too few is not.
  private static func checkAliases(of data: Data, file: String?) throws {
    var aliases = 0
    var line = 1
    var previous = UInt8(ascii: "\n")
    for byte in data {
      if byte == UInt8(ascii: "\n") { line += 1 }
      if previous == UInt8(ascii: "*"), isNameByte(byte) { aliases += 1 }
      previous = byte
      guard aliases > 0 else { continue }
      guard aliases <= aliasLimit else {
        throw unusable(
          "too many aliases", file, line: line,
          rule: "a file has at most \(aliasLimit) aliases ('*name')")
      }
      guard data.count <= sizeLimitWithAliases else {
        throw unusable(
          "the file is too large for aliases", file, line: line, value: "\(data.count) bytes",
          rule: "a file with aliases ('*name') has at most 64 KiB")
      }
    }
  }

  private static func isNameByte(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"): true
    default: byte >= 0x80
    }
  }

  private static func diagnostic(of error: YamlError, text: String, file: String?) -> Diagnostic {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      return unusable("the file is no YAML: \(problem)", file, line: mark.line)
    case .reader(let problem, let offset, _, _):
      let line = offset.map { text.prefix($0).reduce(1) { $0 + ($1.isNewline ? 1 : 0) } }
      return unusable("the file is no YAML: \(problem)", file, line: line)
    case .duplicatedKeysInMapping(let duplicates, let context):
      return unusable(
        "a key stands twice", file, line: context.mark.line, value: duplicates.first, rule: "keys are unique")
    default:
      return unusable("the file is no YAML", file)
    }
  }
}
