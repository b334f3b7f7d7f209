import CKernels
import Tensors
import Testing

@Suite struct ByteImageKernelTests {
  static let windows: [qn_window] =
    byteChannels.map { byteWindow(channels: $0, height: 7, width: 9, stride: (2, 2)) } + [
      byteWindow(channels: 40, height: 6, width: 7, kernel: (5, 5), padding: (2, 2)),
      byteWindow(channels: 20, height: 9, width: 9, kernel: (3, 2), padding: (0, 1), dilation: (2, 3)),
      byteWindow(channels: 65, height: 7, width: 7, kernel: (7, 7), padding: (0, 0)),
      // More taps than words can count.
      byteWindow(channels: 33, height: 2, width: 600, kernel: (2, 600), padding: (0, 0)),
    ]

  @Test("The largest byte of every window is taken")
  func takesLargest() {
    var random = RandomSource(seed: 8)
    for var window in Self.windows {
      let (channels, width) = (Int(window.channels), Int(window.out_width))
      let x = Fenced(random.bytes(window.inputCount))
      let expected = (0..<window.outputCount).map { at in
        let inside = window.taps(at / channels / width, at / channels % width).compactMap { $0 }
        return inside.map { x.start[$0 * channels + at % channels] }.max() ?? 77
      }
      for kernel in rows(qn_u8_pool_kernels) {
        let y = pool(kernel, &window, nil, x)
        #expect(y == expected, "\(String(cString: kernel.name)), \(window)")
      }
    }
  }

  @Test("Means leave the padding out and are in the result's grid", arguments: ByteGrid.all)
  func averages(grid: ByteGrid) {
    var random = RandomSource(seed: 9)
    var averaging = qn_u8_averaging(
      scale: 0.9, x_zero: 30, zero: Int32(grid.zero), low: Int32(grid.low), high: Int32(grid.high))
    for var window in Self.windows {
      let (channels, width) = (Int(window.channels), Int(window.out_width))
      let x = Fenced(random.bytes(window.inputCount))
      var expected: [UInt8] = []
      for kernel in rows(qn_u8_pool_kernels) {
        let y = pool(kernel, &window, &averaging, x)
        if expected.isEmpty { expected = y }
        #expect(y == expected, "\(String(cString: kernel.name)), \(window)")
      }
      for at in expected.indices {
        let inside = window.taps(at / channels / width, at / channels % width).compactMap { $0 }
        let sum = inside.reduce(0.0) { $0 + Double(x.start[$1 * channels + at % channels]) - 30 }
        #expect(grid.isNearest(expected[at], to: sum / Double(inside.count) * Double(Float(0.9))))
      }
    }
  }

  private func pool(
    _ kernel: qn_u8_pool_kernel, _ window: inout qn_window, _ averaging: UnsafePointer<qn_u8_averaging>?,
    _ x: Fenced<UInt8>
  ) -> [UInt8] {
    let y = Fenced([UInt8](repeating: 77, count: window.outputCount))
    for (rows, channels) in window.blocks {
      kernel.function(
        &window, averaging, x.start, y.start, rows.lowerBound, rows.upperBound, channels.lowerBound,
        channels.upperBound)
    }
    return y.values
  }

  @Test("Resizing blends the four neighbours, or takes the first", arguments: ByteGrid.all)
  func resizes(grid: ByteGrid) {
    let rows = [
      qn_neighbours(first: 0, second: 1, blend: 0.25), qn_neighbours(first: 2, second: 2, blend: 0.5),
      qn_neighbours(first: 2, second: 1, blend: 0.125),
    ]
    let columns = [
      qn_neighbours(first: 0, second: 0, blend: 0.5), qn_neighbours(first: 1, second: 2, blend: 0.75),
      qn_neighbours(first: 3, second: 2, blend: 1),
    ]
    var random = RandomSource(seed: 10)
    var resizing = qn_u8_resizing(
      scale: 1.1, x_zero: 60, zero: Int32(grid.zero), low: Int32(grid.low), high: Int32(grid.high))
    for channels in byteChannels {
      let x = Fenced(random.bytes(3 * 4 * channels))
      func pixel(_ iy: Int32, _ ix: Int32, _ c: Int) -> Double {
        Double(x.start[(Int(iy) * 4 + Int(ix)) * channels + c])
      }
      var expected: [UInt8] = []
      for kernel in ComputeTests.rows(qn_u8_resize_kernels) {
        let y = Fenced([UInt8](repeating: 77, count: 3 * 3 * channels))
        for row in 0..<3 as Range<Int32> {
          kernel.function(Int32(channels), 4, x.start, 3, rows, columns, &resizing, y.start, row, row + 1)
        }
        if expected.isEmpty { expected = y.values }
        #expect(y.values == expected, "\(String(cString: kernel.name)), \(channels)")
      }
      let nearest = Fenced([UInt8](repeating: 77, count: 3 * 3 * channels))
      qn_u8_resize_nearest(Int32(channels), 4, x.start, 3, rows, columns, nearest.start, 0, 3)
      for at in expected.indices {
        let (row, column, c) = (rows[at / channels / 3], columns[at / channels % 3], at % channels)
        let (across, down) = (Double(column.blend), Double(row.blend))
        let above = pixel(row.first, column.first, c) * (1 - across) + pixel(row.first, column.second, c) * across
        let below = pixel(row.second, column.first, c) * (1 - across) + pixel(row.second, column.second, c) * across
        #expect(grid.isNearest(expected[at], to: (above * (1 - down) + below * down - 60) * Double(Float(1.1))))
        #expect(Double(nearest.start[at]) == pixel(row.first, column.first, c))
      }
    }
  }

