import Diagnostics
import SearchSpaces

extension YAMLEntry {
  /// One line of text.
  func string() throws -> String {
    guard let text, !text.isEmpty, text.utf8.count <= 4096 else {
      throw error("this is no text", rule: "one line of text is needed")
    }
    return text
  }

  /// A number within bounds.
  func number(in range: ClosedRange<Double>) throws -> Double {
    guard let text, let number = Self.number(text), range.contains(number) else {
      throw error("the number is out of bounds", rule: "a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// A list of positive numbers.
  func numbers(upTo bound: Double) throws -> [Double] {
    guard let elements, !elements.isEmpty, elements.count <= 32 else {
      throw error("this is no list of numbers", rule: "a list of 1 to 32 numbers is needed")
    }
    return try elements.map { try $0.positiveNumber(upTo: bound) }
  }
}
