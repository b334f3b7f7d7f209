import CKernels
import Compute
import Tensors
import Testing
import Training

/// Kernels where their tiles and groups begin and end; what they compute is tested through gradients.
@Suite("Training kernels")
struct KernelTests {
  private static let levels = CPU.current.levels.filter { $0 <= .avx512 }

  private func random(_ count: Int, seed: UInt64) -> [Float] {
    var source = RandomSource(seed: seed)
    return (0..<count).map { _ in Float(source.normal()) }
  }

  @Test("Products equal a reference at all tile borders, for every layout", arguments: levels)
  func matmul(isa: ISA) {
    let kernels = qn_f32_training(isa.code).pointee
    #expect(kernels.isa == isa.code)
    let sizes = [1, 2, 4, 6, 7, 8, 11, 12, 13, 24, 29]
    for (m, n) in sizes.flatMap({ m in
      [1, 5, 8, 15, 16, 17, 31, 33, 47, 48, 49, 64, 65, 80, 97].map { (m, $0) }
    }) {
      let k = (m * n) % 19 + 1
      let (a, b, start) = (random(m * k, seed: 1), random(k * n, seed: 2), random(m * n, seed: 3))
      for transposed in [false, true] {
        for accumulates in [false, true] {
          var c = start
          let (row, column) = transposed ? (1, m) : (k, 1)
          kernels.matmul(m, n, k, a, row, column, b, n, &c, n, accumulates ? 1 : 0)
          for i in 0..<m {
            for j in 0..<n {
              let sum = (0..<k).reduce(accumulates ? Double(start[i * n + j]) : 0) {
                $0 + Double(a[i * row + $1 * column]) * Double(b[$1 * n + j])
              }
              #expect(agree(Double(c[i * n + j]), sum, scale: 1, 1e-5), "\(m)×\(n)×\(k) at \(i), \(j)")
            }
          }
        }
      }
    }
  }

  /// Windows whose planes do not fit in the scratch memory together, so that channels go in several groups.
  static let windows = [
    qn_window(
      height: 34, width: 30, channels: 117, out_height: 34, out_width: 30, kernel_height: 5, kernel_width: 5,
      stride_y: 1, stride_x: 1, pad_top: 2, pad_left: 2, dilation_y: 1, dilation_x: 1),
    qn_window(
      height: 33, width: 41, channels: 70, out_height: 17, out_width: 21, kernel_height: 3, kernel_width: 3,
      stride_y: 2,
      stride_x: 2, pad_top: 1, pad_left: 1, dilation_y: 1, dilation_x: 1),
    // One plane alone is larger than the budget.
    qn_window(
      height: 70, width: 90, channels: 9, out_height: 66, out_width: 86, kernel_height: 3, kernel_width: 3,
      stride_y: 1,
      stride_x: 1, pad_top: 0, pad_left: 0, dilation_y: 2, dilation_x: 2),
  ]

