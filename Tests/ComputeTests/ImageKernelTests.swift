import CKernels
import Compute
import Foundation
import Tensors
import Testing

@Suite struct ImageKernelTests {
  private func numbers(_ count: Int) -> [Float] {
    var random = RandomSource(seed: 9)
    return (0..<count).map { _ in Float(random.normal()) }
  }

  @Test(
    "Pools equal the definition over the pixels inside the image",
    arguments: [true, false], ISA.allCases.filter(\.isSupported))
  func pools(isMaximum: Bool, isa: ISA) {
    for (channels, kernel, stride, padding) in [
      (1, 2, 2, 0), (8, 3, 2, 1), (17, 3, 1, 2), (33, 5, 3, 2), (16, 6, 1, 0), (140, 3, 2, 1),
    ] {
      let (height, width) = (6, 7)
      let outHeight = (height + 2 * padding - kernel) / stride + 1
      let outWidth = (width + 2 * padding - kernel) / stride + 1
      var window = qn_window(
        height: Int32(height), width: Int32(width), channels: Int32(channels), out_height: Int32(outHeight),
        out_width: Int32(outWidth), kernel_height: Int32(kernel), kernel_width: Int32(kernel),
        stride_y: Int32(stride), stride_x: Int32(stride), pad_top: Int32(padding), pad_left: Int32(padding),
        dilation_y: 1, dilation_x: 1)
      let x = numbers(height * width * channels)
      var y = [Float](repeating: .nan, count: outHeight * outWidth * channels)
      for cut in [0..<Int32(channels / 2), Int32(channels / 2)..<Int32(channels)] {
        PoolKernel.function(isa)(
          &window, isMaximum ? 1 : 0, x, &y, 0, Int32(outHeight), cut.lowerBound, cut.upperBound)
      }
      for at in y.indices {
        let (oy, ox, c) = (at / channels / outWidth, at / channels % outWidth, at % channels)
        var inside: [Float] = []
        for iy in max(0, oy * stride - padding)..<min(height, oy * stride - padding + kernel) {
          for ix in max(0, ox * stride - padding)..<min(width, ox * stride - padding + kernel) {
            inside.append(x[(iy * width + ix) * channels + c])
          }
        }
        let expected = isMaximum ? inside.max() ?? .nan : inside.reduce(0, +) / Float(inside.count)
        #expect(abs(y[at] - expected) <= 1e-6 * max(1, abs(expected)))
      }
    }
  }

  @Test("Resizing blends the four neighbours", arguments: ISA.allCases.filter(\.isSupported))
  func resizes(isa: ISA) {
    let rows = [qn_neighbours(first: 0, second: 1, blend: 0.25), qn_neighbours(first: 2, second: 2, blend: 0)]
    let columns = [
      qn_neighbours(first: 0, second: 0, blend: 0.5), qn_neighbours(first: 1, second: 2, blend: 0.75),
      qn_neighbours(first: 3, second: 2, blend: 1),
    ]
    for channels in [1, 3, 8, 19, 32] {
      let x = numbers(3 * 4 * channels)
      var y = [Float](repeating: .nan, count: 2 * 3 * channels)
      for row in 0..<2 as Range<Int32> {
        ResizeKernel.function(isa)(Int32(channels), 4, x, 3, rows, columns, &y, row, row + 1)
      }
      for at in y.indices {
        let (row, column, c) = (rows[at / channels / 3], columns[at / channels % 3], at % channels)
        func pixel(_ iy: Int32, _ ix: Int32) -> Float { x[(Int(iy) * 4 + Int(ix)) * channels + c] }
        let above = pixel(row.first, column.first) * (1 - column.blend) + pixel(row.first, column.second) * column.blend
        let below =
          pixel(row.second, column.first) * (1 - column.blend) + pixel(row.second, column.second) * column.blend
        #expect(abs(y[at] - (above * (1 - row.blend) + below * row.blend)) < 1e-6)
      }
    }
  }

  @Test("Layout kernels move every element to its place")
  func layouts() {
    let (rows, columns) = (37, 70)
    let x = (0..<rows * columns).map(Float.init)
    var y = [Float](repeating: -1, count: x.count)
    qn_f32_transpose(rows, columns, x, &y)
    #expect(y.indices.allSatisfy { y[$0] == x[$0 % rows * columns + $0 / rows] })
    qn_f32_copy_rows(rows, columns, x, columns, &y, columns)
    #expect(x == y)
    qn_f32_shuffle(rows, 2, 35, x, &y)
    #expect(y.indices.allSatisfy { y[$0] == x[$0 / 70 * 70 + $0 % 2 * 35 + $0 % 70 / 2] })
  }

  @Test("The probe measures a rate for everything that is installed")
  func probe() {
    let probe = MachineProbe.measured(threads: 1)
    #expect(probe.readGigabytesPerSecond > 0 && probe.triadGigabytesPerSecond > 0)
    #expect(probe.peakGigaflops > 0.1)
    #expect((probe.blasGigaflops == nil) == ((try? BLAS.load()) == nil))
  }
}
