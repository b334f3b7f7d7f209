import Foundation

/// The lower triangle L of a positive definite matrix A = L · Lᵀ.
package struct Cholesky {
  private let factor: Matrix

  /// Factors a symmetric matrix; a pivot below rounding is raised to it, so that a matrix that is singular but for
  /// rounding can still be used.
  package init(_ matrix: Matrix) {
    let size = matrix.rows
    let least = (0..<size).reduce(0) { max($0, matrix[$1, $1]) } * 1e-14
    var (values, column) = (matrix.values, [Double](repeating: 0, count: size))
    // Column by column, each subtracted from all later ones at once, so that the inner loop has no sum to wait for.
    values.withUnsafeMutableBufferPointer { a in
      column.withUnsafeMutableBufferPointer { column in
        for k in 0..<size {
          let pivot = max(a[k * size + k], least, .leastNormalMagnitude).squareRoot()
          a[k * size + k] = pivot
          for i in k + 1..<max(size, k + 1) {
            a[i * size + k] /= pivot
            column[i] = a[i * size + k]
            a[k * size + i] = 0
          }
          for i in k + 1..<max(size, k + 1) {
            let factor = column[i]
            for j in k + 1...i { a[i * size + j] -= factor * column[j] }
          }
        }
      }
    }
    factor = Matrix(rows: size, columns: size, values)
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
    var values = [Double](repeating: 0, count: size * size)
    values.withUnsafeMutableBufferPointer { lower in
      factor.values.withUnsafeBufferPointer { factor in
        for i in 0..<size {
          lower[i * size + i] = 1
          for k in 0..<i {
            let share = factor[i * size + k]
            for j in 0...k { lower[i * size + j] -= share * lower[k * size + j] }
          }
          for j in 0...i { lower[i * size + j] /= factor[i * size + i] }
        }
      }
    }
    let lower = Matrix(rows: size, columns: size, values)
    return lower.gram()
  }
}
