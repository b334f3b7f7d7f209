import Foundation

/// The lower triangle L of a positive definite matrix A = L · Lᵀ.
package struct Cholesky {
  private var factor: Matrix

  /// Factors a symmetric matrix; a pivot below rounding is raised to it, so that a matrix that is singular but for rounding
  /// can still be used.
  package init(_ matrix: Matrix) {
    let size = matrix.rows
    factor = matrix
    let least = (0..<size).reduce(0) { max($0, matrix[$1, $1]) } * 1e-14
    for j in 0..<size {
      for i in j..<size {
        var sum = factor[i, j]
        for k in 0..<j { sum -= factor[i, k] * factor[j, k] }
        factor[i, j] = i == j ? max(sum, least, .leastNormalMagnitude).squareRoot() : sum / factor[j, j]
      }
      for i in 0..<j { factor[i, j] = 0 }
    }
  }

  /// The logarithm of A's determinant.
  package var logDeterminant: Double { (0..<factor.rows).reduce(0) { $0 + 2 * log(factor[$1, $1]) } }

  /// A⁻¹ · b.
  package func solve(_ right: [Double]) -> [Double] {
    var x = right
    let size = factor.rows
    for i in 0..<size {
      for k in 0..<i { x[i] -= factor[i, k] * x[k] }
      x[i] /= factor[i, i]
    }
    for i in (0..<size).reversed() {
      for k in i + 1..<max(size, i + 1) { x[i] -= factor[k, i] * x[k] }
      x[i] /= factor[i, i]
    }
    return x
  }

  /// A⁻¹.
  package var inverse: Matrix {
    let size = factor.rows
    // L⁻¹, row by row; then A⁻¹ = L⁻ᵀ · L⁻¹.
    var lower = Matrix(rows: size, columns: size)
    for i in 0..<size {
      for j in 0...i {
        var sum = i == j ? 1.0 : 0
        for k in j..<i { sum -= factor[i, k] * lower[k, j] }
        lower[i, j] = sum / factor[i, i]
      }
    }
    return lower.gram()
  }
}
