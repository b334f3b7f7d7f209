import CKernels
import Tensors
import Testing

@Suite struct Im2colTests {
  let window = qn_window(
    height: 5, width: 6, channels: 4, out_height: 3, out_width: 3, kernel_height: 3, kernel_width: 2,
    stride_y: 2,
    stride_x: 2, pad_top: 1, pad_left: 0, dilation_y: 1, dilation_x: 2)

  /// Rows of taps that are runs of memory, of fewer than four numbers, some and many; dilated; images smaller than the
  /// window; windows that leave the image on every side.
  static let windows: [qn_window] = [
    (9, 11, 3, 3, 3, 2, 2, 1, 1, 1), (8, 7, 1, 2, 2, 1, 1, 0, 1, 1), (9, 9, 3, 7, 7, 2, 2, 3, 3, 1),
    (6, 10, 30, 1, 3, 1, 3, 0, 1, 1), (2, 2, 5, 3, 3, 1, 1, 2, 1, 1), (9, 8, 2, 3, 3, 1, 1, 2, 2, 2),
    (5, 4, 1, 5, 1, 1, 1, 2, 0, 1), (6, 5, 2, 1, 1, 2, 3, 0, 0, 1),
  ].map { (h, w, channels, kernelHeight, kernelWidth, strideY, strideX, top, left, dilation) in
    qn_window(
      height: h, width: w, channels: channels,
      out_height: (h + 2 * top - dilation * (kernelHeight - 1) - 1) / strideY + 1,
      out_width: (w + 2 * left - dilation * (kernelWidth - 1) - 1) / strideX + 1, kernel_height: kernelHeight,
      kernel_width: kernelWidth, stride_y: strideY, stride_x: strideX, pad_top: top, pad_left: left,
      dilation_y: dilation, dilation_x: dilation)
  }

  @Test("Rows hold the taps of their windows, zeros on the padding", arguments: windows.indices)
  func unrolls(index: Int) {
    let w = Self.windows[index]
    let x = (0..<w.height * w.width * w.channels).map { Float($0 + 1) }
    let pixels = w.out_height * w.out_width
    for channels in [0..<w.channels, w.channels / 2..<w.channels] {
      for range in [0..<pixels, pixels / 3..<pixels - pixels / 4] {
        let depth = Int(w.kernel_height * w.kernel_width) * channels.count
        // One number more, which must stay.
        var rows = [Float](repeating: .infinity, count: range.count * depth + 1)
        withUnsafePointer(to: w) {
          qn_f32_im2col(
            $0, x, channels.lowerBound, Int32(channels.count), range.lowerBound, range.upperBound, &rows)
        }
        #expect(rows == range.flatMap { taps(w, $0, channels, x) } + [.infinity])
      }
    }
  }

  private func taps(_ w: qn_window, _ pixel: Int32, _ channels: Range<Int32>, _ x: [Float]) -> [Float] {
    (0..<w.kernel_height * w.kernel_width).flatMap { tap in
      let iy = pixel / w.out_width * w.stride_y - w.pad_top + tap / w.kernel_width * w.dilation_y
      let ix = pixel % w.out_width * w.stride_x - w.pad_left + tap % w.kernel_width * w.dilation_x
      let isInside = iy >= 0 && iy < w.height && ix >= 0 && ix < w.width
      return channels.map { isInside ? x[Int((iy * w.width + ix) * w.channels + $0)] : 0 }
    }
  }

  @Test("Folding back is the transpose of unrolling")
  func transposes() {
    var random = RandomSource(seed: 3)
    let x = (0..<120).map { _ in Float(random.normal()) }
    let g = (0..<9 * 24).map { _ in Float(random.normal()) }
    var rows = [Float](repeating: 0, count: g.count)
    var back = [Float](repeating: 0, count: x.count)
    withUnsafePointer(to: window) {
      qn_f32_im2col($0, x, 0, 4, 0, 9, &rows)
      qn_f32_col2im_add($0, g, 0, 4, 0, 9, &back)
    }
    // <unroll(x), g> = <x, fold(g)>
    let left = zip(rows, g).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    let right = zip(x, back).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
    #expect(abs(left - right) < 1e-4)
  }
}
