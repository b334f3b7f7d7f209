import Foundation

/// How well predicted latencies match measured ones.
public struct ErrorReport: Hashable, Sendable, Codable {
  /// Which samples were compared.
  public enum Kind: String, Hashable, Sendable, Codable {
    /// Every sample was predicted by a model that was fitted without it.
    case crossValidation
    /// Samples that took no part in fitting.
    case heldOut
  }

  /// Which samples were compared.
  public var kind: Kind
  /// The number of samples.
  public var samples: Int
  /// Spearman's rank correlation; absent where it is undefined.
  public var spearman: Double?
  /// Kendall's tau-b; absent where it is undefined.
  public var kendall: Double?
  /// The mean absolute error relative to the measured latency, as a fraction.
  public var meanRelativeError: Double
  /// The root of the mean squared relative error, as a fraction.
  public var rootMeanSquaredRelativeError: Double
  /// The fraction of samples predicted within 5 %.
  public var within5: Double
  /// The fraction of samples predicted within 10 %.
  public var within10: Double
  /// The fraction of samples inside their prediction's interval; absent where no intervals were made.
  public var intervalCoverage: Double?

  enum CodingKeys: String, CodingKey {
    case kind, samples, spearman, kendall
    case meanRelativeError = "mape"
    case rootMeanSquaredRelativeError = "rmspe"
    case within5 = "within_5"
    case within10 = "within_10"
    case intervalCoverage = "interval_coverage"
  }

  /// Compares predictions with measurements.
  ///
  /// - Precondition: both are equally long, not empty, and the measured latencies are positive.
  public init(_ kind: Kind, predicted: [Double], measured: [Double], intervalCoverage: Double? = nil) {
    precondition(predicted.count == measured.count && !measured.isEmpty, "every sample has a prediction")
    let errors = zip(predicted, measured).map { abs($0 - $1) / $1 }
    let count = Double(errors.count)
    self.kind = kind
    samples = errors.count
    spearman = RankCorrelation.spearman(predicted, measured)
    kendall = RankCorrelation.kendall(predicted, measured)
    meanRelativeError = errors.reduce(0, +) / count
    rootMeanSquaredRelativeError = (errors.reduce(0) { $0 + $1 * $1 } / count).squareRoot()
    within5 = Double(errors.count { $0 <= 0.05 }) / count
    within10 = Double(errors.count { $0 <= 0.1 }) / count
    self.intervalCoverage = intervalCoverage
  }
}
