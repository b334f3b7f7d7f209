/// Text of XHTML and SVG in the making. Whatever comes in as text or attribute is escaped.
struct Markup {
  private(set) var source = ""

  /// Appends an element with content.
  mutating func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: (inout Markup) -> Void
  ) {
    open(name, attributes)
    source += ">"
    content(&self)
    source += "</\(name)>"
  }

  /// Appends an element that holds only text.
  mutating func element(_ name: String, _ text: String) { element(name, [:], text) }

  /// Appends an element with attributes that holds only text.
  mutating func element(_ name: String, _ attributes: KeyValuePairs<String, String>, _ text: String) {
    element(name, attributes) { $0.text(text) }
  }

  /// Appends an element without content.
  mutating func empty(_ name: String, _ attributes: KeyValuePairs<String, String> = [:]) {
    open(name, attributes)
    source += "/>"
  }

  /// Appends text.
  mutating func text(_ text: String) { source += Self.escaped(text) }

  /// Appends a line break of the source, which keeps lines of the file readable.
  mutating func newline() { source += "\n" }

  /// Appends source as it is; only for constants of this module.
  mutating func verbatim(_ constant: StaticString) { source += "\(constant)" }

  private mutating func open(_ name: String, _ attributes: KeyValuePairs<String, String>) {
    source += "<" + name
    for (key, value) in attributes { source += " \(key)=\"\(Self.escaped(value))\"" }
  }

  /// Replaces what has a meaning in XML, and drops what must not stand in it at all.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case "\t", "\n", "\r": result.unicodeScalars.append(scalar)
      case let other where other.value < 0x20 || other.value == 0xfffe || other.value == 0xffff:
        result += "\u{fffd}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
