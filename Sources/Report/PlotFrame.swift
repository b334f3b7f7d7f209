/// The frame of a plot: two axes with grid, ticks and titles, and the way from numbers to coordinates.
struct PlotFrame {
  var width: Double
  var height: Double
  var x: Axis
  var y: Axis
  var xTitle: String
  var yTitle: String
  /// Whether vertical ticks are fractions shown as percentages.
  var yIsPercent = false
  /// Room above the plot for labels of lines.
  var top = 14.0

  var left: Double { 68 }
  var right: Double { width - 16 }
  var bottom: Double { height - 46 }

  func px(_ value: Double) -> Double { left + x.position(value) * (right - left) }
  func py(_ value: Double) -> Double { bottom - y.position(value) * (bottom - top) }

  /// Draws a whole figure: `title` is its text for those who cannot see it.
  func draw(into markup: inout Markup, title: String, _ content: (inout Markup) -> Void) {
    markup.element(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "role": "img",
        "viewBox": "0 0 \(NumberText.coordinate(width)) \(NumberText.coordinate(height))",
      ]
    ) {
      $0.element("title", title)
      drawAxes(into: &$0)
      content(&$0)
    }
    markup.newline()
  }

  /// Draws grid, ticks and titles.
  func drawAxes(into markup: inout Markup) {
    for tick in x.ticks {
      markup.line(px(tick), top, px(tick), bottom, style: "grid")
      markup.label(x.text(tick), px(tick), bottom + 18, anchor: "middle")
    }
    for tick in y.ticks {
      markup.line(left, py(tick), right, py(tick), style: "grid")
      markup.label(tickText(tick), left - 8, py(tick) + 4, anchor: "end")
    }
    markup.line(left, bottom, right, bottom, style: "axis")
    markup.line(left, top, left, bottom, style: "axis")
    markup.label(xTitle, (left + right) / 2, height - 8, anchor: "middle", style: "axis-title")
    markup.element(
      "text",
      [
        "class": "axis-title", "text-anchor": "middle",
        "transform": "translate(13 \(NumberText.coordinate((top + bottom) / 2))) rotate(-90)",
      ], yTitle)
  }

  private func tickText(_ tick: Double) -> String {
    yIsPercent
      ? NumberText.fixed(100 * tick, max(0, y.decimals - 2)) + " %" : y.text(tick)
  }
}

/// Shapes that tell series apart also where colours do not.
enum Marker: Int, CaseIterable {
  case circle, square, triangle, diamond

  init(series: Int) { self = Marker.allCases[series % Marker.allCases.count] }

  /// The outline around a centre, as an SVG path.
  func path(_ x: Double, _ y: Double, _ r: Double) -> String {
    let corners: [(Double, Double)]
    switch self {
    case .circle:
      let (a, b, d) = (NumberText.coordinate(x - r), NumberText.coordinate(y), NumberText.coordinate(r))
      let (half, across) = ("a\(d) \(d) 0 1 0 ", NumberText.coordinate(2 * r))
      return "M\(a) \(b)\(half)\(across) 0\(half)-\(across) 0z"
    case .square: corners = [(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)]
    case .triangle: corners = [(0, -1.15), (1.1, 0.8), (-1.1, 0.8)]
    case .diamond: corners = [(0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)]
    }
    return SVGPath.polygon(corners.map { (x + $0.0 * r, y + $0.1 * r) })
  }
}

/// Paths of SVG from points.
enum SVGPath {
  static func polyline(_ points: [(Double, Double)]) -> String {
    points.enumerated().map { index, point in
      "\(index == 0 ? "M" : "L")\(NumberText.coordinate(point.0)) \(NumberText.coordinate(point.1))"
    }.joined()
  }

  static func polygon(_ points: [(Double, Double)]) -> String { polyline(points) + "z" }
}

extension Markup {
  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, style: String) {
    empty(
      "line",
      [
        "class": style, "x1": NumberText.coordinate(x1), "y1": NumberText.coordinate(y1),
        "x2": NumberText.coordinate(x2), "y2": NumberText.coordinate(y2),
      ])
  }

  mutating func label(
    _ text: String, _ x: Double, _ y: Double, anchor: String = "start", style: String = "tick"
  ) {
    element(
      "text",
      ["class": style, "x": NumberText.coordinate(x), "y": NumberText.coordinate(y), "text-anchor": anchor],
      text)
  }

  mutating func path(_ data: String, style: String, tooltip: String? = nil) {
    guard let tooltip else { return empty("path", ["class": style, "d": data]) }
    element("path", ["class": style, "d": data]) { $0.element("title", tooltip) }
  }

  mutating func rectangle(
    _ x: Double, _ y: Double, _ width: Double, _ height: Double, radius: Double = 0, style: String,
    fill: Double = 1
  ) {
    empty(
      "rect",
      [
        "class": style, "x": NumberText.coordinate(x), "y": NumberText.coordinate(y),
        "width": NumberText.coordinate(max(width, 0)), "height": NumberText.coordinate(max(height, 0)),
        "rx": NumberText.coordinate(radius), "fill-opacity": NumberText.shortest(fill),
      ])
  }
}
