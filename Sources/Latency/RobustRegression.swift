import Foundation
import Tensors

/// Rows of a linear model: `targets[i] ≈ Σ values[i, j] · coefficients[j]`.
package struct LinearProblem: Sendable {
  /// The number of coefficients.
  package let columns: Int
  /// The matrix, row after row.
  package let values: [Double]
  /// What the rows should give.
  package let targets: [Double]

  /// Creates a problem.
  package init(columns: Int, values: [Double], targets: [Double]) {
    precondition(values.count == columns * targets.count, "every row has a value per column")
    self.columns = columns
    self.values = values
    self.targets = targets
  }

  /// The number of rows.
  package var rows: Int { targets.count }

  /// The problem of some of the rows.
  package func rows(_ chosen: [Int]) -> LinearProblem {
    var values: [Double] = []
    values.reserveCapacity(chosen.count * columns)
    for row in chosen { values += self.values[row * columns..<(row + 1) * columns] }
    return LinearProblem(columns: columns, values: values, targets: chosen.map { targets[$0] })
  }

  /// What the coefficients give in every row.
  package func fitted(_ coefficients: [Double]) -> [Double] {
    (0..<rows).map { row in
      var sum = 0.0
      for column in 0..<columns { sum += values[row * columns + column] * coefficients[column] }
      return sum
    }
  }

  /// The weighted normal equations.
  fileprivate func normalEquations(weights: [Double]) -> (gram: [Double], moment: [Double]) {
    var gram = [Double](repeating: 0, count: columns * columns)
    var moment = [Double](repeating: 0, count: columns)
    values.withUnsafeBufferPointer { x in
      gram.withUnsafeMutableBufferPointer { gram in
        for row in 0..<rows {
          let start = row * columns
          for i in 0..<columns where x[start + i] != 0 {
            let scaled = weights[row] * x[start + i]
            moment[i] += scaled * targets[row]
            for j in 0...i { gram[i * columns + j] += scaled * x[start + j] }
          }
        }
        for i in 0..<columns { for j in 0..<i { gram[j * columns + i] = gram[i * columns + j] } }
      }
    }
    return (gram, moment)
  }
}

/// Linear regression with coefficients that are not negative, whose loss grows only linearly beyond a threshold (Huber,
/// "Robust estimation of a location parameter", 1964), by iteratively reweighted least squares.
package struct RobustRegression: Hashable, Sendable {
  /// The ridge per row: `ridge · rows · |coefficients − prior|²` is added to the loss.
  package var ridge: Double
  /// The threshold in robust standard deviations of the residuals; infinite for plain least squares.
  package var threshold: Double

  /// Creates a regression.
  package init(ridge: Double, threshold: Double) {
    self.ridge = ridge
    self.threshold = threshold
  }

  /// Residuals are taken for no smaller than this: no clock and no machine is that steady.
  private static let leastDeviation = 1e-4

  /// The coefficients that minimise the loss.
  package func coefficients(of problem: LinearProblem, prior: [Double]) -> [Double] {
    var weights = [Double](repeating: 1, count: problem.rows)
    var coefficients = prior
    var fitted = problem.fitted(prior)
    for _ in 0..<40 {
      let start = coefficients.map { $0 > 0 }
      coefficients = leastSquares(problem, weights: weights, prior: prior, start: start)
      let previous = fitted
      fitted = problem.fitted(coefficients)
      if threshold == .infinity || zip(previous, fitted).allSatisfy({ abs($0 - $1) <= 1e-5 }) { break }
      weights = huberWeights(zip(problem.targets, fitted).map { $0 - $1 })
    }
    return coefficients
  }

  private func leastSquares(
    _ problem: LinearProblem, weights: [Double], prior: [Double], start: [Bool]
  ) -> [Double] {
    var (gram, moment) = problem.normalEquations(weights: weights)
    let strength = ridge * Double(problem.rows)
    for i in 0..<problem.columns {
      gram[i * problem.columns + i] += strength
      moment[i] += strength * prior[i]
    }
    return NonNegativeLeastSquares(gram: gram, moment: moment).minimum(start: start)
  }

  private func huberWeights(_ residuals: [Double]) -> [Double] {
    // 1.4826 makes the median absolute residual a standard deviation where the residuals are normal.
    let deviation = max(Self.leastDeviation, 1.4826 * median(residuals.map(abs)))
    return residuals.map { min(1, threshold * deviation / max(abs($0), .leastNormalMagnitude)) }
  }
}
