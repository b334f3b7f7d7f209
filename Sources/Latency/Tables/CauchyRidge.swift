import Foundation
import Tensors

/// Ridge regression with an intercept, whose loss hardly grows with large residuals (Cauchy's): some measurements of
/// public tables are wrong by factors.
struct CauchyRidge {
  /// The ridge; the intercept has none.
  var ridge = 3.0
  /// Residuals beyond as many robust deviations lose their weight.
  var threshold = 2.0
  /// Steps of reweighting.
  var steps = 10

  /// Fits a row of numbers per target.
  func fit(_ rows: Matrix, _ targets: [Double]) -> (intercept: Double, coefficients: [Double]) {
    let design = Self.design(rows)
    var weights = [Double](repeating: 1, count: targets.count)
    var solution: [Double] = []
    for _ in 0..<steps {
      solution = Moments(design, targets, weights: weights).solution(ridge: ridge)
      weights = self.weights(zip(targets, design * solution).map { $0 - $1 })
    }
    return (solution[0], Array(solution.dropFirst()))
  }

  /// How much each residual counts.
  func weights(_ residuals: [Double]) -> [Double] {
    // 1.4826 makes the median absolute residual a standard deviation where the residuals are normal.
    let deviation = 1.4826 * median(residuals.map(abs)) + 1e-6
    return residuals.map { 1 / (1 + pow($0 / (threshold * deviation), 2)) }
  }

  /// A column of ones, then the rows.
  static func design(_ rows: Matrix) -> Matrix {
    Matrix(
      rows: rows.rows, columns: rows.columns + 1, (0..<rows.rows).flatMap { [1] + Array(rows.row($0)) })
  }

  /// What a weighted least squares problem needs to know of its rows.
  struct Moments {
    private let gram: Matrix
    private let moments: [Double]

    init(_ design: Matrix, _ targets: [Double], weights: [Double]) {
      gram = design.gram(weights: weights)
      var moments = [Double](repeating: 0, count: design.columns)
      for row in 0..<design.rows {
        for (i, value) in design.row(row).enumerated() { moments[i] += weights[row] * targets[row] * value }
      }
      self.moments = moments
    }

    private init(_ gram: Matrix, _ moments: [Double]) { (self.gram, self.moments) = (gram, moments) }

    /// All rows but those of a part.
    static func - (all: Moments, part: Moments) -> Moments {
      Moments(all.gram + part.gram.map { -$0 }, zip(all.moments, part.moments).map { $0 - $1 })
    }

    /// The intercept and the coefficients.
    func solution(ridge: Double) -> [Double] {
      var gram = gram
      for i in 0..<gram.rows { gram[i, i] += i == 0 ? 1e-6 : ridge }
      return Cholesky(gram).solve(moments)
    }
  }
}
