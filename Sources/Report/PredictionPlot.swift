import Foundation
import Tensors

/// How far predicted latencies were from measured ones.
package struct PredictionErrors: Hashable {
  /// How many pairs were compared.
  package let count: Int
  /// The mean of |predicted − measured| / measured.
  package let meanRelative: Double
  /// The median of the same.
  package let medianRelative: Double
  /// The share of predictions within 5 % of the measurement.
  package let within5: Double
  /// The share of predictions within 10 % of the measurement.
  package let within10: Double
  /// Spearman's rank correlation; not a number for fewer than three pairs.
  package let rankCorrelation: Double

  /// `nil` where no pair is usable: both finite, and something was measured.
  package init?(_ pairs: [LatencyPrediction]) {
    let pairs = Self.usable(pairs)
    guard !pairs.isEmpty else { return nil }
    let errors = pairs.map {
      abs($0.predictedMilliseconds - $0.measuredMilliseconds) / $0.measuredMilliseconds
    }
    count = pairs.count
    meanRelative = errors.reduce(0, +) / Double(count)
    medianRelative = errors.sorted().medianOfSorted
    within5 = Double(errors.filter { $0 <= 0.05 }.count) / Double(count)
    within10 = Double(errors.filter { $0 <= 0.10 }.count) / Double(count)
    rankCorrelation = Self.spearman(pairs.map(\.predictedMilliseconds), pairs.map(\.measuredMilliseconds))
  }

  static func usable(_ pairs: [LatencyPrediction]) -> [LatencyPrediction] {
    pairs.filter {
      $0.predictedMilliseconds.isFinite && $0.measuredMilliseconds.isFinite && $0.measuredMilliseconds > 0
    }
  }

  private static func spearman(_ a: [Double], _ b: [Double]) -> Double {
    guard a.count >= 3 else { return .nan }
    let (x, y) = (ranks(a), ranks(b))
    let mean = Double(a.count - 1) / 2
    var (xy, xx, yy) = (0.0, 0.0, 0.0)
    for index in x.indices {
      let (dx, dy) = (x[index] - mean, y[index] - mean)
      xy += dx * dy
      xx += dx * dx
      yy += dy * dy
    }
    return xy / (xx * yy).squareRoot()
  }

  /// Positions in sorted order; equal values share the mean of theirs.
  private static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start
      while end + 1 < order.count, values[order[end + 1]] == values[order[start]] { end += 1 }
      for position in start...end { ranks[order[position]] = Double(start + end) / 2 }
      start = end + 1
    }
    return ranks
  }
}

/// Predicted over measured latency, with bands of ±5 % and ±10 % around the diagonal.
struct PredictionPlot {
  private let pairs: [LatencyPrediction]
  private let frame: PlotFrame

  init?(_ predictions: [LatencyPrediction]) {
    pairs = PredictionErrors.usable(predictions)
    guard !pairs.isEmpty else { return nil }
    let axis = Axis(
      covering: pairs.flatMap { [$0.predictedMilliseconds, $0.measuredMilliseconds] }, floor: 0)
    frame = PlotFrame(
      width: 520, height: 380, x: axis, y: axis, xTitle: "measured median latency, ms",
      yTitle: "predicted latency, ms")
  }

  func draw(into markup: inout Markup) {
    frame.draw(into: &markup, title: "Predicted over measured latency") {
      frame.drawBand(0.10, style: "band-10", into: &$0)
      frame.drawBand(0.05, style: "band-5", into: &$0)
      frame.drawDiagonal(into: &$0)
      for pair in pairs {
        $0.path(
          Marker.circle.path(frame.px(pair.measuredMilliseconds), frame.py(pair.predictedMilliseconds), 3.2),
          style: Series.dot(0), tooltip: Self.tooltip(of: pair))
      }
    }
    Legend.draw(
      [
        (.marker(.circle, style: Series.dot(0)), "network"),
        (.marker(.square, style: "band-5"), "within ±5 %"),
        (.marker(.square, style: "band-10"), "within ±10 %"),
      ], into: &markup)
  }

  private static func tooltip(of pair: LatencyPrediction) -> String {
    let error = pair.predictedMilliseconds / pair.measuredMilliseconds - 1
    return "predicted \(NumberText.milliseconds(pair.predictedMilliseconds)), measured "
      + "\(NumberText.milliseconds(pair.measuredMilliseconds)) (\(NumberText.points(error)) %)"
  }
}

extension PlotFrame {
  /// The band of at most a share around the diagonal; both axes are the same.
  func drawBand(_ share: Double, style: String, into markup: inout Markup) {
    markup.path(
      SVGPath.polygon(clipped(slope: 1 + share) + clipped(slope: 1 - share).reversed()), style: style)
  }

  /// Where predictions are right.
  func drawDiagonal(into markup: inout Markup) {
    markup.path(SVGPath.polyline(clipped(slope: 1)), style: "diagonal")
  }

  /// The line y = slope · x from end to end of the frame, along its edges where it leaves it; straight on logarithmic
  /// axes too.
  private func clipped(slope: Double) -> [(Double, Double)] {
    let (low, high) = (x.lower, x.upper)
    var xs = [low, high]
    for edge in [low / slope, high / slope] where edge > low && edge < high { xs.append(edge) }
    return xs.sorted().map { (px($0), py(min(max(slope * $0, low), high))) }
  }
}
