import Diagnostics
import Foundation

/// One network of a search space: an assignment of exactly its active variables.
///
/// Two architectures of one space are equal exactly where their networks are. The JSON text is canonical (keys
/// sorted, no spaces), and the hash is the SHA-256 of it, so that both can be stored and compared.
///
///     let architecture = try space.architecture(fromJSON: #"{"late.depth":2,"width":0.5}"#)
///     print(architecture["late.depth"], architecture.hash)
public struct Architecture: Hashable, Sendable {
  /// The values of the active variables by name.
  public let choices: [String: VariableValue]

  /// Only a space can tell which variables are active, so only this module creates architectures from choices.
  init(choices: [String: VariableValue]) { self.choices = choices }

  /// The value of a variable, or `nil` where it is not active.
  public subscript(variable: String) -> VariableValue? { choices[variable] }

  /// The choices as one JSON object with sorted keys and no spaces.
  public var json: String {
    let pairs = choices.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\($0.value.json)" }
    return "{" + pairs.joined(separator: ",") + "}"
  }

  /// The SHA-256 of ``json`` as 64 hexadecimal digits.
  public var hash: String { sha256(Data(json.utf8)) }
}

extension Architecture: Codable {
  /// Reads choices without a check; ``SearchSpace/architecture(fromJSON:)`` is the road for foreign text.
  public init(from decoder: any Decoder) throws {
    choices = try [String: VariableValue](from: decoder)
  }

  /// Writes the choices as one object.
  public func encode(to encoder: any Encoder) throws { try choices.encode(to: encoder) }
}

extension Architecture: CustomStringConvertible {
  /// The canonical JSON.
  public var description: String { json }
}
