/// One value of a decision variable.
///
/// Values have one form each, so that equal decisions compare and hash equal: a number without a fraction is an
/// `integer`, and a pair of equal extents is an `integer` too.
public enum VariableValue: Hashable, Sendable {
  /// A switch, such as squeeze-excite on or off.
  case flag(Bool)
  /// A whole number, such as a depth or the side of a square kernel.
  case integer(Int)
  /// A number with a fraction, such as a width multiplier.
  case number(Double)
  /// A name, such as an activation or a kind of block.
  case text(String)
  /// A height and a width that differ.
  case extent(height: Int, width: Int)

  /// The value in its one form: a whole number becomes an `integer`.
  static func normal(_ number: Double) -> VariableValue {
    abs(number) <= 1e15 && number == number.rounded() ? .integer(Int(number)) : .number(number)
  }

  /// The value in its one form: a square becomes an `integer`.
  static func normal(height: Int, width: Int) -> VariableValue {
    height == width ? .integer(height) : .extent(height: height, width: width)
  }
}

extension VariableValue: CustomStringConvertible {
  /// The value as a space file writes it, such as `3`, `0.75`, `true`, or `{height: 3, width: 5}`.
  public var description: String {
    switch self {
    case .flag(let flag): String(flag)
    case .integer(let integer): String(integer)
    case .number(let number): String(number)
    case .text(let text): text
    case .extent(let height, let width): "{height: \(height), width: \(width)}"
    }
  }

  /// The value as canonical JSON: no spaces, keys sorted.
  var json: String {
    switch self {
    case .flag, .integer, .number: description
    // Names hold letters, digits, `_` and `-` only, so that nothing needs an escape.
    case .text(let text): "\"\(text)\""
    case .extent(let height, let width): "{\"height\":\(height),\"width\":\(width)}"
    }
  }
}

extension VariableValue: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
  ExpressibleByBooleanLiteral
{
  /// Creates a whole number from a literal.
  public init(integerLiteral value: Int) { self = .integer(value) }
  /// Creates a number from a literal.
  public init(floatLiteral value: Double) { self = .normal(value) }
  /// Creates a name from a literal.
  public init(stringLiteral value: String) { self = .text(value) }
  /// Creates a switch from a literal.
  public init(booleanLiteral value: Bool) { self = .flag(value) }
}

extension VariableValue: Codable {
  private enum ExtentKey: String, CodingKey, CaseIterable { case height, width }

  /// Reads a JSON boolean, number, string, or an object of height and width.
  public init(from decoder: any Decoder) throws {
    if let pair = try? decoder.container(keyedBy: ExtentKey.self) {
      self = .normal(
        height: try pair.decode(Int.self, forKey: .height), width: try pair.decode(Int.self, forKey: .width))
      return
    }
    let single = try decoder.singleValueContainer()
    if let flag = try? single.decode(Bool.self) {
      self = .flag(flag)
    } else if let number = try? single.decode(Double.self) {
      self = .normal(number)
    } else {
      self = .text(try single.decode(String.self))
    }
  }

  /// Writes a JSON boolean, number, string, or an object of height and width.
  public func encode(to encoder: any Encoder) throws {
    if case .extent(let height, let width) = self {
      var pair = encoder.container(keyedBy: ExtentKey.self)
      try pair.encode(height, forKey: .height)
      return try pair.encode(width, forKey: .width)
    }
    var single = encoder.singleValueContainer()
    switch self {
    case .flag(let flag): try single.encode(flag)
    case .integer(let integer): try single.encode(integer)
    case .number(let number): try single.encode(number)
    case .text(let text): try single.encode(text)
    case .extent: break
    }
  }
}
