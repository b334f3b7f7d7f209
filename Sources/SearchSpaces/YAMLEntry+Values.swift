import Diagnostics
import Networks
import Yams

extension YAMLEntry {
  /// What a value must be: reads one, or explains what is wrong.
  typealias ValueRule = (YAMLEntry) throws -> VariableValue

  /// The most values that one list may hold.
  static let listLimit = 32

  /// A value, or a list of distinct values to choose from.
  func choice(_ key: String, _ rule: ValueRule) throws -> Choice {
    guard let elements else { return Choice(key: key, values: [try rule(self)], line: line) }
    guard !elements.isEmpty else { throw error("the list is empty", rule: "a choice has at least one value") }
    guard elements.count <= Self.listLimit else {
      throw error(
        "the list is too long", value: "\(elements.count) values",
        rule: "a choice has at most \(Self.listLimit) values")
    }
    var values: [VariableValue] = []
    for element in elements {
      let value = try rule(element)
      guard !values.contains(value) else {
        throw element.error(
          "a value stands twice", value: value.description, rule: "the values of a choice differ")
      }
      values.append(value)
    }
    return Choice(key: key, values: values, line: line)
  }

  /// A whole number within bounds.
  package func integer(in range: ClosedRange<Int>) throws -> Int {
    let rule = "a whole number from \(range.lowerBound) to \(range.upperBound) is needed"
    guard let text else { throw error("this is not one number", rule: rule) }
    guard let number = Self.number(text), number == number.rounded() else {
      throw error("this is no whole number", rule: rule)
    }
    guard number >= Double(range.lowerBound), number <= Double(range.upperBound) else {
      throw error("the number is out of bounds", rule: rule)
    }
    return Int(number)
  }

  /// A positive number up to a bound.
  package func positiveNumber(upTo bound: Double) throws -> Double {
    let rule = "a number above 0 and up to \(VariableValue.normal(bound)) is needed"
    guard let text, let number = Self.number(text) else { throw error("this is no number", rule: rule) }
    guard number > 0, number <= bound else { throw error("the number is out of bounds", rule: rule) }
    return number
  }

  /// `true` or `false`.
  package func flag() throws -> Bool {
    switch text {
    case "true": return true
    case "false": return false
    default:
      throw error("this is neither true nor false", rule: "write true or false")
    }
  }

  /// A side or a mapping of height and width; `check` adds a rule about each of them.
  func extent(in range: ClosedRange<Int>, odd: Bool = false) throws -> VariableValue {
    func side(_ entry: YAMLEntry) throws -> Int {
      let side = try entry.integer(in: range)
      guard !odd || side % 2 == 1 else {
        throw entry.error("the number is even", rule: "a kernel is odd, so that it has a centre")
      }
      return side
    }
    guard node.mapping != nil else {
      let side = try side(self)
      return .integer(side)
    }
    let fields = try fields(["height", "width"])
    let rule = "a pair is written {height: 3, width: 5}"
    return .normal(
      height: try side(fields.required("height", rule: rule)),
      width: try side(fields.required("width", rule: rule)))
  }

  /// One of some words.
  package func word(among legal: [String], _ noun: String) throws -> String {
    guard let text, legal.contains(text) else {
      throw error(
        "unknown \(noun)", rule: "legal are \(legal.joined(separator: ", "))",
        nearest: text.flatMap { nearestName(to: $0, among: legal) })
    }
    return text
  }

  /// A name that can be part of a variable's and a tensor's name.
  package func name() throws -> String {
    let rule = "a name starts with a letter and has at most 64 letters, digits, '_' and '-'"
    guard let text else { throw error("this is no name", rule: rule) }
    let isLegal =
      text.utf8.count <= 64 && text.first.map { $0.isASCII && $0.isLetter } == true
      && text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-") }
    guard isLegal else { throw error("this is no name", rule: rule) }
    return text
  }

  /// A finite decimal number; what else Swift reads as one (hexadecimal, `nan`) is none here.
  package static func number(_ text: String) -> Double? {
    guard text.utf8.count <= 32, text.utf8.allSatisfy({ "0123456789+-.eE".utf8.contains($0) }),
      let number = Double(text), number.isFinite
    else { return nil }
    return number
  }
}

/// The rules of the values of a space file.
enum ValueRules {
  static let activations: [Activation] = [.relu, .relu6, .hswish, .swish]

  static func channels(_ entry: YAMLEntry) throws -> VariableValue {
    .integer(try entry.integer(in: 1...8192))
  }
  static func stride(_ entry: YAMLEntry) throws -> VariableValue { .integer(try entry.integer(in: 1...8)) }
  static func depth(_ entry: YAMLEntry) throws -> VariableValue { .integer(try entry.integer(in: 1...64)) }
  static func groups(_ entry: YAMLEntry) throws -> VariableValue { .integer(try entry.integer(in: 1...1024)) }
  static func size(_ entry: YAMLEntry) throws -> VariableValue { try entry.extent(in: 1...4096) }
  static func kernel(_ entry: YAMLEntry) throws -> VariableValue { try entry.extent(in: 1...31, odd: true) }
  static func ratio(_ entry: YAMLEntry) throws -> VariableValue {
    .normal(try entry.positiveNumber(upTo: 64))
  }

  static func expansion(_ entry: YAMLEntry) throws -> VariableValue {
    let ratio = try entry.positiveNumber(upTo: 64)
    guard ratio >= 1 else {
      throw entry.error("the number is out of bounds", rule: "an inverted residual expands: at least 1")
    }
    return .normal(ratio)
  }

  static func width(_ entry: YAMLEntry) throws -> VariableValue {
    .normal(try entry.positiveNumber(upTo: 16))
  }

  static func activation(_ entry: YAMLEntry) throws -> VariableValue {
    .text(try entry.word(among: activations.map(\.rawValue), "activation"))
  }

  /// `false`, `true` (a quarter), or the ratio of the squeezed channels.
  static func squeezeExcite(_ entry: YAMLEntry) throws -> VariableValue {
    if let text = entry.text, let number = YAMLEntry.number(text) {
      guard number > 0, number <= 1 else {
        throw entry.error("the number is out of bounds", rule: "a squeeze ratio is above 0 and at most 1")
      }
      // One form for one thing, so that [true, 0.25] is found to be a value twice.
      return number == 0.25 ? .flag(true) : .normal(number)
    }
    guard entry.text == "true" || entry.text == "false" else {
      throw entry.error("this is no squeeze-excite", rule: "write true, false, or a ratio such as 0.25")
    }
    return .flag(try entry.flag())
  }
}
