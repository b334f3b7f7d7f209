/// The entries below a plot, as HTML, so that long names wrap.
enum Legend {
  /// What stands before a name.
  enum Key {
    case marker(Marker, style: String)
    case line(style: String)
  }

  static func draw(_ entries: [(key: Key, name: String)], into markup: inout Markup) {
    guard !entries.isEmpty else { return }
    markup.element("ul", ["class": "legend"]) { list in
      for entry in entries {
        list.element("li") {
          drawKey(entry.key, into: &$0)
          $0.text(entry.name)
        }
      }
    }
    markup.newline()
  }

  private static func drawKey(_ key: Key, into markup: inout Markup) {
    markup.element("svg", ["viewBox": "0 0 22 14", "class": "key", "aria-hidden": "true"]) {
      switch key {
      case .marker(let marker, let style): $0.path(marker.path(11, 7, 4.5), style: style)
      case .line(let style): $0.line(1, 7, 21, 7, style: style)
      }
    }
  }
}
