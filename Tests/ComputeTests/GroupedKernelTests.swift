import CKernels
import Compute
import Tensors
import Testing

@Suite struct GroupedKernelTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var groups: Int
    var inputs: Int
    var outputs: Int
    var height = 7
    var width = 14
    var kernel = (3, 3)
    var stride = (1, 1)
    var padding = (1, 1)
    var dilation = (1, 1)
    var hasResidual = false
    var activation = qn_relu

    var testDescription: String { "\(self)" }

    var window: qn_window {
      func extent(_ size: Int, _ k: Int, _ s: Int, _ p: Int, _ d: Int) -> Int {
        (size + 2 * p - d * (k - 1) - 1) / s + 1
      }
      return qn_window(
        height: Int32(height), width: Int32(width), channels: Int32(groups * inputs),
        out_height: Int32(extent(height, kernel.0, stride.0, padding.0, dilation.0)),
        out_width: Int32(extent(width, kernel.1, stride.1, padding.1, dilation.1)),
        kernel_height: Int32(kernel.0), kernel_width: Int32(kernel.1), stride_y: Int32(stride.0),
        stride_x: Int32(stride.1), pad_top: Int32(padding.0), pad_left: Int32(padding.1),
        dilation_y: Int32(dilation.0), dilation_x: Int32(dilation.1))
    }
  }

  /// Outputs per group that divide the lanes, that the lanes divide, and that do neither; rows below, at and above the
  /// tiles and too long for one strip; windows that reach far over the border.
  static let cases: [Case] =
    [(6, 8, 8), (5, 4, 4), (3, 16, 16), (4, 24, 24), (7, 3, 5), (9, 1, 2), (2, 5, 1), (33, 2, 2)].map {
      Case(groups: $0.0, inputs: $0.1, outputs: $0.2)
    }
    + [1, 11, 12, 13, 15, 29, 120].map { Case(groups: 4, inputs: 8, outputs: 8, width: $0) } + [
      Case(groups: 4, inputs: 8, outputs: 8, height: 30, width: 57, stride: (2, 2)),
      Case(groups: 3, inputs: 8, outputs: 8, kernel: (5, 3), stride: (2, 1), padding: (4, 2), dilation: (2, 2)),
      Case(groups: 3, inputs: 7, outputs: 10, kernel: (1, 1), padding: (0, 0)),
      Case(groups: 2, inputs: 6, outputs: 12, height: 2, width: 2, kernel: (5, 5), padding: (4, 4)),
    ]
    + (0...6).map {
      Case(groups: 3, inputs: 8, outputs: 8, hasResidual: $0 % 2 == 0, activation: qn_activation(rawValue: UInt32($0)))
    }

  @Test("Every kernel equals a plain convolution in Double", arguments: cases, ISA.allCases.filter(\.isSupported))
  func matchesReference(test: Case, isa: ISA) {
    var window = test.window
    var random = RandomSource(seed: 13)
    func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.normal()) } }
    let (channels, outputs) = (test.groups * test.inputs, test.groups * test.outputs)
    let taps = test.kernel.0 * test.kernel.1
    let (input, weight) = (numbers(channels * test.height * test.width), numbers(outputs * test.inputs * taps))
    let (bias, count) = (numbers(outputs), Int(window.out_height * window.out_width) * outputs)
    let residual = numbers(count)
    let kernel = GroupedKernel.kernel(isa)
    let packed = PackedGroups(
      weight, bias: bias, channels: channels, outputs: outputs, groups: test.groups, taps: taps,
      lanes: Int(kernel.lanes))
    var output = [Float](repeating: .nan, count: count)
    var scratch = [Float](
      repeating: .nan, count: qn_f32_gconv_scratch(&window, kernel.lanes, Int32(test.groups), Int32(outputs)))
    // In four pieces, as several threads would.
    let (row, channel) = (window.out_height / 2, min(Int32(outputs), 16))
    residual.withUnsafeBufferPointer { residual in
      for rows in [0..<row, row..<window.out_height] {
        for channels in [0..<channel, channel..<Int32(outputs)] {
          kernel.function(
            &window, Int32(test.groups), Int32(outputs), input, packed.buffer.pointer,
            test.hasResidual ? residual.baseAddress : nil, test.activation, &output, rows.lowerBound, rows.upperBound,
            channels.lowerBound, channels.upperBound, &scratch)
        }
      }
    }
    let tolerance = 1.2e-7 * Double(taps * test.inputs + 8) * 4
    for at in 0..<count {
      let sum = sum(test, at / outputs, at % outputs, input, weight) + Double(bias[at % outputs])
      let whole = test.hasResidual ? sum + Double(residual[at]) : sum
      let difference = abs(Double(output[at]) - activated(whole, test.activation))
      #expect(difference <= tolerance * max(1, abs(whole)), "at \(at)")
    }
  }

  /// The products of one output's window.
  private func sum(_ test: Case, _ pixel: Int, _ output: Int, _ input: [Float], _ weight: [Float]) -> Double {
    let (oy, ox) = pixel.quotientAndRemainder(dividingBy: Int(test.window.out_width))
    let (group, channels) = (output / test.outputs, test.groups * test.inputs)
    var sum = 0.0
    for ky in 0..<test.kernel.0 {
      for kx in 0..<test.kernel.1 {
        let iy = oy * test.stride.0 - test.padding.0 + ky * test.dilation.0
        let ix = ox * test.stride.1 - test.padding.1 + kx * test.dilation.1
        guard (0..<test.height).contains(iy), (0..<test.width).contains(ix) else { continue }
        for i in 0..<test.inputs {
          let value = input[(iy * test.width + ix) * channels + group * test.inputs + i]
          let factor = weight[((output * test.inputs + i) * test.kernel.0 + ky) * test.kernel.1 + kx]
          sum += Double(value) * Double(factor)
        }
      }
    }
    return sum
  }
}
