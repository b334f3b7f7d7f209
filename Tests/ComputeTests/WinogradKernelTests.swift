import CKernels
import Compute
import Tensors
import Testing

@Suite struct WinogradKernelTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var channels: Int
    var height = 9
    var width = 14
    /// Top and left.
    var padding = (1, 1)
    /// Rows and columns of output that padding below and to the right adds.
    var more = (0, 0)

    var testDescription: String { "\(self)" }

    var window: qn_window {
      qn_window(
        height: Int32(height), width: Int32(width), channels: Int32(channels),
        out_height: Int32(height + padding.0 + more.0 - 2), out_width: Int32(width + padding.1 + more.1 - 2),
        kernel_height: 3, kernel_width: 3, stride_y: 1, stride_x: 1, pad_top: Int32(padding.0),
        pad_left: Int32(padding.1), dilation_y: 1, dilation_x: 1)
    }
  }

  /// Channels at, below, above and at multiples of both vector widths; images of one tile, less, multiples and more, with
  /// padding on no side, some and all.
  static let cases: [Case] =
    [1, 7, 8, 9, 15, 16, 17, 32, 40].map { Case(channels: $0, more: (1, 1)) } + [
      Case(channels: 16, height: 6, width: 6, padding: (0, 0)),
      Case(channels: 19, height: 10, width: 14, padding: (0, 0)),
      Case(channels: 16, height: 4, width: 4, padding: (1, 1), more: (1, 1)),
      Case(channels: 24, height: 1, width: 2, padding: (2, 1), more: (1, 1)),
      Case(channels: 17, height: 11, width: 7, padding: (2, 0), more: (0, 2)),
    ]
  static let levels = ISA.allCases.filter(\.isSupported)

  private func numbers(_ count: Int, seed: UInt64) -> [Float] {
    var random = RandomSource(seed: seed)
    return (0..<count).map { _ in Float(random.normal()) }
  }

  private func tiles(_ window: qn_window, _ tile: Int) -> Int {
    (Int(window.out_height) + tile - 1) / tile * ((Int(window.out_width) + tile - 1) / tile)
  }

  /// The transform of some tiles, in a buffer of infinities.
  private func transformed(
    _ window: qn_window, _ x: [Float], _ kernel: qn_f32_winograd_kernel, _ range: Range<Int>, stride: Int
  ) -> [Float] {
    let side = Int(kernel.tile) + 2
    var result = [Float](repeating: .infinity, count: side * side * stride)
    withUnsafePointer(to: window) { kernel.input($0, x, range.lowerBound, range.upperBound, &result, stride) }
    return result
  }

  @Test("Every input transform equals the portable one, and writes nothing else", arguments: cases, levels)
  func transformsInput(test: Case, isa: ISA) {
    let window = test.window
    let x = numbers(test.height * test.width * test.channels, seed: 1)
    for tile in [2, 4] {
      let count = tiles(window, tile)
      for range in [0..<count, count / 3..<count - count / 4] {
        let stride = range.count * test.channels + 3
        let found = transformed(window, x, WinogradKernel.kernel(isa, tile: tile), range, stride: stride)
        let expected = transformed(window, x, WinogradKernel.kernel(.portable, tile: tile), range, stride: stride)
        // Each number is a sum of 36 products, rounded in two passes, of numbers below 5 times factors below 8 in all.
        #expect(zip(found, expected).allSatisfy { $0 == $1 || abs($0 - $1) <= 12 * 1.2e-7 * 40 })
      }
    }
  }

  @Test("Every output transform equals the portable one, with what follows", arguments: cases, levels)
  func transformsOutput(test: Case, isa: ISA) {
    let window = test.window
    let pixels = Int(window.out_height * window.out_width) * test.channels
    let (bias, residual) = (numbers(test.channels, seed: 2), numbers(pixels, seed: 3))
    for (index, tile) in [2, 4, 2, 4, 2, 4, 4].enumerated() {
      let count = tiles(window, tile)
      let range = index < 2 ? 0..<count : count / 3..<count - count / 4
      let stride = range.count * test.channels + 5
      let products = numbers((tile + 2) * (tile + 2) * stride, seed: UInt64(index))
      func run(_ isa: ISA) -> [Float] {
        var y = [Float](repeating: .infinity, count: pixels)
        residual.withUnsafeBufferPointer { residual in
          var epilogue = qn_epilogue(
            residual: index % 2 == 0 ? residual.baseAddress : nil, residual_stride: test.channels,
            activation: qn_activation(rawValue: UInt32(index)))
          let kernel = WinogradKernel.kernel(isa, tile: tile)
          withUnsafePointer(to: window) {
            kernel.output(
              $0, products, stride, range.lowerBound, range.upperBound, test.channels,
              index % 3 == 0 ? nil : bias, &epilogue, &y)
          }
        }
        return y
      }
      // Sums of 36 products by factors up to 27/8 squared.
      #expect(zip(run(isa), run(.portable)).allSatisfy { $0 == $1 || abs($0 - $1) <= 12 * 1.2e-7 * 60 })
    }
  }

  @Test("Transforms of image, filter and product compose to the convolution", arguments: cases, levels)
  func convolves(test: Case, isa: ISA) {
    let window = test.window
    let x = numbers(test.height * test.width * test.channels, seed: 4)
    // One filter per channel, so that no sum over channels is needed.
    let filters = numbers(9 * test.channels, seed: 5)
    for tile in [2, 4] {
      let (count, elements) = (tiles(window, tile), (tile + 2) * (tile + 2))
      let kernel = WinogradKernel.kernel(isa, tile: tile)
      var matrices = transformed(window, x, kernel, 0..<count, stride: count * test.channels)
      var factors = [Float](repeating: 0, count: elements * test.channels)
      qn_f32_winograd_filters(Int32(tile), test.channels, filters, &factors)
      for at in matrices.indices {
        matrices[at] *= factors[at / (count * test.channels) * test.channels + at % test.channels]
      }
      var y = [Float](repeating: .nan, count: Int(window.out_height * window.out_width) * test.channels)
      var epilogue = qn_epilogue(residual: nil, residual_stride: 0, activation: qn_identity)
      withUnsafePointer(to: window) {
        kernel.output($0, matrices, count * test.channels, 0, count, test.channels, nil, &epilogue, &y)
      }
      let largest = y.indices.map { abs(Double(y[$0]) - convolution(x, filters, test, $0)) }.max() ?? .nan
      // A few roundings each of numbers that the transforms make larger than the result.
      #expect(largest <= (tile == 2 ? 4e-6 : 5e-5), "F(\(tile))")
    }
  }

  private func convolution(_ x: [Float], _ filters: [Float], _ test: Case, _ at: Int) -> Double {
    let width = Int(test.window.out_width)
    let (c, column, row) = (at % test.channels, at / test.channels % width, at / test.channels / width)
    var sum = 0.0
    for tap in 0..<9 {
      let (y, left) = (row + tap / 3 - test.padding.0, column + tap % 3 - test.padding.1)
      guard y >= 0, y < test.height, left >= 0, left < test.width else { continue }
      sum += Double(x[(y * test.width + left) * test.channels + c]) * Double(filters[9 * c + tap])
    }
    return sum
  }
}
