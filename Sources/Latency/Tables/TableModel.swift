import Foundation
import Tensors

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
  /// With more measurements than `screened`, draws are judged by so many of them, and `kept` are solved for all.
  private static let (screened, kept) = (60, 100)

  private let problem: TransferProblem
  private let parts: [Part]
  let constant: Double
  let coefficients: [Double]
  /// The device's middle latency, in the table's unit.
  let unit: Double
  /// Intervals reach as many standard deviations.
  var reach = 1.645

  /// - Parameter measured: At least one measurement.
  init(_ prior: TransferPrior, _ draws: [GroupScales], _ measured: [(row: Int, latency: Double)]) {
    unit = median(measured.map(\.latency))
    let unit = unit
    problem = TransferProblem(prior, rows: measured.map(\.row), latencies: measured.map { $0.latency / unit })
    let draws = Self.plausible(draws, problem)
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

  /// The draws that are worth solving for all measurements: solving takes the cube of their number.
  private static func plausible(_ draws: [GroupScales], _ problem: TransferProblem) -> [GroupScales] {
    let count = problem.rows.count
    guard count > screened, draws.count > kept else { return draws }
    let chosen = (0..<screened).map { $0 * count / screened }
    let small = TransferProblem(
      problem.prior, rows: chosen.map { problem.rows[$0] }, latencies: chosen.map { problem.latencies[$0] })
    let evidence = draws.map { small.posterior($0).evidence }
    return draws.indices.sorted { evidence[$0] > evidence[$1] }.prefix(kept).map { draws[$0] }
  }

  /// Predicts architectures by their rows.
  func predict(rows: [Int]) -> [LatencyPrediction] {
    spread(rows).map { mean, deviation in
      LatencyPrediction(relative: mean, deviation: reach * deviation, unit: unit)
    }
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

  /// The variance of a prediction as a quadratic form, but for the noise: of a constant and the encoded columns, the
  /// covariance of their coefficients.
  func covariance() -> Matrix {
    let (prior, count) = (problem.prior, coefficients.count + 1)
    let links = zip(prior.groups, problem.features).map { group, features in
      Self.withConstant(group.map, width: count - 1) * features.transposed
    }
    var sum = Matrix(rows: count, columns: count)
    for (group, index) in zip(prior.groups, prior.groups.indices) {
      let map = Self.withConstant(group.map, width: count - 1)
      let variance = parts.reduce(0) { $0 + $1.weight * pow(10, 2 * $1.scales.groups[index]) }
      sum = sum + (map.map { variance * $0 } * map.transposed)
    }
    for part in parts {
      var link = Matrix(rows: count, columns: problem.rows.count)
      for (group, scale) in part.scales.groups.enumerated() {
        let factor = pow(10, 2 * scale)
        link = link + links[group].map { factor * $0 }
      }
      sum = sum + ((link * part.posterior.precision).map { -part.weight * $0 } * link.transposed)
      let mean = zip([1] + prior.mean, link * part.posterior.weights).map { $0 + $1 }
      let shift = zip(mean, [constant] + coefficients).map { $0 - $1 }
      let column = Matrix(rows: count, columns: 1, shift)
      sum = sum + (column.map { part.weight * $0 } * column.transposed)
    }
    return sum
  }

  /// The mean variance of the noise, relative to that of a measurement.
  var noiseVariance: Double {
    parts.reduce(0) {
      $0 + $1.weight * TransferProblem.freedom / (TransferProblem.freedom - 2) * pow(10, 2 * $1.scales.noise)
    }
  }

  /// A group's map with a row above it for the constant; of the constant's own group, that row alone.
  private static func withConstant(_ map: Matrix?, width: Int) -> Matrix {
    guard let map else { return Matrix(rows: width + 1, columns: 1, [1] + [Double](repeating: 0, count: width)) }
    return Matrix(
      rows: width + 1, columns: map.columns, [Double](repeating: 0, count: map.columns) + map.values)
  }
}

extension LatencyPrediction {
  /// Below this relative latency, predictions approach 0 without reaching it.
  private static let smallest = 0.05

  /// A prediction relative to a device's middle latency, with half the width of its interval.
  init(relative mean: Double, deviation: Double, unit: Double) {
    let smallest = Self.smallest
    let positive = mean < smallest ? smallest * exp(min(mean / smallest - 1, 0)) : mean
    self.init(
      milliseconds: unit * positive, lower: unit * max(0, mean - deviation),
      upper: unit * max(positive, mean + deviation))
  }
}
