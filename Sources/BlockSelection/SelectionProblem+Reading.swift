import Diagnostics
import Foundation

extension SelectionProblem {
  /// The largest file that is read, in bytes.
  private static let largestFile = 256 << 20

  /// Reads and checks an instance file.
  ///
  /// - Throws: ``Diagnostic`` that names the file, the place in it, and the rule that is broken.
  public init(contentsOf path: String) throws {
    try self.init(json: readFile(path, limit: Self.largestFile), path: path)
  }

  /// Reads and checks an instance.
  ///
  /// - Parameters:
  ///   - json: the text, in UTF-8.
  ///   - path: what messages call the file.
  /// - Throws: ``Diagnostic`` that names the place in the text and the rule that is broken.
  public init(json: Data, path: String? = nil) throws {
    do {
      guard json.count <= Self.largestFile else {
        throw Diagnostic(
          .unusableFile, "the instance is too large", value: "\(json.count) bytes",
          rule: "at most \(Self.largestFile) bytes are read")
      }
      if let twice = RepeatedKeys.first(in: json) {
        throw Diagnostic(
          .unusableFile, "a key stands twice", at: .init(line: twice.line, path: twice.place), value: twice.key,
          rule: "each key of an object stands once")
      }
      self = try JSONDecoder().decode(Self.self, from: json)
      try validate()
    } catch let error as DecodingError {
      throw Self.diagnostic(error, file: path, json)
    } catch var error as Diagnostic {
      error.place = .init(file: path ?? error.place?.file, line: error.place?.line, path: error.place?.path)
      throw error
    }
  }

  private static func diagnostic(_ error: DecodingError, file: String?, _ json: Data) -> Diagnostic {
    func place(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> Diagnostic.Place {
      .init(file: file, path: placeText(context.codingPath + (last.map { [$0] } ?? [])))
    }
    switch error {
    case .keyNotFound(let key, let context):
      return Diagnostic(.unusableFile, "a key is missing", at: place(context), value: key.stringValue)
    case .valueNotFound(let type, let context):
      return Diagnostic(
        .unusableFile, "a value is missing", at: place(context), rule: "\(noun(type)) is needed")
    case .typeMismatch(let type, let context):
      return Diagnostic(
        .unusableFile, "a value of the wrong kind", at: place(context), rule: "\(noun(type)) is needed")
    case .dataCorrupted(let context):
      return corrupted(context, place(context), json)
    @unknown default:
      return Diagnostic(.unusableFile, "the instance cannot be read", at: .init(file: file))
    }
  }

  /// A text that is no JSON, or a value that is outside its type.
  private static func corrupted(
    _ context: DecodingError.Context, _ place: Diagnostic.Place, _ json: Data
  ) -> Diagnostic {
    guard place.path?.isEmpty != false else {
      return Diagnostic(.unusableFile, "a value cannot be used", at: place, rule: context.debugDescription)
    }
    let reason = syntaxError(in: json)
    return Diagnostic(
      .unusableFile, "the text is not valid JSON",
      at: .init(file: place.file, line: reason.flatMap { lineNumber($0, in: json) }),
      rule: reason ?? "numbers have to fit into a 64-bit floating-point number")
  }

  /// What is wrong with the text; `nil` where it is well formed. `JSONDecoder` keeps this to itself.
  private static func syntaxError(in json: Data) -> String? {
    do {
      _ = try JSONSerialization.jsonObject(with: json, options: .fragmentsAllowed)
      return nil
    } catch {
      let text = (error as NSError).userInfo["NSDebugDescription"] as? String ?? "it cannot be parsed"
      return text.hasSuffix(".") ? String(text.dropLast()) : text
    }
  }

  /// Foundation says "Invalid value around character 15."
  private static func lineNumber(_ reason: String, in json: Data) -> Int? {
    guard let range = reason.range(of: "character ") else { return nil }
    guard let offset = Int(reason[range.upperBound...].prefix { $0.isNumber }) else { return nil }
    return 1 + json.prefix(offset).count { $0 == UInt8(ascii: "\n") }
  }

  private static func noun(_ type: Any.Type) -> String {
    switch type {
    case is Double.Type: "a number"
    case is Int.Type: "a whole number"
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    case is [Any].Type: "a list"
    default: "an object"
    }
  }
}
