import CKernels
import Tensors
import Testing

@Suite struct Im2colTests {
  let window = qn_window(
    height: 5, width: 6, channels: 4, out_height: 3, out_width: 3, kernel_height: 3, kernel_width: 2,
    stride_y: 2,
    stride_x: 2, pad_top: 1, pad_left: 0, dilation_y: 1, dilation_x: 2)

  @Test("Rows hold the taps of their windows, zeros on the padding")
  func unrolls() {
    let x = (0..<120).map { Float($0 + 1) }
    var rows = [Float](repeating: .nan, count: 4 * 12)
    withUnsafePointer(to: window) { qn_f32_im2col($0, x, 1, 2, 2, 6, &rows) }
    var expected: [Float] = []
    for pixel in 2..<6 {
      for ky in 0..<3 {
        for kx in 0..<2 {
          let (iy, ix) = (pixel / 3 * 2 - 1 + ky, pixel % 3 * 2 + 2 * kx)
          let isInside = iy >= 0 && iy < 5 && ix < 6
          expected += (1...2).map { isInside ? x[(iy * 6 + ix) * 4 + $0] : 0 }
        }
      }
    }
    #expect(rows == expected)
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
