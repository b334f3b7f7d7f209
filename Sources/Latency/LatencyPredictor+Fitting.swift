import Diagnostics
import Foundation
import Tensors

/// Settings of fitting a predictor; the defaults are meant for 20 to some thousand samples.
public struct FittingOptions: Hashable, Sendable {
  /// The ridges that cross-validation chooses from.
  public var ridges: [Double]
  /// The Huber thresholds that cross-validation chooses from, in robust standard deviations.
  public var thresholds: [Double]
  /// The fraction of new networks that intervals should cover.
  public var coverage: Double
  /// The seed of the folds.
  public var seed: UInt64

  /// Creates settings.
  ///
  /// - Precondition: there is a ridge above 0, a threshold, and the coverage lies between 0 and 1.
  public init(
    ridges: [Double] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2], thresholds: [Double] = [1, 1.5, 3],
    coverage: Double = 0.9,
    seed: UInt64 = 0
  ) {
    precondition(
      !ridges.isEmpty && ridges.allSatisfy { $0 > 0 } && !thresholds.isEmpty, "there is something to choose")
    precondition(coverage > 0 && coverage < 1, "the coverage is a fraction")
    self.ridges = ridges
    self.thresholds = thresholds
    self.coverage = coverage
    self.seed = seed
  }
}

extension LatencyPredictor {
  /// The fewest samples that a 90 % interval can be made from.
  public static let fewestSamples = 10

  /// Fits a predictor on measured networks.
  ///
  /// The loss is Huber's of the *relative* error. A ridge draws the coefficients of every category towards those of a
  /// model with one coefficient per ``LatencyTerm``, so that what few samples say little about stays plausible. Ridge and
  /// threshold are chosen by cross-validation. Intervals are cross-conformal (Vovk, "Cross-conformal predictors", 2015):
  /// a quantile of the errors on samples that took no part in the fit that predicted them.
  ///
  /// - Throws: ``Diagnostic`` where there are too few samples or one is unusable.
  public static func fit(
    _ samples: [TrainingSample], provenance: PredictorProvenance, options: FittingOptions = FittingOptions()
  ) throws -> LatencyPredictor {
    try check(samples)
    let design = Design(samples)
    let record = design.chosenRecord(options)
    let predicted = design.foldPredictions(
      record.regression, Folds(rows: samples.count, count: 10, seed: options.seed, purpose: "intervals"))
    let model = design.fit(record.regression)
    return LatencyPredictor(
      intercept: model.intercept, coefficients: model.coefficients, correction: 1,
      interval: conformalInterval(predicted, samples.map(\.milliseconds), coverage: options.coverage),
      fitting: record, provenance: provenance,
      errors: [ErrorReport(.crossValidation, predicted: predicted, measured: samples.map(\.milliseconds))],
      samples: samples)
  }

  private static func check(_ samples: [TrainingSample]) throws {
    guard samples.count >= fewestSamples else {
      throw Diagnostic(
        .failure, "too few samples to fit a latency predictor", value: "\(samples.count)",
        rule: "at least \(fewestSamples) are needed", remedy: "measure more networks")
    }
    for sample in samples { try sample.check() }
  }

  /// The interval that absolute logarithmic errors say.
  private static func conformalInterval(
    _ predicted: [Double], _ measured: [Double], coverage: Double
  ) -> PredictionInterval {
    let scores = zip(predicted, measured).map { abs(log($1 / $0)) }
    return PredictionInterval(coverage: coverage, logHalfWidth: conformalQuantile(scores, level: coverage))
  }
}

extension TrainingSample {
  /// - Throws: ``Diagnostic`` that names the sample where a number is unusable.
  func check() throws {
    guard milliseconds.isFinite, milliseconds > 0 else {
      throw Diagnostic(
        .unusableFile, "a sample's latency is unusable", at: .init(path: key), value: "\(milliseconds)",
        rule: "latencies are positive numbers of milliseconds")
    }
    guard features.categories.allSatisfy({ features[$0].isUsable }) else {
      throw Diagnostic(
        .unusableFile, "a sample's features are unusable", at: .init(path: key),
        rule: "amounts of work are finite and not negative")
    }
  }
}

extension FittingRecord {
  /// The regression that this record describes.
  var regression: RobustRegression { RobustRegression(ridge: ridge, threshold: threshold) }
}

/// A partition of rows into folds of nearly equal size, in random order.
struct Folds {
  let rows: Int
  let members: [[Int]]

  init(rows: Int, count: Int, seed: UInt64, purpose: String) {
    var random = RandomSource(seed: seed, purpose: purpose)
    let order = random.shuffled(Array(0..<rows))
    let count = min(count, rows)
    self.rows = rows
    members = (0..<count).map { fold in
      stride(from: fold, to: rows, by: count).map { order[$0] }
    }
  }

  /// The rows outside a fold, in increasing order.
  func rows(outside fold: Int) -> [Int] {
    let left = Set(members[fold])
    return (0..<rows).filter { !left.contains($0) }
  }
}
