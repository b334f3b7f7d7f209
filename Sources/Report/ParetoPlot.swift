/// Validation accuracy over measured latency: all candidates, the front, the winners, and the budgets as
/// vertical lines.
package struct ParetoPlot {
  private let points: [CandidatePoint]
  private let methods: [String]
  private let budgets: [Double]
  private let frame: PlotFrame

  /// `nil` where no point is finite.
  init?(_ candidates: [CandidatePoint], budgets: [Double]) {
    points = candidates.filter { $0.measuredMilliseconds.isFinite && $0.accuracy.isFinite }
    guard !points.isEmpty else { return nil }
    methods = points.map(\.method).uniqued()
    self.budgets = budgets.filter(\.isFinite).uniqued().sorted()
    frame = PlotFrame(
      width: 1060, height: 470,
      x: Axis(covering: points.map(\.measuredMilliseconds) + self.budgets, count: 9, floor: 0),
      y: Axis(covering: points.map(\.accuracy), floor: 0, ceiling: 1, headroom: 0.12),
      xTitle: "measured median latency, ms",
      yTitle: "validation accuracy", yIsPercent: true, top: 40)
  }

  func draw(into markup: inout Markup) {
    frame.draw(into: &markup, title: "Validation accuracy over measured latency") {
      drawBudgets(into: &$0)
      drawFront(into: &$0)
      drawPoints(into: &$0)
      drawWinners(into: &$0)
    }
    Legend.draw(legend, into: &markup)
  }

  private var legend: [(key: Legend.Key, name: String)] {
    var entries: [(key: Legend.Key, name: String)] = methods.enumerated().map { series, method in
      (.marker(Marker(series: series), style: Series.dot(series)), method)
    }
    if !winners.isEmpty { entries.append((.marker(.circle, style: "winner-ring"), "winner of a budget")) }
    entries.append((.line(style: "front"), "Pareto front"))
    if !budgets.isEmpty { entries.append((.line(style: "budget-line"), "latency budget")) }
    return entries
  }

  private var winners: [CandidatePoint] { points.filter { $0.wonBudgetMilliseconds != nil } }

  /// Labels of neighbouring lines share a row only where they do not touch.
  private func drawBudgets(into markup: inout Markup) {
    var ends = [-Double.infinity, -Double.infinity]
    for budget in budgets {
      let x = frame.px(budget)
      let text = "≤ " + NumberText.budget(budget)
      let half = Self.width(of: text) / 2
      let row = ends.firstIndex { $0 < x - half } ?? 0
      ends[row] = x + half + 6
      markup.line(x, frame.top - 6, x, frame.bottom, style: "budget-line")
      let centre = min(max(x, frame.left + half), frame.right - half)
      markup.label(text, centre, frame.top - 11 - 15 * Double(row), anchor: "middle", style: "budget-label")
    }
  }

  /// As stairs: at a latency, the best accuracy that is to be had within it.
  private func drawFront(into markup: inout Markup) {
    var corners: [(Double, Double)] = []
    for point in Self.front(of: points) {
      let (x, y) = (frame.px(point.measuredMilliseconds), frame.py(point.accuracy))
      if let last = corners.last { corners.append((x, last.1)) }
      corners.append((x, y))
    }
    guard let last = corners.last else { return }
    corners.append((frame.right, last.1))
    markup.path(SVGPath.polyline(corners), style: "front")
  }

  private func drawPoints(into markup: inout Markup) {
    for point in points {
      let series = methods.firstIndex(of: point.method) ?? 0
      let path = Marker(series: series).path(
        frame.px(point.measuredMilliseconds), frame.py(point.accuracy), 3.6)
      markup.path(path, style: Series.dot(series), tooltip: Self.tooltip(of: point))
    }
  }

  private func drawWinners(into markup: inout Markup) {
    var placer = LabelPlacer(
      bounds: .init(
        x: frame.left, y: frame.top, width: frame.right - frame.left, height: frame.bottom - frame.top))
    for point in points {
      let (x, y) = (frame.px(point.measuredMilliseconds), frame.py(point.accuracy))
      let reach = point.wonBudgetMilliseconds == nil ? 4.0 : 9
      placer.avoid(.init(x: x - reach, y: y - reach, width: 2 * reach, height: 2 * reach))
    }
    for budget in budgets {
      placer.avoid(.init(x: frame.px(budget) - 1.5, y: 0, width: 3, height: frame.bottom))
    }
    for point in winners {
      let (x, y) = (frame.px(point.measuredMilliseconds), frame.py(point.accuracy))
      let series = methods.firstIndex(of: point.method) ?? 0
      markup.path(Marker.circle.path(x, y, 9), style: "winner-ring")
      markup.path(
        Marker(series: series).path(x, y, 5), style: Series.dot(series), tooltip: Self.tooltip(of: point))
      let text = NumberText.percent(point.accuracy)
      let box = placer.place(width: Self.width(of: text) + 2, height: 17, near: x, y, gap: 9)
      markup.label(text, box.x + box.width / 2, box.y + 13, anchor: "middle", style: "winner-label")
    }
  }

  private static func tooltip(of point: CandidatePoint) -> String {
    let numbers =
      "\(NumberText.percent(point.accuracy, 2)) at \(NumberText.milliseconds(point.measuredMilliseconds))"
    let won = point.wonBudgetMilliseconds.map { ", winner within " + NumberText.budget($0) } ?? ""
    return "\(point.method): \(numbers)\(won)" + (point.label.isEmpty ? "" : "\n" + point.label)
  }

  /// The points that no other beats in both numbers, by latency.
  package static func front(of points: [CandidatePoint]) -> [CandidatePoint] {
    let sorted = points.sorted {
      ($0.measuredMilliseconds, -$0.accuracy) < ($1.measuredMilliseconds, -$1.accuracy)
    }
    var best = -Double.infinity
    return sorted.filter { point in
      guard point.accuracy > best else { return false }
      best = point.accuracy
      return true
    }
  }

  /// Roughly, for a font that is not known here.
  private static func width(of text: String) -> Double { 7 * Double(text.count) }
}

/// Style classes of series, which the style sheet gives their colours.
enum Series {
  static let count = 6
  static func dot(_ series: Int) -> String { "dot s\(series % count)" }
  static func curve(_ series: Int) -> String { "curve s\(series % count)" }
}

extension Sequence where Element: Hashable {
  /// The elements without repetitions, in the order of their first occurrence.
  func uniqued() -> [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