  static let unrolled: [(window: qn_window, channels: Range<Int>)] = [
    (byteWindow(channels: 3, height: 9, width: 11, stride: (2, 2)), 0..<3),
    (byteWindow(channels: 3, height: 12, width: 15, kernel: (7, 7), stride: (2, 2), padding: (3, 3)), 0..<3),
    (byteWindow(channels: 1, height: 9, width: 9, kernel: (5, 5), padding: (2, 2)), 0..<1),
    (byteWindow(channels: 64, height: 5, width: 6), 0..<64),
    (byteWindow(channels: 65, height: 5, width: 6, dilation: (2, 1)), 0..<65),
    (byteWindow(channels: 20, height: 5, width: 6), 10..<20),
    (byteWindow(channels: 20, height: 7, width: 6, padding: (2, 2), dilation: (1, 2)), 0..<20),
    (byteWindow(channels: 16, height: 2, width: 2, kernel: (7, 7), padding: (3, 3)), 0..<16),
    (byteWindow(channels: 40, height: 4, width: 4, kernel: (1, 1), stride: (2, 2), padding: (0, 0)), 0..<40),
  ]

  @Test("Rows hold the taps of their windows, the zero point on the padding", arguments: unrolled.indices)
  func unrolls(at: Int) {
    var (window, channels) = Self.unrolled[at]
    var random = RandomSource(seed: 11)
    let x = Fenced(random.bytes(window.inputCount))
    let pixels = Int(window.out_width * window.out_height)
    let columns = Int(window.kernel_height * window.kernel_width) * channels.count
    for (stride, range) in [(columns, 0..<pixels), ((columns + 63) / 64 * 64, 1..<pixels)] {
      let rows = Fenced([UInt8](repeating: 77, count: range.count * stride))
      qn_u8_im2col(
        &window, x.start, 99, Int32(channels.lowerBound), Int32(channels.count), Int32(range.lowerBound),
        Int32(range.upperBound), rows.start, stride)
      for pixel in range {
        let expected = window.taps(pixel / Int(window.out_width), pixel % Int(window.out_width)).flatMap { position in
          channels.map { c in position.map { x.start[$0 * Int(window.channels) + c] } ?? 99 }
        }
        let row = (pixel - range.lowerBound) * stride
        #expect(rows.values[row..<row + columns].elementsEqual(expected))
      }
    }
  }

  @Test("Layout kernels move every byte to its place")
  func layouts() {
    var random = RandomSource(seed: 12)
    for (rows, columns) in [(1, 1), (3, 70), (70, 3), (37, 70), (64, 64), (65, 129), (4, 100), (200, 16)] {
      let x = Fenced(random.bytes(rows * columns))
      let y = Fenced([UInt8](repeating: 77, count: rows * columns))
      qn_u8_transpose(rows, columns, x.start, y.start)
      #expect((0..<y.count).allSatisfy { y.start[$0] == x.start[$0 % rows * columns + $0 / rows] })
    }
    for (groups, perGroup) in [(2, 35), (3, 16), (2, 64), (8, 9), (1, 5), (2, 29), (4, 40)] {
      let columns = groups * perGroup
      let x = Fenced(random.bytes(7 * columns))
      let y = Fenced([UInt8](repeating: 77, count: 7 * columns))
      qn_u8_shuffle(7, groups, perGroup, x.start, y.start)
      #expect(
        (0..<y.count).allSatisfy { at in
          let (row, c) = (at / columns, at % columns)
          return y.start[at] == x.start[row * columns + c % groups * perGroup + c / groups]
        })
      let wide = Fenced([UInt8](repeating: 77, count: 7 * columns + 18))
      qn_u8_copy_rows(7, columns, x.start, columns, wide.start, columns + 3)
      #expect(
        (0..<wide.count).allSatisfy { at in
          let (row, c) = (at / (columns + 3), at % (columns + 3))
          return wide.start[at] == (c < columns ? x.start[row * columns + c] : 77)
        })
    }
  }
}
