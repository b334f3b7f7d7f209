/// Minimises ½ xᵀ G x − mᵀ x over x ≥ 0 for a positive definite matrix: least squares with coefficients that are not
/// negative, given the matrix and the vector of its normal equations.
///
/// The active-set method of Lawson and Hanson ("Solving Least Squares Problems", 1974) on normal equations as in Bro and
/// de Jong (1997): exact after finitely many steps, and quick when it starts near the right set.
package struct NonNegativeLeastSquares {
  /// The number of coefficients.
  package let size: Int
  /// The matrix G, row after row.
  package let gram: [Double]
  /// The vector m.
  package let moment: [Double]

  /// Creates a problem.
  package init(gram: [Double], moment: [Double]) {
    precondition(gram.count == moment.count * moment.count, "the matrix is square and fits the vector")
    size = moment.count
    self.gram = gram
    self.moment = moment
  }

  /// The minimum; `start` is a guess of the coefficients that are not zero.
  package func minimum(start: [Bool]? = nil) -> [Double] {
    var passive = start ?? [Bool](repeating: false, count: size)
    var x = feasible(&passive)
    let tolerance = 1e-12 * (moment.map(abs).max() ?? 0)
    // Every round lowers the objective, so no set returns; the bound is against rounding.
    for _ in 0..<(3 * size + 10) {
      guard let entering = steepest(x, passive, tolerance) else { break }
      passive[entering] = true
      descend(&x, &passive)
    }
    return x
  }

  /// The minimum over a subset of the guessed set on which no coefficient is negative.
  private func feasible(_ passive: inout [Bool]) -> [Double] {
    while true {
      let x = unconstrained(on: passive)
      let negative = x.indices.filter { passive[$0] && x[$0] <= 0 }
      if negative.isEmpty { return x }
      for i in negative { passive[i] = false }
    }
  }

  /// The coefficient at zero that lowers the objective fastest when it grows.
  private func steepest(_ x: [Double], _ passive: [Bool], _ tolerance: Double) -> Int? {
    var best: (position: Int, slope: Double)?
    for i in 0..<size where !passive[i] {
      var slope = moment[i]
      for j in 0..<size where x[j] != 0 { slope -= gram[i * size + j] * x[j] }
      if slope > tolerance, slope > best?.slope ?? 0 { best = (i, slope) }
    }
    return best?.position
  }

  /// Walks from `x` to the minimum on the set, dropping coefficients that reach zero on the way.
  private func descend(_ x: inout [Double], _ passive: inout [Bool]) {
    while true {
      let target = unconstrained(on: passive)
      // The first coefficient that reaches zero; each round drops at least this one, so the walk ends.
      var blocking: (position: Int, step: Double)?
      for i in 0..<size where passive[i] && target[i] <= 0 {
        let step = x[i] > 0 ? x[i] / (x[i] - target[i]) : 0
        if step < blocking?.step ?? .infinity { blocking = (i, step) }
      }
      guard let blocking else {
        x = target
        return
      }
      for i in 0..<size where passive[i] { x[i] += blocking.step * (target[i] - x[i]) }
      x[blocking.position] = 0
      for i in 0..<size where passive[i] && x[i] <= 0 {
        x[i] = 0
        passive[i] = false
      }
    }
  }

  /// The minimum without bounds over the coefficients of a set; the others are zero.
  private func unconstrained(on passive: [Bool]) -> [Double] {
    let set = passive.indices.filter { passive[$0] }
    var factor = [Double](repeating: 0, count: set.count * set.count)
    for (row, i) in set.enumerated() {
      for (column, j) in set.enumerated() { factor[row * set.count + column] = gram[i * size + j] }
    }
    let solution = solvePositiveDefinite(&factor, set.map { moment[$0] })
    var x = [Double](repeating: 0, count: size)
    for (row, i) in set.enumerated() { x[i] = solution[row] }
    return x
  }
}

/// Solves A x = b by Cholesky's method; the matrix is overwritten by its factor.
///
/// A pivot that rounding has eaten is held at a tiny share of its diagonal, which adds a tiny ridge there.
package func solvePositiveDefinite(_ matrix: inout [Double], _ right: [Double]) -> [Double] {
  let size = right.count
  matrix.withUnsafeMutableBufferPointer { a in
    for i in 0..<size {
      let floor = 1e-14 * max(abs(a[i * size + i]), .leastNormalMagnitude)
      for j in 0...i {
        var sum = a[i * size + j]
        for k in 0..<j { sum -= a[i * size + k] * a[j * size + k] }
        a[i * size + j] = i == j ? max(sum, floor).squareRoot() : sum / a[j * size + j]
      }
    }
  }
  var x = right
  for i in 0..<size {
    for k in 0..<i { x[i] -= matrix[i * size + k] * x[k] }
    x[i] /= matrix[i * size + i]
  }
  for i in stride(from: size - 1, through: 0, by: -1) {
    for k in stride(from: i + 1, to: size, by: 1) { x[i] -= matrix[k * size + i] * x[k] }
    x[i] /= matrix[i * size + i]
  }
  return x
}
