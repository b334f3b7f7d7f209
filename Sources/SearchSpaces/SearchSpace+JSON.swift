import Diagnostics
import Foundation

extension SearchSpace {
  /// Reads an architecture from JSON: one object with a value for every active variable and no other.
  ///
  /// Whitespace and the order of keys do not matter; the result has the canonical form.
  ///
  /// - Throws: ``Diagnostic`` that names the variable where the text is no architecture of this space; `file` is the
  ///   name that it gives.
  public func architecture(fromJSON text: String, file: String? = nil) throws -> Architecture {
    guard text.utf8.count <= 1 << 20 else {
      throw Diagnostic(
        .unusableFile, "the architecture is too large", at: .init(file: file),
        value: "\(text.utf8.count) bytes",
        rule: "at most 1 MiB is read")
    }
    guard nesting(of: text) <= 2,
      let object = try? JSONDecoder().decode([String: VariableValue].self, from: Data(text.utf8))
    else {
      throw Diagnostic(
        .unusableFile, "this is no architecture", at: .init(file: file),
        rule: "an architecture is a JSON object of variables and values, such as {\"width\":0.5}")
    }
    return try architecture(choosing: object, file: file)
  }

  /// The architecture of a set of choices, which must be exactly those of the active variables.
  ///
  /// - Throws: ``Diagnostic`` that names the variable where they are not.
  public func architecture(
    choosing choices: [String: VariableValue], file: String? = nil
  ) throws -> Architecture {
    if let unknown = choices.keys.sorted().first(where: { positions[$0] == nil }) {
      throw Diagnostic(
        .unusableFile, "unknown variable", at: .init(file: file), value: unknown,
        rule: "the space \(name) has \(variables.count) variables",
        nearest: nearestName(to: unknown, among: variables.map(\.name)))
    }
    for variable in variables { try check(variable, in: choices, file) }
    return Architecture(choices: choices)
  }

  private func check(_ variable: Variable, in choices: [String: VariableValue], _ file: String?) throws {
    let place = Diagnostic.Place(file: file, path: variable.name)
    let isActive = variable.isActive(under: choices)
    guard let value = choices[variable.name] else {
      guard isActive else { return }
      throw Diagnostic(
        .unusableFile, "the variable has no value", at: place, rule: "legal are \(variable.legalValues)")
    }
    guard variable.values.contains(value) else {
      throw Diagnostic(
        .unusableFile, "this is no value of the variable", at: place, value: value.description,
        rule: "legal are \(variable.legalValues)")
    }
    guard isActive else {
      let unmet = variable.conditions.first { condition in
        !(choices[condition.variable].map(condition.values.contains) ?? false)
      }
      throw Diagnostic(
        .unusableFile, "the variable is not active", at: place, value: value.description,
        rule: unmet.map { "it needs \($0)" } ?? "its conditions do not hold", remedy: "remove it")
    }
  }

  /// The deepest nesting of brackets; recursive decoders should not meet thousands.
  private func nesting(of text: String) -> Int {
    var (depth, deepest) = (0, 0)
    for byte in text.utf8 {
      if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") { depth += 1 }
      if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") { depth -= 1 }
      deepest = max(deepest, depth)
    }
    return deepest
  }
}

extension Variable {
  /// The values in a sentence.
  var legalValues: String { values.map(\.description).joined(separator: ", ") }
}

extension Variable.Condition: CustomStringConvertible {
  /// The condition in words, such as `late.depth = 3 or 4`.
  public var description: String { "\(variable) = \(values.map(\.description).joined(separator: " or "))" }
}
