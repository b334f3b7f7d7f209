import Diagnostics
import Foundation
import Networks

/// A latency with an interval, in milliseconds.
public struct LatencyPrediction: Hashable, Sendable {
  /// The predicted median latency.
  public var milliseconds: Double
  /// The lower end of the interval.
  public var lower: Double
  /// The upper end of the interval.
  public var upper: Double

  /// Creates a prediction.
  public init(milliseconds: Double, lower: Double, upper: Double) {
    self.milliseconds = milliseconds
    self.lower = lower
    self.upper = upper
  }
}

/// Predicts the latency of a network on one device as an intercept plus a contribution of every fused operator.
///
/// A contribution is linear in the operator's amounts of work (``LatencyTerm``), with coefficients per kind of operator
/// (``OperatorCategory``) that are never negative: more work is never faster. Because contributions add up, a choice per
/// block can be made exactly by a linear program.
///
///     let predictor = try LatencyPredictor.fit(samples, provenance: provenance)
///     let latency = try predictor.predict(network)
///
/// What it is not: a model of operators it never saw. These are errors, never 0 ms.
public struct LatencyPredictor: Hashable, Sendable {
  /// Milliseconds per network before any operator.
  public internal(set) var intercept: Double
  /// Milliseconds per unit of work for the categories that the samples held.
  public internal(set) var coefficients: FeatureTotals
  /// A factor on everything, learned from whole networks after fitting; 1 until then.
  public internal(set) var correction: Double
  /// How intervals are made.
  public internal(set) var interval: PredictionInterval
  /// How the coefficients were found.
  public internal(set) var fitting: FittingRecord
  /// Where the samples come from.
  public internal(set) var provenance: PredictorProvenance
  /// Errors on samples that were predicted without being seen.
  public internal(set) var errors: [ErrorReport]
  /// What it was fitted on; kept so that samples can be added.
  public internal(set) var samples: [TrainingSample]
}

/// A multiplicative interval around a prediction, from conformal prediction.
public struct PredictionInterval: Hashable, Sendable, Codable {
  /// The fraction of new networks whose measured latency should lie inside.
  public var coverage: Double
  /// The interval reaches from the prediction times exp(−h) to the prediction times exp(h).
  public var logHalfWidth: Double

  enum CodingKeys: String, CodingKey {
    case coverage
    case logHalfWidth = "log_half_width"
  }

  /// Creates an interval rule.
  public init(coverage: Double, logHalfWidth: Double) {
    self.coverage = coverage
    self.logHalfWidth = logHalfWidth
  }
}

extension LatencyPredictor {
  /// Predicts the latency of a network; it is fused first.
  ///
  /// - Throws: ``Diagnostic`` that names the first operator of a kind that the samples never held.
  public func predict(_ network: Network) throws -> LatencyPrediction {
    try predict(NetworkFeatures(of: network))
  }

  /// Predicts a latency from the features of all operators: the intercept, then the contributions in their order.
  ///
  /// - Throws: ``Diagnostic`` that names the first operator of a kind that the samples never held.
  public func predict(_ features: NetworkFeatures) throws -> LatencyPrediction {
    var milliseconds = fixedMilliseconds
    for features in features.operators { milliseconds += try contribution(of: features) }
    return prediction(milliseconds: milliseconds)
  }

  /// Milliseconds of a network without operators.
  public var fixedMilliseconds: Double { correction * intercept }

  /// The milliseconds that a node of a fused network adds.
  ///
  /// - Throws: ``Diagnostic`` that names the node where the samples never held its kind.
  public func contribution(of node: Network.Node, in network: Network) throws -> Double {
    try contribution(of: OperatorFeatures(of: node, in: network))
  }

  /// The milliseconds that an operator adds.
  ///
  /// - Throws: ``Diagnostic`` that names the operator where the samples never held its kind.
  public func contribution(of features: OperatorFeatures) throws -> Double {
    guard coefficients.contains(features.category) else { throw features.neverMeasured(known: coefficients) }
    return correction * features.terms.dot(coefficients[features.category])
  }

  /// A prediction with its interval.
  public func prediction(milliseconds: Double) -> LatencyPrediction {
    LatencyPrediction(
      milliseconds: milliseconds, lower: milliseconds * exp(-interval.logHalfWidth),
      upper: milliseconds * exp(interval.logHalfWidth))
  }
}
