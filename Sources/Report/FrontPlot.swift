/// The best objective over the limit of one budget, and what simpler methods reach within the same limits, as a file of
/// its own.
public struct FrontPlot: Hashable, Sendable {
  /// The answer at one limit.
  public struct Point: Hashable, Sendable {
    /// The budget's limit.
    public var limit: Double
    /// The objective of the selection found; `nil` where there is none.
    public var objective: Double?
    /// Whether it is proved that none is better, or that there is none.
    public var isProved: Bool

    /// Creates a point.
    public init(limit: Double, objective: Double?, isProved: Bool) {
      (self.limit, self.objective, self.isProved) = (limit, objective, isProved)
    }
  }

  /// What another method reaches.
  public struct Baseline: Hashable, Sendable {
    /// The method.
    public var name: String
    /// Its objective at each point; `nil` where it found nothing.
    public var objectives: [Double?]

    /// Creates a baseline.
    public init(name: String, objectives: [Double?]) { (self.name, self.objectives) = (name, objectives) }
  }

  /// A line above the plot.
  public var title: String
  /// What the limit is of.
  public var budget: String
  /// What the objective is.
  public var objective: String
  /// The answers, from the tightest limit to the loosest.
  public var points: [Point]
  /// What other methods reach.
  public var baselines: [Baseline]

  /// Creates a plot.
  public init(title: String, budget: String, objective: String, points: [Point], baselines: [Baseline] = []) {
    (self.title, self.budget, self.objective) = (title, budget, objective)
    (self.points, self.baselines) = (points, baselines)
  }

  private static let (width, height) = (760.0, 470.0)
  /// Where the largest objective is more times the smallest, the axis is logarithmic.
  private static let widestLinear = 50.0

  /// The figure as SVG.
  public func svg() -> String {
    SVGSheet.draw(
      width: Self.width, height: Self.height, title: title, note: note, style: Self.style
    ) { markup in
      drawLegend(into: &markup)
      let frame = frame
      frame.drawAxes(into: &markup)
      for (position, baseline) in baselines.enumerated() {
        let line = Self.stairs(zip(points, baseline.objectives).map { ($0.limit, $1) }, frame)
        markup.path(line, style: "baseline \(Series.curve(position + 1))", tooltip: baseline.name)
      }
      drawFront(frame, into: &markup)
    }
  }

  private var note: String {
    let proved = points.count { $0.isProved }
    let infeasible = points.count { $0.isProved && $0.objective == nil }
    return "\(points.count) limits, \(proved == points.count ? "all" : "\(proved)") proved"
      + (infeasible > 0 ? "; \(infeasible) of them infeasible, marked on the axis" : "")
  }

  private var frame: PlotFrame {
    let values = (points.map(\.objective) + baselines.flatMap(\.objectives)).compactMap { $0 }.filter(\.isFinite)
    let (least, greatest) = (values.min() ?? 0, values.max() ?? 1)
    let isWide = least > 0 && greatest > Self.widestLinear * least
    return PlotFrame(
      width: Self.width, height: Self.height, x: Axis(covering: points.map(\.limit), count: 8),
      y: isWide ? Axis(logarithmicCovering: values) : Axis(covering: values, floor: least >= 0 ? 0 : -.infinity),
      xTitle: "limit of \(budget)", yTitle: objective, top: SVGSheet.head + 24)
  }

  /// One path for all dots of a kind: a dot is a line without length and with round ends.
  private func drawFront(_ frame: PlotFrame, into markup: inout Markup) {
    markup.path(Self.stairs(points.map { ($0.limit, $0.objective) }, frame), style: "front")
    for (style, isProved) in [("proved", true), ("open", false)] {
      let dots = points.filter { $0.isProved == isProved }.compactMap { point in
        point.objective.flatMap { Self.place(point.limit, $0, frame) }.map { "M\($0)h0" }
      }
      if !dots.isEmpty { markup.path(dots.joined(), style: style) }
    }
    for point in points where point.isProved && point.objective == nil && point.limit.isFinite {
      markup.path(Self.cross(frame.px(point.limit), frame.bottom), style: "infeasible", tooltip: "infeasible")
    }
  }

  /// As stairs: what is to be had within a limit is to be had within every looser one. Where there is nothing, none.
  private static func stairs(_ points: [(Double, Double?)], _ frame: PlotFrame) -> String {
    var path = ""
    var isDrawing = false
    for (limit, objective) in points {
      guard let objective, let place = place(limit, objective, frame) else {
        isDrawing = false
        continue
      }
      let (x, y) = (NumberText.coordinate(frame.px(limit)), NumberText.coordinate(frame.py(objective)))
      path += isDrawing ? "H\(x)V\(y)" : "M\(place)"
      isDrawing = true
    }
    return path
  }

  private static func place(_ x: Double, _ y: Double, _ frame: PlotFrame) -> String? {
    guard x.isFinite, y.isFinite else { return nil }
    return "\(NumberText.coordinate(frame.px(x))) \(NumberText.coordinate(frame.py(y)))"
  }

  private static func cross(_ x: Double, _ y: Double) -> String {
    let (left, right) = (NumberText.coordinate(x - 4), NumberText.coordinate(x + 4))
    let (top, bottom) = (NumberText.coordinate(y - 4), NumberText.coordinate(y + 4))
    return "M\(left) \(top)L\(right) \(bottom)M\(left) \(bottom)L\(right) \(top)"
  }

  private func drawLegend(into markup: inout Markup) {
    var x = 68.0
    let y = SVGSheet.head + 8
    func entry(_ style: String, _ name: String, _ markup: inout Markup) {
      markup.line(x, y - 4, x + 22, y - 4, style: style)
      markup.label(name, x + 28, y, style: "note")
      // Roughly, for a font that is not known here.
      x += 52 + 6.5 * Double(name.count)
    }
    entry("front", "best selection", &markup)
    for (position, baseline) in baselines.enumerated() where baseline.objectives.contains(where: { $0 != nil }) {
      entry("baseline \(Series.curve(position + 1))", baseline.name, &markup)
    }
  }

  private static let style: StaticString = """
    .front, .baseline, .infeasible { fill: none; } .front { stroke: #2c6aa8; stroke-width: 1.6; }
    .baseline { stroke-width: 1.4; stroke-opacity: .6; } .s1 { stroke: #c27a12; stroke-dasharray: 6 3; }
    .s2 { stroke: #1e8a75; stroke-dasharray: 2 3; } .s3 { stroke: #8557ab; stroke-dasharray: 8 3 2 3; }
    .s4, .s5, .s0.baseline { stroke: #7d828c; stroke-dasharray: 1 2; }
    .proved, .open { fill: none; stroke-linecap: round; stroke: #2c6aa8; stroke-width: 4.6; }
    .open { stroke-opacity: .35; } .infeasible { stroke: #a8432b; stroke-width: 1.4; }
    """
}
