/// A chart of lines.
struct CurvePlot {
  private typealias Points = [(x: Double, y: Double)]

  private let chart: CurveChart
  private let lines: [Points]
  private let series: [Int]
  private let frame: PlotFrame

  /// `nil` where no point is finite. A curve with a name of `methods` has that method's colour, as in other
  /// plots.
  init?(_ chart: CurveChart, methods: [String]) {
    self.chart = chart
    series = chart.curves.enumerated().map { methods.firstIndex(of: $0.element.name) ?? $0.offset }
    lines = chart.curves.map { curve in
      zip(curve.x, curve.y).filter { $0.isFinite && $1.isFinite }.map { (x: $0, y: $1) }
    }
    let points = lines.flatMap { $0 }
    guard !points.isEmpty else { return nil }
    let isFraction = chart.unit == .fraction
    frame = PlotFrame(
      width: 520, height: 380, x: Axis(covering: points.map(\.x), floor: 0),
      y: Axis(covering: points.map(\.y), count: 5, floor: 0, ceiling: isFraction ? 1 : .infinity),
      xTitle: chart.xLabel, yTitle: chart.yLabel, yIsPercent: isFraction)
  }

  func draw(into markup: inout Markup) {
    frame.draw(into: &markup, title: chart.title) {
      for (position, points) in lines.enumerated() where !points.isEmpty {
        draw(points, of: position, into: &$0)
      }
    }
    let names = chart.curves.enumerated().filter { !lines[$0.offset].isEmpty }
    guard names.count > 1 else { return }
    Legend.draw(names.map { (.line(style: Series.curve(series[$0.offset])), $0.element.name) }, into: &markup)
  }

  private func draw(_ points: Points, of position: Int, into markup: inout Markup) {
    var corners: [(Double, Double)] = []
    for point in points {
      let (x, y) = (frame.px(point.x), frame.py(point.y))
      if chart.isStepwise, let last = corners.last { corners.append((x, last.1)) }
      corners.append((x, y))
    }
    markup.path(
      SVGPath.polyline(corners), style: Series.curve(series[position]), tooltip: chart.curves[position].name)
    // One point is no line, and the last one is what the eye looks for.
    if let last = corners.last {
      markup.path(Marker.circle.path(last.0, last.1, 3.2), style: Series.dot(series[position]))
    }
  }
}
