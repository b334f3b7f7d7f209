import CKernels
import Compute
import Tensors
import Testing

@Suite struct ByteProductKernelTests {
  /// Names of the rows of the table: all kernels that this machine runs.
  static let names = ByteProductKernel.all.map { String(cString: $0.name) }

  private func kernel(_ name: String) throws -> qn_u8_gemm_kernel {
    try #require(ByteProductKernel.all.first { String(cString: $0.name) == name })
  }

  /// Rows, columns and depths at, below, above and at multiples of the tiles, panels and groups of all kernels.
  static let borders: [(m: Int, n: Int, k: Int)] =
    (1...17).map { ($0, 33, 21) } + [
      (31, 32, 64), (32, 31, 63), (33, 16, 65), (48, 17, 128), (49, 64, 127), (70, 48, 129), (65, 8, 4),
      (12, 9, 5), (13, 1, 1), (25, 130, 3), (1, 100, 200), (2, 49, 192), (64, 95, 16), (421, 20, 66),
    ]

  @Test(
    "Every kernel gives the bytes of the definition at the borders of its tiles",
    arguments: names, ByteEnding.allCases)
  func borders(name: String, ending: ByteEnding) throws {
    let kernel = try kernel(name)
    var random = RandomSource(seed: 1)
    for size in Self.borders { check(size, kernel, ending, extreme: false, &random) }
  }

  @Test("Sums of the largest values are exact", arguments: names)
  func extremeValues(name: String) throws {
    let kernel = try kernel(name)
    var random = RandomSource(seed: 2)
    for ending in [ByteEnding.plain, .residual, .real] {
      for size in [(20, 40, 200), (3, 16, 77)] { check(size, kernel, ending, extreme: true, &random) }
    }
  }

  @Test("Every kernel gives the bytes of the definition at random sizes", arguments: names)
  func randomSizes(name: String) throws {
    let kernel = try kernel(name)
    var random = RandomSource(seed: 3)
    for _ in 0..<60 {
      let size = (1 + random.below(70), 1 + random.below(130), 1 + random.below(200))
      check(size, kernel, random.pick(ByteEnding.allCases), extreme: false, &random)
    }
  }

  private func check(
    _ size: (m: Int, n: Int, k: Int), _ kernel: qn_u8_gemm_kernel, _ ending: ByteEnding, extreme: Bool,
    _ random: inout RandomSource
  ) {
    let test = ByteProductCase(
      m: size.m, n: size.n, k: size.k, ending: ending, extreme: extreme, random: &random)
    let (result, expected) = (test.result(of: kernel), test.expected)
    #expect(result.bytes == expected.bytes, "\(ending) \(size)")
    #expect(result.numbers == expected.numbers, "\(ending) \(size)")
  }

  @Test("Levels are in rising order, and the best row of each is chosen")
  func levels() {
    let levels = ByteProductKernel.all.map(\.isa.rawValue)
    #expect(levels == levels.sorted())
    #expect(levels.first == qn_portable.rawValue)
    for isa in ISA.allCases where isa.isSupported {
      #expect(ByteProductKernel.kernel(isa).isa.rawValue <= isa.code.rawValue)
    }
    #expect(ByteProductKernel.kernel(.nativeInteger).name == ByteProductKernel.all.last?.name)
  }
}
