import CKernels
import Tensors
import Testing

@Suite struct ByteDepthwiseKernelTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var channels: Int
    var height = 7
    var width = 19
    var kernel = (3, 3)
    var stride = (1, 1)
    var padding = (1, 1)
    var dilation = (1, 1)
    var zero: UInt8 = 128
    var grid = ByteGrid()
    /// By how much the scales are larger than ones with which most results are within the bounds.
    var excess: Float = 1
    var hasBias = true
    var hasTable = false
    var hasResidual = false
    var isReal = false

    var testDescription: String { "\(self)" }

    var window: qn_window {
      byteWindow(
        channels: channels, height: height, width: width, kernel: kernel, stride: stride, padding: padding,
        dilation: dilation)
    }
  }

  static let cases: [Case] =
    byteChannels.map { Case(channels: $0) }
    + byteChannels.map { Case(channels: $0, stride: (2, 2), zero: 0) }
    + ByteGrid.all.map { Case(channels: 80, zero: 255, grid: $0) }
    + [
      Case(channels: 24, kernel: (5, 5), padding: (2, 2)), Case(channels: 12, kernel: (5, 5), padding: (2, 2)),
      Case(channels: 10, height: 9, kernel: (7, 7), stride: (1, 3), padding: (3, 3)),
      Case(channels: 16, kernel: (2, 3), stride: (1, 9), padding: (0, 2), dilation: (1, 4)),
      Case(channels: 32, height: 4, width: 131, grid: ByteGrid.all[3]),
      Case(channels: 16, height: 4, width: 301, zero: 1), Case(channels: 32, isReal: true),
      Case(channels: 72, height: 11, kernel: (5, 5), stride: (2, 2), padding: (2, 2)),
      Case(channels: 65, height: 9, kernel: (7, 7), padding: (3, 3), hasBias: false),
      Case(channels: 16, height: 2, width: 3, kernel: (7, 7), padding: (3, 3)),
      Case(channels: 40, height: 9, kernel: (3, 5), stride: (2, 1), padding: (0, 2), dilation: (2, 3)),
      Case(channels: 17, height: 4, width: 4, stride: (3, 3), padding: (2, 2)),
      Case(channels: 33, width: 70, kernel: (1, 3), padding: (0, 0)),
      // Scaled sums that no integer holds.
      Case(channels: 65, excess: 1e9), Case(channels: 20, kernel: (5, 5), grid: ByteGrid.all[4], excess: 1e9),
      // Wider than the memory for one piece of a row, and a window that no piece is wide enough for.
      Case(channels: 64, height: 3, width: 200),
      Case(channels: 8, height: 24, width: 24, kernel: (21, 21), padding: (10, 10)),
      Case(channels: 65, hasTable: true), Case(channels: 65, hasResidual: true),
      Case(channels: 40, hasTable: true, hasResidual: true), Case(channels: 72, isReal: true),
    ]

  /// What a case needs, drawn from a fixed seed.
  struct Data {
    let input: [UInt8]
    let weights: [Int8]
    let bias: [Int32]
    let scale: [Float]
    let table: [UInt8]
    let residual: [UInt8]

    init(_ window: qn_window, excess: Float = 1) {
      var random = RandomSource(seed: 5)
      let channels = Int(window.channels)
      let taps = Int(window.kernel_height * window.kernel_width)
      input = random.bytes(window.inputCount)
      weights = (0..<taps * channels).map { _ in
        random.below(4) == 0 ? Int8(random.below(2) * 254 - 127) : Int8(random.below(255) - 127)
      }
      bias = (0..<channels).map { _ in Int32(random.below(20_000) - 10_000) }
      // Most results are within the bounds, and some of them beyond.
      scale = (0..<channels).map { _ in Float(0.001 + 0.004 * random.uniform()) * 3 / Float(taps).squareRoot() * excess
      }
      table = random.bytes(256)
      residual = random.bytes(window.outputCount)
    }
  }

  @Test("Every kernel gives the bytes of the portable one", arguments: cases)
  func matchesPortable(test: Case) {
    let data = Data(test.window, excess: test.excess)
    let kernels = rows(qn_u8_dwconv_kernels)
    let expected = run(kernels[0], test, data)
    for kernel in kernels.dropFirst() {
      let (bytes, numbers) = run(kernel, test, data)
      #expect(bytes == expected.bytes && numbers == expected.numbers, "\(String(cString: kernel.name))")
    }
  }

  @Test("The portable kernel rounds a convolution in Double", arguments: cases)
  func isConvolution(test: Case) {
    let (window, data, channels) = (test.window, Data(test.window, excess: test.excess), test.channels)
    let result = run(rows(qn_u8_dwconv_kernels)[0], test, data)
    for at in 0..<window.outputCount {
      let (pixel, c) = (at / channels, at % channels)
      var sum = test.hasBias ? Double(data.bias[c]) : 0
      for (tap, position) in window.taps(pixel / Int(window.out_width), pixel % Int(window.out_width)).enumerated() {
        guard let position else { continue }
        let value = Int(data.input[position * channels + c]) - Int(test.zero)
        sum += Double(value * Int(data.weights[tap * channels + c]))
      }
      sum *= Double(data.scale[c])
      if test.isReal {
        #expect(abs(Double(result.numbers[at]) - sum) <= 1e-6 * max(1, abs(sum)))
      } else if !test.hasTable && !test.hasResidual {
        #expect(test.grid.isNearest(result.bytes[at], to: sum))
      }
    }
  }

  @Test("The table comes before the residual, which is rescaled")
  func followers() {
    let plain = Case(channels: 5)
    var both = plain
    (both.hasTable, both.hasResidual) = (true, true)
    let data = Data(plain.window)
    let kernel = rows(qn_u8_dwconv_kernels)[0]
    let (before, after) = (run(kernel, plain, data).bytes, run(kernel, both, data).bytes)
    for at in before.indices {
      let own = 1.25 * (Double(data.table[Int(before[at])]) - 100)
      let sum = own + 0.5 * (Double(data.residual[at]) - 130)
      #expect(ByteGrid(zero: 7, low: 2, high: 250).isNearest(after[at], to: sum))
    }
  }

  private func run(_ kernel: qn_u8_dwconv_kernel, _ test: Case, _ data: Data) -> (bytes: [UInt8], numbers: [Float]) {
    var window = test.window
    let packed = UnsafeMutableRawPointer.allocate(byteCount: kernel.packed_size(&window), alignment: 64)
    defer { packed.deallocate() }
    data.bias.withUnsafeBufferPointer {
      kernel.pack(&window, data.weights, test.hasBias ? $0.baseAddress : nil, test.zero, packed)
    }
    let input = Fenced(data.input)
    let output = Fenced([UInt8](repeating: 77, count: test.window.outputCount))
    let numbers = Fenced([Float](repeating: 77, count: test.window.outputCount))
    data.table.withUnsafeBufferPointer { table in
      data.residual.withUnsafeBufferPointer { residual in
        data.scale.withUnsafeBufferPointer { scale in
          var requantisation = qn_requantisation()
          requantisation.scale = scale.baseAddress
          requantisation.zero = Int32(test.grid.zero)
          requantisation.low = Int32(test.grid.low)
          requantisation.high = Int32(test.grid.high)
          requantisation.table = test.hasTable ? table.baseAddress : nil
          requantisation.residual = test.hasResidual ? residual.baseAddress : nil
          requantisation.residual_stride = test.channels
          (requantisation.own_scale, requantisation.own_zero) = (1.25, 100)
          (requantisation.residual_scale, requantisation.residual_zero) = (0.5, 130)
          (requantisation.sum_zero, requantisation.sum_low, requantisation.sum_high) = (7, 2, 250)
          requantisation.real = test.isReal ? numbers.start : nil
          requantisation.real_stride = test.channels
          for (rows, channels) in window.blocks {
            kernel.function(
              &window, input.start, test.zero, packed, &requantisation, output.start, rows.lowerBound,
              rows.upperBound, channels.lowerBound, channels.upperBound)
          }
        }
      }
    }
    return (output.values, numbers.values)
  }
}