  @Test(
    "Depthwise convolutions in several groups equal the portable kernel's", arguments: levels, windows.indices
  )
  func depthwiseGroups(isa: ISA, index: Int) {
    let expected = depthwise(.portable, Self.windows[index])
    let ours = depthwise(isa, Self.windows[index])
    for (a, b) in zip(ours, expected) {
      let scale = Double(b.reduce(0) { max($0, abs($1)) })
      #expect(zip(a, b).allSatisfy { agree(Double($0), Double($1), scale: scale, 1e-4) })
    }
    // One output element in the last group against its definition.
    let w = Self.windows[index]
    let (oy, ox, c) = (Int(w.out_height) - 1, 3, Int(w.channels) - 1)
    #expect(
      agree(Double(ours[0][(oy * Int(w.out_width) + ox) * Int(w.channels) + c]), sum(w, oy, ox, c), scale: 1))
  }

  private func inputs(_ w: qn_window) -> (x: [Float], weights: [Float], dy: [Float]) {
    (
      random(Int(w.height * w.width * w.channels), seed: 4),
      random(Int(w.kernel_height * w.kernel_width * w.channels), seed: 5),
      random(Int(w.out_height * w.out_width * w.channels), seed: 6)
    )
  }

  private func sum(_ w: qn_window, _ oy: Int, _ ox: Int, _ c: Int) -> Double {
    let (x, weights, _) = inputs(w)
    var sum = 0.0
    for ky in 0..<Int(w.kernel_height) {
      for kx in 0..<Int(w.kernel_width) {
        let iy = oy * Int(w.stride_y) - Int(w.pad_top) + ky * Int(w.dilation_y)
        let ix = ox * Int(w.stride_x) - Int(w.pad_left) + kx * Int(w.dilation_x)
        guard (0..<Int(w.height)).contains(iy), (0..<Int(w.width)).contains(ix) else { continue }
        let value = max(x[(iy * Int(w.width) + ix) * Int(w.channels) + c], 0)
        sum += Double(value) * Double(weights[(ky * Int(w.kernel_width) + kx) * Int(w.channels) + c])
      }
    }
    return sum
  }

  /// The result, the moments, the weights' gradient and the image's gradient, seen through a rectifier.
  private func depthwise(_ isa: ISA, _ window: qn_window) -> [[Float]] {
    let kernels = qn_f32_training(isa.code).pointee
    var window = window
    let channels = Int(window.channels)
    let (x, weights, dy) = inputs(window)
    var scratch = [Float](repeating: .nan, count: qn_f32_depthwise_scratch(&window))
    var y = [Float](repeating: .nan, count: dy.count)
    var centre = [Float](repeating: .nan, count: channels)
    var (first, second) = ([Double](repeating: 0, count: channels), [Double](repeating: 0, count: channels))
    var view = qn_view(scale: nil, shift: nil, activation: qn_relu)
    first.withUnsafeMutableBufferPointer { first in
      second.withUnsafeMutableBufferPointer { second in
        centre.withUnsafeMutableBufferPointer { centre in
          var moments = qn_moments(
            centre: centre.baseAddress, first: first.baseAddress, second: second.baseAddress, fresh: 1)
          kernels.depthwise(&window, x, &view, weights, nil, &y, &moments, &scratch)
        }
      }
    }
    #expect(centre == Array(y.prefix(channels)))
    var weightGradient = [Float](repeating: 0, count: weights.count)
    var gradient = [Float](repeating: .nan, count: x.count)
    x.withUnsafeBufferPointer { x in
      dy.withUnsafeBufferPointer { dy in
        gradient.withUnsafeMutableBufferPointer { gradient in
          var source = qn_gradient_view()
          source.gradient = dy.baseAddress
          var sink = qn_gradient_sink(
            x: x.baseAddress, view: view, accumulate: 0, moments: qn_moments(), gradient: gradient.baseAddress
          )
          kernels.depthwise_backward(
            &window, &source, x.baseAddress, &view, weights, &weightGradient, &sink, &scratch)
        }
      }
    }
    return [y, first.map { Float($0) }, second.map { Float($0) }, weightGradient, gradient]
  }

  @Test("Sums of squares and running averages take every length", arguments: levels)
  func lengths(isa: ISA) {
    let kernels = qn_f32_training(isa.code).pointee
    for count in [0, 1, 7, 8, 15, 16, 17, 1023, 1024, 1025, 5000] {
      let x = random(count, seed: 8)
      let expected = x.reduce(0.0) { $0 + Double($1) * Double($1) }
      #expect(agree(kernels.square_sum(count, x), expected, scale: 1, 1e-6), "\(count)")
      var average = [Float](repeating: 1, count: count + 1)
      kernels.average(count, 0.25, x, &average)
      #expect(zip(average, x).allSatisfy { agree(Double($0), 1 + 0.25 * (Double($1) - 1), scale: 1, 1e-6) })
      #expect(average[count] == 1)
    }
  }
}
