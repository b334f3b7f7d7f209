/// A figure as a file of its own: a light sheet with a heading and a line of explanation, whatever shows it.
enum SVGSheet {
  /// The height of what stands above the content.
  static let head = 58.0

  /// The file.
  ///
  /// - Parameters:
  ///   - style: rules for what the content has beyond axes, grid and text.
  ///   - content: draws below ``head``.
  static func draw(
    width: Double, height: Double, title: String, note: String, style: StaticString, _ content: (inout Markup) -> Void
  ) -> String {
    var markup = Markup()
    markup.element(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "role": "img", "width": NumberText.coordinate(width),
        "height": NumberText.coordinate(height),
        "viewBox": "0 0 \(NumberText.coordinate(width)) \(NumberText.coordinate(height))",
      ]
    ) {
      $0.element("title", title)
      $0.element("style") {
        $0.verbatim(Self.style)
        $0.newline()
        $0.verbatim(style)
      }
      $0.rectangle(0, 0, width, height, style: "sheet")
      $0.label(title, 14, 24, style: "heading")
      $0.label(note, 14, 42, style: "note")
      content(&$0)
    }
    markup.newline()
    return markup.source
  }

  private static let style: StaticString = """
    text { font: 12px system-ui, "Segoe UI", "DejaVu Sans", Arial, sans-serif; fill: #1e2026; }
    .sheet { fill: #fffefb; } .heading { font-size: 15px; font-weight: 650; }
    .note, .tick, .axis-title { fill: #62656f; font-size: 11px; } .grid { stroke: #ece8e0; } .axis { stroke: #62656f; }
    """
}
