/// A way of predicting a new device from what is known of others and a few measurements of its own.
protocol FewShotMethod {
  /// Predicts rows of the table on a new device, with intervals of 90 %.
  ///
  /// - Parameter measured: The new device's measurements.
  /// - Throws: ``Diagnostic`` where they are too few for the method.
  mutating func predict(rows: [Int], measured: [(row: Int, latency: Double)]) throws -> [LatencyPrediction]
}

/// The ways of predicting a new device that a benchmark compares.
public enum TableMethod: String, CaseIterable, Hashable, Sendable, Codable {
  /// A Gaussian process whose prior comes from the source devices; the one that wins.
  case transfer
  /// A network that is meta-learned on the source devices (HELP).
  case help
}

extension TablePredictor: FewShotMethod {
  mutating func predict(rows: [Int], measured: [(row: Int, latency: Double)]) throws -> [LatencyPrediction] {
    try adapted(to: measured).predict(rows: rows)
  }
}
