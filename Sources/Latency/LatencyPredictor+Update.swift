import Foundation
import Networks
import Tensors

extension LatencyPredictor {
  /// A predictor that is fitted again on all samples so far and on new ones; a later sample of a key replaces an earlier.
  ///
  /// Error reports on held-out samples are dropped, since they are about the earlier fit.
  ///
  /// - Throws: ``Diagnostic`` where a sample is unusable.
  public func refitted(
    adding new: [TrainingSample], options: FittingOptions? = nil
  ) throws -> LatencyPredictor {
    let replaced = Set(new.map(\.key))
    var options = options ?? FittingOptions(coverage: interval.coverage)
    options.seed = fitting.seed
    return try Self.fit(
      samples.filter { !replaced.contains($0.key) } + new, provenance: provenance, options: options)
  }

  /// A predictor whose predictions are multiplied by what whole networks, measured after fitting, took on average beyond
  /// the prediction.
  ///
  /// The factor is the median ratio of measured and predicted latency, drawn towards 1 as if three networks had met
  /// their prediction; it replaces an earlier factor. All contributions carry it, so they still add up.
  ///
  /// - Throws: ``Diagnostic`` where a network holds a kind of operator that the samples never held.
  public func corrected(
    by measured: [(features: NetworkFeatures, milliseconds: Double)]
  ) throws -> LatencyPredictor {
    var corrected = self
    corrected.correction = 1
    let ratios = try measured.map { log($0.milliseconds / (try corrected.predict($0.features).milliseconds)) }
      .filter(\.isFinite)
    guard !ratios.isEmpty else { return self }
    let trust = Double(ratios.count) / Double(ratios.count + 3)
    corrected.correction = exp(trust * median(ratios))
    return corrected
  }

  /// The errors on samples that took no part in fitting.
  ///
  /// - Precondition: there is at least one sample.
  /// - Throws: ``Diagnostic`` where a network holds a kind of operator that the samples never held.
  public func evaluated(
    on held: [(features: NetworkFeatures, milliseconds: Double)]
  ) throws -> ErrorReport {
    let predicted = try held.map { try predict($0.features) }
    let covered = zip(predicted, held).count { $0.lower <= $1.milliseconds && $1.milliseconds <= $0.upper }
    return ErrorReport(
      .heldOut, predicted: predicted.map(\.milliseconds), measured: held.map(\.milliseconds),
      intervalCoverage: Double(covered) / Double(held.count))
  }

  /// This predictor with one more error report, which is saved with it.
  public func reporting(_ report: ErrorReport) -> LatencyPredictor {
    var predictor = self
    predictor.errors.append(report)
    return predictor
  }
}
