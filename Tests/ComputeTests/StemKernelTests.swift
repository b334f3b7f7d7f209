import CKernels
import Compute
import Tensors
import Testing

@Suite struct StemKernelTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var channels = 3
    var height = 11
    var width = 19
    var outputs = 16
    var kernel = (3, 3)
    var stride = (2, 2)
    var padding = (1, 1)
    var dilation = (1, 1)
    var isPlanar = true
    var activation = qn_identity

    var testDescription: String { "\(self)" }

    var window: qn_window {
      func extent(_ size: Int, _ k: Int, _ s: Int, _ p: Int, _ d: Int) -> Int {
        (size + 2 * p - d * (k - 1) - 1) / s + 1
      }
      return qn_window(
        height: Int32(height), width: Int32(width), channels: Int32(channels),
        out_height: Int32(extent(height, kernel.0, stride.0, padding.0, dilation.0)),
        out_width: Int32(extent(width, kernel.1, stride.1, padding.1, dilation.1)),
        kernel_height: Int32(kernel.0), kernel_width: Int32(kernel.1), stride_y: Int32(stride.0),
        stride_x: Int32(stride.1), pad_top: Int32(padding.0), pad_left: Int32(padding.1),
        dilation_y: Int32(dilation.0), dilation_x: Int32(dilation.1))
    }
  }

  /// Outputs at, below, above and at multiples of the panels; widths below and above the tiles; windows that reach far
  /// over the border, and ones that do not overlap.
  static let cases: [Case] =
    [1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 64].map { Case(outputs: $0) } + [
      Case(width: 112, stride: (1, 1)), Case(width: 57, outputs: 40, stride: (1, 1)),
      Case(channels: 1, outputs: 24, kernel: (5, 5), stride: (1, 1), padding: (2, 2)),
      Case(channels: 4, height: 16, width: 16, outputs: 20, kernel: (4, 4), stride: (4, 4), padding: (0, 0)),
      Case(height: 30, width: 35, outputs: 64, kernel: (7, 7), stride: (2, 2), padding: (3, 3), isPlanar: false),
      Case(channels: 2, kernel: (3, 5), stride: (2, 3), padding: (2, 4), dilation: (2, 3), isPlanar: false),
      Case(height: 2, width: 2, kernel: (5, 5), stride: (1, 1), padding: (4, 4)),
      Case(outputs: 24, stride: (1, 1), isPlanar: false),
    ] + (0...6).map { Case(outputs: 40, activation: qn_activation(rawValue: UInt32($0))) }

  @Test("Every kernel equals a plain convolution in Double", arguments: cases, ISA.allCases.filter(\.isSupported))
  func matchesReference(test: Case, isa: ISA) {
    var window = test.window
    var random = RandomSource(seed: 12)
    func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.normal()) } }
    let taps = test.channels * test.kernel.0 * test.kernel.1
    let (input, weight) = (numbers(test.channels * test.height * test.width), numbers(taps * test.outputs))
    let bias = numbers(test.outputs)
    let kernel = StemKernel.kernel(isa)
    let packed = PackedMatrix(weight, bias: bias, columns: test.outputs, depth: taps, panel: Int(kernel.panel))
    let (channelStride, pixelStride) = test.isPlanar ? (test.height * test.width, 1) : (1, test.channels)
    let pixels = Int(window.out_height * window.out_width)
    var output = [Float](repeating: .nan, count: pixels * test.outputs)
    var scratch = [Float](repeating: .nan, count: qn_f32_stem_scratch(&window))
    // In two pieces, as two threads would.
    for rows in [0..<window.out_height / 3, window.out_height / 3..<window.out_height] {
      kernel.function(
        &window, input, channelStride, pixelStride, packed.buffer.pointer, Int32(test.outputs), test.activation,
        &output, rows.lowerBound, rows.upperBound, &scratch)
    }
    let tolerance = 1.2e-7 * Double(taps + 8) * 4
    for pixel in 0..<pixels {
      let (oy, ox) = (pixel / Int(window.out_width), pixel % Int(window.out_width))
      for column in 0..<test.outputs {
        var sum = Double(bias[column])
        for tap in 0..<taps {
          let (ky, kx, c) = (
            tap / test.channels / test.kernel.1, tap / test.channels % test.kernel.1, tap % test.channels
          )
          let iy = oy * test.stride.0 - test.padding.0 + ky * test.dilation.0
          let ix = ox * test.stride.1 - test.padding.1 + kx * test.dilation.1
          guard (0..<test.height).contains(iy), (0..<test.width).contains(ix) else { continue }
          let value = input[c * channelStride + (iy * test.width + ix) * pixelStride]
          sum += Double(value) * Double(weight[column * taps + tap])
        }
        let difference = abs(Double(output[pixel * test.outputs + column]) - activated(sum, test.activation))
        #expect(difference <= tolerance * max(1, abs(sum)), "at \(oy), \(ox), \(column)")
      }
    }
  }
}
