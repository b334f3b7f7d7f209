import Foundation

extension Matrix {
  /// A matrix R with R · Rᵀ = self, for a symmetric matrix without negative eigenvalues but for rounding: its eigenvectors
  /// times the roots of their eigenvalues, by cyclic rotations (Jacobi).
  package var symmetricRoot: Matrix {
    var (a, vectors) = (self, Matrix.identity(rows))
    let scale = values.reduce(0) { max($0, abs($1)) }
    for _ in 0..<60 {
      var off = 0.0
      for p in 0..<rows { for q in 0..<p { off = max(off, abs(a[p, q])) } }
      if off <= 1e-14 * scale { break }
      for p in 0..<rows { for q in 0..<p where a[p, q] != 0 { Self.rotate(&a, &vectors, p, q) } }
    }
    var root = vectors
    for i in 0..<rows { for j in 0..<rows { root[i, j] *= max(0, a[j, j]).squareRoot() } }
    return root
  }

  /// Makes one pair of entries zero.
  private static func rotate(_ a: inout Matrix, _ vectors: inout Matrix, _ p: Int, _ q: Int) {
    let ratio = (a[q, q] - a[p, p]) / (2 * a[p, q])
    let tangent = (ratio < 0 ? -1 : 1) / (abs(ratio) + (ratio * ratio + 1).squareRoot())
    let cosine = 1 / (tangent * tangent + 1).squareRoot()
    let sine = tangent * cosine
    for k in 0..<a.rows {
      let (x, y) = (a[k, p], a[k, q])
      (a[k, p], a[k, q]) = (cosine * x - sine * y, sine * x + cosine * y)
    }
    for k in 0..<a.rows {
      let (x, y) = (a[p, k], a[q, k])
      (a[p, k], a[q, k]) = (cosine * x - sine * y, sine * x + cosine * y)
    }
    for k in 0..<a.rows {
      let (x, y) = (vectors[k, p], vectors[k, q])
      (vectors[k, p], vectors[k, q]) = (cosine * x - sine * y, sine * x + cosine * y)
    }
  }
}
