import Foundation

/// How well predictions match one device's latencies, or the mean over several.
public struct TableFigures: Hashable, Sendable, Codable {
  /// Spearman's rank correlation; 0 where the predictions are constant.
  public var spearman: Double
  /// Kendall's tau-b; 0 where the predictions are constant.
  public var kendall: Double
  /// The mean absolute error relative to the latency, as a fraction.
  public var mape: Double
  /// The root of the mean squared relative error, as a fraction.
  public var rmspe: Double
  /// The fraction of architectures predicted within 5 %.
  public var within5: Double
  /// The fraction of architectures predicted within 10 %.
  public var within10: Double
  /// The fraction of latencies inside their 90 % interval.
  public var coverage: Double

  enum CodingKeys: String, CodingKey {
    case spearman, kendall, mape, rmspe
    case within5 = "within_5"
    case within10 = "within_10"
    case coverage = "interval_90_coverage"
  }

  private static let parts: [WritableKeyPath<TableFigures, Double> & Sendable] = [
    \.spearman, \.kendall, \.mape, \.rmspe, \.within5, \.within10, \.coverage,
  ]

  /// Compares predictions with latencies.
  ///
  /// - Precondition: there is at least one.
  public init(_ comparisons: [TableComparison]) {
    self.init(comparisons.map(\.prediction), comparisons.map(\.latency))
  }

  /// Compares predictions with latencies.
  ///
  /// - Precondition: both are equally long and not empty.
  init(_ predictions: [LatencyPrediction], _ latencies: [Double]) {
    let report = ErrorReport(.heldOut, predicted: predictions.map(\.milliseconds), measured: latencies)
    let covered = zip(predictions, latencies).count { $0.lower <= $1 && $1 <= $0.upper }
    spearman = report.spearman ?? 0
    kendall = report.kendall ?? 0
    mape = report.meanRelativeError
    rmspe = report.rootMeanSquaredRelativeError
    (within5, within10) = (report.within5, report.within10)
    coverage = Double(covered) / Double(latencies.count)
  }

  /// The mean of several.
  ///
  /// - Precondition: there is at least one.
  init(meanOf all: [TableFigures]) {
    self = all[0]
    for part in Self.parts { self[keyPath: part] = all.reduce(0) { $0 + $1[keyPath: part] } / Double(all.count) }
  }
}
