import Foundation

/// What a few measurements of a device say about all architectures of a table.
///
/// The posterior is a mixture over guesses of the scales, weighted by evidence. Its mean is linear in the encoding.
struct TableModel {
  /// The largest parts of the mixture, which variances are computed from.
  private struct Part {
    let weight: Double
    let scales: GroupScales
    let posterior: TransferProblem.Posterior
  }

  /// How many parts of the mixture variances are computed from.
  private static let mostParts = 40
  /// Below this relative latency, predictions approach 0 without reaching it.
  private static let smallest = 0.05

  private let problem: TransferProblem
  private let parts: [Part]
  private let constant: Double
  private let coefficients: [Double]
  /// The device's middle latency, in the table's unit.
  private let unit: Double
  /// Intervals reach as many standard deviations.
  var reach = 1.645

  /// - Parameter measured: At least one measurement.
  init(_ prior: TransferPrior, _ draws: [GroupScales], _ measured: [(row: Int, latency: Double)]) {
    unit = median(measured.map(\.latency))
    let unit = unit
    problem = TransferProblem(prior, rows: measured.map(\.row), latencies: measured.map { $0.latency / unit })
    let posteriors = draws.map { [problem] in problem.posterior($0) }
    let weights = normalisedWeights(posteriors.map(\.evidence))
    var (constant, coefficients) = (1.0, prior.mean)
    for (group, features) in problem.features.enumerated() {
      var combined = [Double](repeating: 0, count: measured.count)
      for (draw, posterior) in posteriors.enumerated() {
        let factor = weights[draw] * pow(10, 2 * draws[draw].groups[group])
        for i in combined.indices { combined[i] += factor * posterior.weights[i] }
      }
      let change = features.transposed * combined
      if let map = prior.groups[group].map {
        for (i, value) in (map * change).enumerated() { coefficients[i] += value }
      } else {
        constant += change[0]
      }
    }
    (self.constant, self.coefficients) = (constant, coefficients)
    let largest = weights.indices.sorted { weights[$0] > weights[$1] }.prefix(Self.mostParts)
    let sum = largest.reduce(0) { $0 + weights[$1] }
    parts = largest.map { Part(weight: weights[$0] / sum, scales: draws[$0], posterior: posteriors[$0]) }
  }

  /// Predicts architectures by their rows.
  func predict(rows: [Int]) -> [LatencyPrediction] {
    spread(rows).map { mean, deviation in
      LatencyPrediction(
        milliseconds: unit * Self.positive(mean), lower: unit * max(0, mean - reach * deviation),
        upper: unit * max(Self.positive(mean), mean + reach * deviation))
    }
  }

  private static func positive(_ latency: Double) -> Double {
    latency < smallest ? smallest * exp(min(latency / smallest - 1, 0)) : latency
  }

  /// Means and standard deviations of new measurements, relative to the device's middle latency.
  private func spread(_ rows: [Int]) -> [(mean: Double, deviation: Double)] {
    let chosen = problem.prior.encoding.matrix.rows(rows)
    let features = problem.prior.features(chosen)
    let crossed = zip(features, problem.features).map { $0 * $1.transposed }
    let own = features.map { feature in (0..<rows.count).map { row in feature.row(row).reduce(0) { $0 + $1 * $1 } } }
    let means = (chosen * coefficients).map { constant + $0 }
    let expected = (chosen * problem.prior.mean).map { 1 + $0 }
    var variances = [Double](repeating: 0, count: rows.count)
    for part in parts {
      let factors = part.scales.groups.map { pow(10, 2 * $0) }
      let noise = TransferProblem.freedom / (TransferProblem.freedom - 2) * pow(10, 2 * part.scales.noise)
      for row in rows.indices {
        var link = [Double](repeating: 0, count: problem.rows.count)
        var variance = 0.0
        for (group, factor) in factors.enumerated() {
          variance += factor * own[group][row]
          for (i, value) in crossed[group].row(row).enumerated() { link[i] += factor * value }
        }
        let solved = part.posterior.precision * link
        let mean = expected[row] + zip(link, part.posterior.weights).reduce(0) { $0 + $1.0 * $1.1 }
        variance = max(0, variance - zip(link, solved).reduce(0) { $0 + $1.0 * $1.1 })
        variance += noise * pow(TransferProblem.noise(means[row]), 2) + pow(mean - means[row], 2)
        variances[row] += part.weight * variance
      }
    }
    return zip(means, variances).map { ($0, $1.squareRoot()) }
  }

  /// How many standard deviations known latencies are away, relative to the device's middle latency.
  func scores(rows: [Int], latencies: [Double]) -> [Double] {
    zip(spread(rows), latencies).map { abs($1 / unit - $0.mean) / $0.deviation }
  }

  /// How many standard deviations each measurement is away from what the others say of it.
  func leaveOneOutScores() -> [Double] {
    let means = (problem.prior.encoding.matrix.rows(problem.rows) * coefficients).map { constant + $0 }
    return problem.rows.indices.map { i in
      let others = parts.map { part in
        (weight: part.weight, mean: problem.latencies[i] - part.posterior.weights[i] / part.posterior.precision[i, i])
      }
      let mean = others.reduce(0) { $0 + $1.weight * $1.mean }
      var variance = 0.0
      for (part, other) in zip(parts, others) {
        let noise = TransferProblem.freedom / (TransferProblem.freedom - 2) * pow(10, 2 * part.scales.noise)
        let own = max(0, 1 / part.posterior.precision[i, i] - part.posterior.noise[i])
        variance +=
          part.weight * (own + noise * pow(TransferProblem.noise(means[i]), 2) + pow(other.mean - mean, 2))
      }
      return abs(problem.latencies[i] - mean) / variance.squareRoot()
    }
  }
}
