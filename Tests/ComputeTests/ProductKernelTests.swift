import CKernels
import Compute
import Tensors
import Testing

@Suite struct ProductKernelTests {
  /// Rows and columns at, below, above and at multiples of the tiles and panels of all kernels; few rows, which take a
  /// path of their own; depths that the partial sums do and do not divide.
  static let sizes: [(m: Int, n: Int, k: Int)] =
    (1...7).map { ($0, 17, 13) } + [
      (11, 8, 1), (12, 16, 8), (13, 32, 9), (14, 48, 2), (15, 31, 7), (28, 32, 5), (29, 64, 1), (23, 33, 31),
      (24, 4, 32), (25, 5, 33), (48, 64, 16), (37, 47, 3),
      (1, 100, 64), (2, 31, 70), (64, 1, 5),
    ]

  @Test(
    "Every kernel equals the plain product with what follows it",
    arguments: ISA.allCases.filter(\.isSupported))
  func matchesReference(isa: ISA) {
    for (index, size) in Self.sizes.enumerated() {
      for code in 0...6 {
        check(size, isa, activation: qn_activation(rawValue: UInt32(code)), residual: (index + code) % 2 == 0)
      }
    }
  }

  private func check(_ size: (m: Int, n: Int, k: Int), _ isa: ISA, activation: qn_activation, residual: Bool) {
    let (m, n, k) = size
    var random = RandomSource(seed: UInt64(m * 10_000 + n * 100 + k))
    func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.normal()) } }
    // Row strides larger than the rows, as for a group of channels.
    let (a, weight, bias, other) = (numbers(m * (k + 2)), numbers(n * k), numbers(n), numbers(m * (n + 1)))
    let kernel = ProductKernel.kernel(isa)
    let packed = PackedMatrix(weight, bias: bias, columns: n, depth: k, panel: Int(kernel.panel))
    var c = [Float](repeating: .infinity, count: m * (n + 3))
    other.withUnsafeBufferPointer { other in
      var epilogue = qn_epilogue(
        residual: residual ? other.baseAddress : nil, residual_stride: n + 1, activation: activation)
      kernel.function(m, n, k, a, k + 2, packed.buffer.pointer, &epilogue, &c, n + 3)
    }
    // Each of k products and k sums is rounded once.
    let tolerance = 1.2e-7 * Double(k + 8) * 4
    for row in 0..<m {
      for column in 0..<n {
        var sum = Double(bias[column])
        for i in 0..<k { sum += Double(a[row * (k + 2) + i]) * Double(weight[column * k + i]) }
        if residual { sum += Double(other[row * (n + 1) + column]) }
        let difference = abs(Double(c[row * (n + 3) + column]) - activated(sum, activation))
        #expect(
          difference <= tolerance * max(1, abs(sum)), "\(isa) \(size) \(activation) at \(row), \(column)")
      }
      #expect(c[row * (n + 3) + n..<(row + 1) * (n + 3)].allSatisfy { $0 == .infinity })
    }
  }

  @Test("Rows have the same bits wherever a product is cut", arguments: ISA.allCases.filter(\.isSupported))
  func independentOfPartition(isa: ISA) {
    let (m, n, k) = (29, 21, 40)
    var random = RandomSource(seed: 1)
    let a = (0..<m * k).map { _ in Float(random.normal()) }
    let weight = (0..<n * k).map { _ in Float(random.normal()) }
    let kernel = ProductKernel.kernel(isa)
    let packed = PackedMatrix(weight, bias: nil, columns: n, depth: k, panel: Int(kernel.panel))
    var epilogue = qn_epilogue(residual: nil, residual_stride: 0, activation: qn_swish)
    var whole = [Float](repeating: 0, count: m * n)
    var parts = whole
    kernel.function(m, n, k, a, k, packed.buffer.pointer, &epilogue, &whole, n)
    parts.withUnsafeMutableBufferPointer { parts in
      a.withUnsafeBufferPointer { a in
        for rows in [0..<5, 5..<18, 18..<29] {
          kernel.function(
            rows.count, n, k, a.baseAddress! + rows.lowerBound * k, k, packed.buffer.pointer, &epilogue,
            parts.baseAddress! + rows.lowerBound * n, n)
        }
      }
    }
    #expect(whole == parts)
  }
}
