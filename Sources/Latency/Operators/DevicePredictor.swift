import Diagnostics
import Foundation
import Networks

/// Predicts the latency of any network on one device from what the operators of measured networks took there.
///
///     let predictor = try DevicePredictor.fit(networks, provenance: provenance)
///     let latency = try predictor.predict(NetworkFeatures(of: network))
///
/// `docs/PREDICTORS.md` describes the model and compares it with others. Unlike ``LatencyPredictor``, which a search fits to
/// whole networks of its space, it knows nothing of spaces.
public struct DevicePredictor: Hashable, Sendable {
  /// What operators take.
  package let model: OperatorModel
  /// How intervals are made.
  public let interval: ScaledInterval
  /// Where the samples come from.
  public let provenance: PredictorProvenance
  /// How many networks it was fitted on.
  public let sampleCount: Int
  /// Errors on networks that were predicted by fits without them.
  public let error: ErrorReport

  /// Predicts the latency of a network.
  ///
  /// - Throws: ``Diagnostic`` that names the first operator of a kind that was never measured, or says that the predictor's
  ///   numbers give no latency.
  public func predict(_ network: NetworkFeatures) throws -> LatencyPrediction {
    let latency = try model.latency(of: network)
    let width = interval.logHalfWidth(novelty: latency.novelty)
    let prediction = LatencyPrediction(
      milliseconds: latency.milliseconds, lower: latency.milliseconds * exp(-width),
      upper: latency.milliseconds * exp(width))
    guard prediction.lower >= 0, prediction.milliseconds > 0, prediction.upper.isFinite else {
      throw Diagnostic(
        .unusableFile, "the predictor gives no latency", value: "\(prediction.milliseconds)",
        rule: "latencies are positive and finite", remedy: "fit the predictor again")
    }
    return prediction
  }

  /// Whether all kinds of a network's operators were measured.
  public func knows(_ network: NetworkFeatures) -> Bool { model.knows(network) }

  /// What differs between the device of the samples and `device`; `nil` where nothing does.
  public func mismatch(with device: DeviceFingerprint) -> FingerprintMismatch? {
    FingerprintMismatch(stored: provenance.device, current: device)
  }

  /// The errors on networks that took no part in fitting.
  ///
  /// - Precondition: there is at least one network.
  /// - Throws: ``Diagnostic`` where a network holds a kind of operator that was never measured.
  public func evaluated(on networks: [MeasuredNetwork]) throws -> ErrorReport {
    let predictions = try networks.map { try predict($0.features) }
    let covered = zip(predictions, networks).count { $0.lower <= $1.milliseconds && $1.milliseconds <= $0.upper }
    return ErrorReport(
      .heldOut, predicted: predictions.map(\.milliseconds), measured: networks.map(\.milliseconds),
      intervalCoverage: Double(covered) / Double(networks.count))
  }
}

/// A multiplicative interval that is wider where less is known: conformal prediction of errors that are divided by their
/// expected size (Papadopoulos et al., "Normalized nonconformity measures", 2008).
public struct ScaledInterval: Hashable, Sendable, Codable {
  /// The fraction of new networks whose measured latency should lie inside.
  public var coverage: Double
  /// The interval reaches from the prediction times exp(−h) to the prediction times exp(h); this is h where all operators
  /// were timed.
  public var logHalfWidth: Double
  /// By how much more of it h grows from no novelty to all.
  public var noveltyFactor: Double
  /// By how much h is larger in an hour of which no samples are; `nil` where samples of one hour, or without times, cannot tell.
  public var hourFactor: Double?

  enum CodingKeys: String, CodingKey {
    case coverage
    case logHalfWidth = "log_half_width"
    case noveltyFactor = "novelty_factor"
    case hourFactor = "hour_factor"
  }

  /// h for a network of a given novelty, from 0 to 1.
  package func logHalfWidth(novelty: Double) -> Double {
    logHalfWidth * (1 + noveltyFactor * novelty) * (hourFactor ?? 1)
  }

  /// What the errors of predictions say, each made without its network.
  ///
  /// The factor makes the errors, if they were Laplace distributed, likeliest; the width is the conformal quantile of the
  /// scaled errors in `wanted`.
  package init(
    errors: [(log: Double, novelty: Double)], wanted: [(log: Double, novelty: Double)], coverage: Double
  ) {
    func scaled(_ factor: Double, _ errors: [(log: Double, novelty: Double)]) -> [Double] {
      errors.map { abs($0.log) / (1 + factor * $0.novelty) }
    }
    func unlikelihood(_ factor: Double) -> Double {
      let typical = max(1e-6, scaled(factor, errors).reduce(0, +) / Double(errors.count))
      return errors.reduce(0) { $0 + log(typical * (1 + factor * $1.novelty)) }
    }
    let factors = [0, 0.5, 1, 2, 3, 5, 8, 12, 20, 30, 50]
    let factor = factors.min { unlikelihood($0) < unlikelihood($1) } ?? 0
    self.coverage = coverage
    noveltyFactor = factor
    logHalfWidth = conformalQuantile(scaled(factor, wanted), level: coverage)
  }
}
