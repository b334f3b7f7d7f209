import Latency
import Tensors
import Testing

@Suite struct MatrixTests {
  private func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
    var random = RandomSource(seed: seed, purpose: "matrix")
    return Matrix(rows: rows, columns: columns, (0..<rows * columns).map { _ in random.normal() })
  }

  private func difference(_ a: Matrix, _ b: Matrix) -> Double {
    zip(a.values, b.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
  }

  @Test("A factored matrix solves and inverts", arguments: [1, 2, 7, 20])
  func cholesky(size: Int) {
    let matrix = random(size + 3, size, seed: 1).gram()
    let factor = Cholesky(matrix)
    let product: Matrix = matrix * factor.inverse
    #expect(difference(product, .identity(size)) < 1e-9)
    let right = (0..<size).map { Double($0) - 1 }
    let solved: [Double] = matrix * factor.solve(right)
    for (found, wanted) in zip(solved, right) { #expect(abs(found - wanted) < 1e-9) }
  }

  @Test("Weighted sums of products of rows are those of plain loops", arguments: [1, 3, 4, 9])
  func gram(rows: Int) {
    let matrix = random(rows, 5, seed: 7)
    let weights = (0..<rows).map { 0.5 + Double($0) }
    let gram = matrix.gram(weights: weights)
    for i in 0..<5 {
      for j in 0..<5 {
        let sum = (0..<rows).reduce(0) { $0 + weights[$1] * matrix[$1, i] * matrix[$1, j] }
        #expect(abs(gram[i, j] - sum) < 1e-12)
      }
    }
  }

  @Test("The determinant is that of a matrix with known eigenvalues")
  func determinant() {
    // 3 and 1.
    let factor = Cholesky(Matrix(rows: 2, columns: 2, [2, 1, 1, 2]))
    #expect(abs(factor.logDeterminant - 1.0986122886681098) < 1e-12)
  }

  @Test("A root times its transpose is the matrix, also without full rank", arguments: [1, 2, 5, 22])
  func root(size: Int) {
    for rank in Set([1, size]) {
      let matrix = random(rank, size, seed: 2).gram()
      let root = matrix.symmetricRoot
      let square: Matrix = root * root.transposed
      #expect(difference(square, matrix) < 1e-9)
    }
  }

  @Test("A Kronecker product of two is that of their products")
  func kronecker() {
    let (a, b) = (random(2, 3, seed: 3), random(4, 2, seed: 4))
    let (c, d) = (random(3, 2, seed: 5), random(2, 5, seed: 6))
    let (left, right): (Matrix, Matrix) = (a.kronecker(b) * c.kronecker(d), (a * c).kronecker(b * d))
    #expect(difference(left, right) < 1e-12)
  }
}
