/// Predicted over measured latencies of several devices, a small plot each, as a file of its own.
public struct PredictionPanels: Hashable, Sendable {
  /// A measured latency and what was predicted of it.
  public struct Point: Hashable, Sendable {
    /// What the device took.
    public var measured: Double
    /// What the predictor said.
    public var predicted: Double
    /// The lower end of the prediction's interval.
    public var lower: Double
    /// The upper end of the prediction's interval.
    public var upper: Double

    /// Creates a point.
    public init(measured: Double, predicted: Double, lower: Double, upper: Double) {
      (self.measured, self.predicted, self.lower, self.upper) = (measured, predicted, lower, upper)
    }
  }

  /// One device.
  public struct Panel: Hashable, Sendable {
    /// The device's name.
    public var title: String
    /// A few words about the errors.
    public var note: String
    /// Its latencies.
    public var points: [Point]

    /// Creates a panel.
    public init(title: String, note: String, points: [Point]) {
      (self.title, self.note, self.points) = (title, note, points)
    }
  }

  /// A line above all panels.
  public var title: String
  /// What the latencies are measured in.
  public var unit: String
  /// The devices.
  public var panels: [Panel]

  /// Creates panels.
  public init(title: String, unit: String, panels: [Panel]) {
    (self.title, self.unit, self.panels) = (title, unit, panels)
  }

  private static let (width, height, columns) = (300.0, 290.0, 3)
  /// All panels share so many points, and one has no more than these.
  private static let (mostPoints, mostInPanel) = (3600, 400)
  /// Where the largest latency is more times the smallest, axes are logarithmic.
  private static let widestLinear = 20.0

  /// The figure as SVG, at most about 130 kB.
  public func svg() -> String {
    let columns = max(1, min(Self.columns, panels.count))
    let rows = (panels.count + columns - 1) / columns
    let (width, height) = (Self.width * Double(columns), SVGSheet.head + Self.height * Double(rows))
    return SVGSheet.draw(
      width: width, height: height, title: title,
      note: "Predicted over measured latency, \(unit); band: ±10 %, bars: 90 % intervals", style: Self.style
    ) {
      for (position, panel) in panels.enumerated() {
        let (column, row) = (Double(position % columns), Double(position / columns))
        let (x, y) = (Self.width * column, SVGSheet.head + Self.height * row)
        $0.newline()
        $0.element("g", ["transform": "translate(\(NumberText.coordinate(x)) \(NumberText.coordinate(y)))"]) {
          draw(panel, into: &$0)
        }
      }
    }
  }

  private func draw(_ panel: Panel, into markup: inout Markup) {
    let all = panel.points.filter {
      $0.measured > 0 && $0.measured.isFinite && $0.predicted > 0 && $0.predicted.isFinite
    }
    let points = Self.thinned(all, to: min(Self.mostInPanel, Self.mostPoints / panels.count))
    let values = points.flatMap { [$0.measured, $0.predicted] }
    let isWide = (values.max() ?? 1) > Self.widestLinear * (values.min() ?? 1)
    let axis = isWide ? Axis(logarithmicCovering: values) : Axis(covering: values, count: 4, floor: 0)
    let frame = PlotFrame(
      width: Self.width, height: Self.height, x: axis, y: axis, xTitle: "measured, \(unit)",
      yTitle: "predicted, \(unit)", top: 28)
    markup.label(panel.title, frame.left, 18, style: "panel-title")
    frame.drawAxes(into: &markup)
    // Inside the plot, above the diagonal, where long names do not reach.
    markup.label(panel.note, frame.left + 8, frame.top + 12, style: "note")
    frame.drawBand(0.1, style: "band-10", into: &markup)
    frame.drawDiagonal(into: &markup)
    // One path for all bars, and one for all points: a dot is a line without length and with round ends.
    markup.path(points.map { Self.bar($0, frame) }.joined(), style: "bars")
    markup.path(
      points.map { "M\(Self.place($0.measured, $0.predicted, frame))h0" }.joined(), style: "points")
  }

  private static func bar(_ point: Point, _ frame: PlotFrame) -> String {
    let (low, high) = (frame.y.lower, frame.y.upper)
    let (lower, upper) = (min(max(point.lower, low), high), min(max(point.upper, low), high))
    return "M\(place(point.measured, lower, frame))V\(NumberText.coordinate(frame.py(upper)))"
  }

  private static func place(_ x: Double, _ y: Double, _ frame: PlotFrame) -> String {
    "\(NumberText.coordinate(frame.px(x))) \(NumberText.coordinate(frame.py(y)))"
  }

  /// Evenly spaced ones by the measured latency.
  static func thinned(_ points: [Point], to count: Int) -> [Point] {
    let sorted = points.sorted { $0.measured < $1.measured }
    guard sorted.count > count, count > 1 else { return sorted }
    return (0..<count).map { sorted[$0 * (sorted.count - 1) / (count - 1)] }
  }

  private static let style: StaticString = """
    .panel-title { font-weight: 650; }
    .band-10 { fill: #2c6aa8; fill-opacity: .16; } .diagonal { fill: none; stroke: #62656f; stroke-width: .8; }
    .bars { fill: none; stroke: #c27a12; stroke-opacity: .25; stroke-width: 1; }
    .points { fill: none; stroke: #2c6aa8; stroke-opacity: .7; stroke-width: 2.6; stroke-linecap: round; }
    """
}
