import Compute
import Diagnostics
import Tensors
import Testing

@Suite struct BLASTests {
  @Test("The processor's own kernels are chosen", .enabled(if: environmentValue("OPENBLAS_CORETYPE") == nil))
  func coreType() throws {
    try BLAS.load()
    let expected: [ISA: String] = [.avx512: "SkylakeX", .avx2: "Haswell"]
    if let expected = expected[.native] { #expect(BLAS.core == expected) }
    #expect(BLAS.description.contains("OpenBLAS"))
  }

  @Test("A product equals the plain sum, for both transpositions", arguments: [false, true], [false, true])
  func gemm(transposeA: Bool, transposeB: Bool) throws {
    try BLAS.load()
    var random = RandomSource(seed: 7)
    for (m, n, k) in [(1, 1, 1), (3, 5, 7), (16, 16, 16), (33, 17, 65)] {
      let a = (0..<m * k).map { _ in Float(random.normal()) }
      let b = (0..<k * n).map { _ in Float(random.normal()) }
      var c = [Float](repeating: 2, count: m * n)
      BLAS.gemm(
        transposeA: transposeA, transposeB: transposeB, m: m, n: n, k: k, alpha: 0.5, a: a,
        lda: transposeA ? m : k,
        b: b, ldb: transposeB ? k : n, beta: 3, c: &c, ldc: n)
      for row in 0..<m {
        for column in 0..<n {
          var sum = 0.0
          for i in 0..<k {
            sum +=
              Double(a[transposeA ? i * m + row : row * k + i])
              * Double(b[transposeB ? column * k + i : i * n + column])
          }
          #expect(abs(Double(c[row * n + column]) - (0.5 * sum + 6)) < 1e-5 * Double(k + 10))
        }
      }
    }
  }

}

@Suite struct CPUTests {
  @Test("The processor has a name, a core and the portable level")
  func probe() {
    #expect(!CPU.current.name.isEmpty)
    #expect(CPU.current.cores >= 1)
    #expect(CPU.current.levels.first == .portable)
    #expect(CPU.current.levels == CPU.current.levels.sorted())
    #expect(ISA.native.isSupported)
  }

  @Test("A factored matrix times the solution gives the right sides", arguments: [1, 2, 7, 130])
  func solve(size: Int) throws {
    try BLAS.load()
    var random = RandomSource(seed: 8)
    let half = (0..<size * size).map { _ in random.normal() }
    var matrix = [Double](repeating: 0, count: size * size)
    for i in 0..<size {
      for j in 0..<size {
        for k in 0..<size { matrix[i * size + j] += half[i * size + k] * half[j * size + k] }
      }
      matrix[i * size + i] += 1
    }
    let right = (0..<2 * size).map { _ in random.normal() }
    var factor = matrix
    // Only the lower triangle is read.
    for i in 0..<size { for j in i + 1..<max(size, i + 1) { factor[i * size + j] = .nan } }
    #expect(BLAS.factor(&factor, size: size))
    let solution = BLAS.solve(factor: factor, size: size, right)
    for side in 0..<2 {
      for i in 0..<size {
        let sum = (0..<size).reduce(0.0) { $0 + matrix[i * size + $1] * solution[side * size + $1] }
        #expect(abs(sum - right[side * size + i]) < 1e-8)
      }
    }
  }

  @Test("A matrix that is not positive definite is refused")
  func indefinite() throws {
    try BLAS.load()
    var matrix: [Double] = [1, 0, 2, 1]
    #expect(!BLAS.factor(&matrix, size: 2))
  }
}
