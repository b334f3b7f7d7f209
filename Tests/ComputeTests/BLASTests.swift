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
}
