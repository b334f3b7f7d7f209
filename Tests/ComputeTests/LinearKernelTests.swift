import CKernels
import Compute
import Foundation
import Tensors
import Testing

@Suite struct LinearKernelTests {
  /// Rows, columns and depths at, below, above and at multiples of the tiles, panels and groups of all kernels.
  static let sizes: [(m: Int, n: Int, k: Int)] =
    (1...13).map { ($0, 33, 45) } + [
      (16, 32, 64), (17, 16, 32), (31, 48, 31), (33, 17, 33), (49, 8, 128), (64, 64, 100), (1, 130, 257), (2, 1, 1),
      (3, 5, 8), (1, 15, 96), (20, 40, 2), (70, 31, 7),
    ]

  @Test(
    "Every kernel equals the product with the stored weights",
    arguments: LinearFormat.allCases, ISA.allCases.filter(\.isSupported))
  func matchesReference(format: LinearFormat, isa: ISA) {
    for kernel in LinearKernel.all(format) where kernel.isa == isa.code {
      var random = RandomSource(seed: 4)
      for size in Self.sizes { check(size, format, kernel, &random) }
    }
  }

  private func check(
    _ size: (m: Int, n: Int, k: Int), _ format: LinearFormat, _ kernel: qn_linear_gemm_kernel,
    _ random: inout RandomSource
  ) {
    let (m, n, k) = size
    func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.normal()) } }
    let (a, bias) = (numbers(m * (k + 3)), numbers(n))
    let weights = LinearWeights(rounding: numbers(n * k), columns: n, depth: k, format: format)
    let c = product(a, weights, bias, kernel, rows: m)
    for row in 0..<m {
      for column in 0..<n {
        // Sums of k products, each rounded, differ by at most about k roundings of the sum of magnitudes.
        var (sum, magnitude) = (Double(bias[column]), abs(Double(bias[column])))
        for i in 0..<k {
          let x = a[row * (k + 3) + i]
          let term = Double(format == .bf16 ? Self.rounded(x) : x) * Double(weights.value(column, i))
          (sum, magnitude) = (sum + term, magnitude + abs(term))
        }
        let tolerance = Double(k + 4) * 1.2e-7 * magnitude
        #expect(
          abs(Double(c[row * (n + 2) + column]) - sum) <= tolerance,
          "\(String(cString: kernel.name)) \(size) at \(row), \(column)")
      }
      #expect(c[row * (n + 2) + n..<(row + 1) * (n + 2)].allSatisfy { $0 == .infinity })
    }
  }

  /// C with two elements between its rows, which are infinite unless something writes them.
  private func product(
    _ a: [Float], _ weights: LinearWeights, _ bias: [Float], _ kernel: qn_linear_gemm_kernel, rows: Int
  ) -> [Float] {
    let packed = PackedLinear(weights, bias: bias, kernel: kernel)
    var c = [Float](repeating: .infinity, count: rows * (weights.columns + 2))
    let scratch = UnsafeMutableRawPointer.allocate(byteCount: packed.scratchBytes(rows: rows), alignment: 64)
    defer { scratch.deallocate() }
    // What is in the scratch memory before must not matter, not even if it is no number.
    memset(scratch, 0xff, packed.scratchBytes(rows: rows))
    kernel.function(
      rows, weights.columns, weights.depth, a, weights.depth + 3, packed.pointer, scratch, &c, weights.columns + 2)
    return c
  }

  private static func rounded(_ x: Float) -> Float {
    let bits = x.bitPattern
    return Float(bitPattern: (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000)
  }

  @Test(
    "Rounding keeps the largest weight of a row or group, and errs by half a step", arguments: LinearFormat.allCases)
  func rounding(format: LinearFormat) {
    var random = RandomSource(seed: 5)
    let (columns, depth) = (7, 75)
    var numbers = (0..<columns * depth).map { _ in Float(random.normal()) }
    for i in 0..<depth { numbers[3 * depth + i] = 0 }
    let weights = LinearWeights(rounding: numbers, columns: columns, depth: depth, format: format)
    for column in 0..<columns {
      for step in 0..<depth {
        let run = format == .int4 ? step / 32 * 32..<min(depth, step / 32 * 32 + 32) : 0..<depth
        let largest = run.map { abs(numbers[column * depth + $0]) }.max() ?? 0
        let wanted = numbers[column * depth + step]
        let unit = format == .bf16 ? abs(wanted) / 128 : largest / (format == .int8 ? 127 : 7)
        #expect(abs(weights.value(column, step) - wanted) <= unit * 0.501)
      }
    }
  }

  @Test("The fastest kernel of a level is the last of its rows", arguments: LinearFormat.allCases)
  func levels(format: LinearFormat) {
    let levels = LinearKernel.all(format).map(\.isa.rawValue)
    #expect(levels == levels.sorted() && levels.first == qn_portable.rawValue)
    #expect(LinearKernel.kernel(format, .nativeInteger).name == LinearKernel.all(format).last?.name)
  }
}
