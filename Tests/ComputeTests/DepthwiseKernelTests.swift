import CKernels
import Compute
import Tensors
import Testing

@Suite struct DepthwiseKernelTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var channels: Int
    var height = 9
    var width = 19
    var kernel = (3, 3)
    var stride = (1, 1)
    var padding = (1, 1)
    var dilation = (1, 1)
    var hasBias = true
    var hasResidual = false
    var activation = qn_identity

    var testDescription: String { "\(self)" }

    var window: qn_window {
      func extent(_ size: Int, _ k: Int, _ s: Int, _ p: Int, _ d: Int) -> Int {
        (size + 2 * p - d * (k - 1) - 1) / s + 1
      }
      let outHeight = extent(height, kernel.0, stride.0, padding.0, dilation.0)
      let outWidth = extent(width, kernel.1, stride.1, padding.1, dilation.1)
      return qn_window(
        height: Int32(height), width: Int32(width), channels: Int32(channels), out_height: Int32(outHeight),
        out_width: Int32(outWidth), kernel_height: Int32(kernel.0), kernel_width: Int32(kernel.1),
        stride_y: Int32(stride.0), stride_x: Int32(stride.1), pad_top: Int32(padding.0),
        pad_left: Int32(padding.1),
        dilation_y: Int32(dilation.0), dilation_x: Int32(dilation.1))
    }
  }

  /// Channels at, below, above and at multiples of both vector widths; windows that never fit inside the image too.
  static let cases: [Case] =
    [1, 7, 8, 9, 15, 16, 17, 32, 40].map { Case(channels: $0) } + [
      Case(channels: 24, kernel: (5, 5), stride: (2, 2), padding: (2, 2)),
      Case(channels: 24, kernel: (7, 7), padding: (3, 3), hasResidual: true),
      Case(channels: 20, kernel: (3, 5), stride: (2, 1), padding: (0, 2), dilation: (2, 3)),
      Case(channels: 16, height: 2, width: 3, kernel: (7, 7), padding: (3, 3)),
      Case(
        channels: 16, height: 4, width: 4, kernel: (3, 3), stride: (3, 3), padding: (2, 2), hasBias: false),
      Case(channels: 33, width: 70, kernel: (1, 3), padding: (0, 0)),
      // Tiles of 7 and of 8 pixels, alone and in rows, with what is left over; odd numbers of rows; one side more padded.
      Case(channels: 32, height: 7, width: 7), Case(channels: 20, height: 5, width: 14, hasResidual: true),
      Case(channels: 16, height: 8, width: 31, kernel: (5, 5), padding: (2, 2)),
      Case(channels: 24, height: 14, width: 28, stride: (2, 2)),
      Case(channels: 24, height: 13, width: 29, kernel: (5, 5), stride: (2, 2), padding: (1, 1)),
      Case(channels: 17, height: 15, width: 33, stride: (1, 2)),
      Case(channels: 17, height: 9, width: 21, kernel: (7, 7), stride: (2, 1), padding: (3, 3)),
      Case(channels: 16, height: 11, width: 14, kernel: (2, 5), stride: (3, 2), padding: (0, 2)),
    ]
    + (0...6).map {
      Case(channels: 19, hasResidual: $0 % 2 == 1, activation: qn_activation(rawValue: UInt32($0)))
    }

  @Test(
    "Every kernel equals a plain convolution in Double", arguments: cases, ISA.allCases.filter(\.isSupported))
  func matchesReference(test: Case, isa: ISA) {
    let window = test.window
    var random = RandomSource(seed: 11)
    func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.normal()) } }
    let input = numbers(test.channels * test.height * test.width)
    let weights = numbers(test.channels * test.kernel.0 * test.kernel.1)
    let bias = test.hasBias ? numbers(test.channels) : nil
    let count = Int(window.out_height * window.out_width) * test.channels
    let residual = test.hasResidual ? numbers(count) : nil
    var output = [Float](repeating: .nan, count: count)
    let kernel = DepthwiseKernel.function(isa)
    // In four pieces, as several threads would.
    let (row, channel) = (window.out_height / 2, window.channels / 3)
    for rows in [0..<row, row..<window.out_height] {
      for channels in [0..<channel, channel..<window.channels] {
        withUnsafePointer(to: window) { window in
          optionally(bias) { bias in
            optionally(residual) { residual in
              kernel(
                window, input, weights, bias, residual, test.activation, &output, rows.lowerBound,
                rows.upperBound,
                channels.lowerBound, channels.upperBound)
            }
          }
        }
      }
    }
    let expected = reference(window, input, weights, bias, residual, test.activation)
    // The sum of `taps` products of standard normal numbers, each rounded once, with room for the activation.
    let tolerance = 1e-6 * Double(weights.count / test.channels + 4) * 4
    #expect(zip(output, expected).allSatisfy { abs(Double($0) - $1) <= tolerance * max(1, abs($1)) })
  }

  private func optionally(_ values: [Float]?, _ body: (UnsafePointer<Float>?) -> Void) {
    if let values { values.withUnsafeBufferPointer { body($0.baseAddress) } } else { body(nil) }
  }

  private func reference(
    _ w: qn_window, _ x: [Float], _ weights: [Float], _ bias: [Float]?, _ residual: [Float]?,
    _ activation: qn_activation
  ) -> [Double] {
    let channels = Int(w.channels)
    var result: [Double] = []
    for oy in 0..<Int(w.out_height) {
      for ox in 0..<Int(w.out_width) {
        for c in 0..<channels {
          var sum = Double(bias?[c] ?? 0)
          for ky in 0..<Int(w.kernel_height) {
            for kx in 0..<Int(w.kernel_width) {
              let iy = oy * Int(w.stride_y) - Int(w.pad_top) + ky * Int(w.dilation_y)
              let ix = ox * Int(w.stride_x) - Int(w.pad_left) + kx * Int(w.dilation_x)
              guard (0..<Int(w.height)).contains(iy), (0..<Int(w.width)).contains(ix) else { continue }
              let tap = ky * Int(w.kernel_width) + kx
              sum += Double(x[(iy * Int(w.width) + ix) * channels + c]) * Double(weights[tap * channels + c])
            }
          }
          result.append(activated(sum + Double(residual?[result.count] ?? 0), activation))
        }
      }
    }
    return result
  }
}
