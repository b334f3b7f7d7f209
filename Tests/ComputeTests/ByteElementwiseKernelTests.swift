import CKernels
import Tensors
import Testing

@Suite struct ByteElementwiseKernelTests {
  static let counts = [1, 3, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 200, 9000]

  @Test("Sums are those of the numbers, in the result's grid", arguments: ByteGrid.all)
  func adds(grid: ByteGrid) {
    var random = RandomSource(seed: 2)
    let table = random.bytes(256)
    var addition = qn_u8_addition(
      a_scale: 0.75, b_scale: 0.31, a_zero: 255, b_zero: 3, zero: Int32(grid.zero), low: Int32(grid.low),
      high: Int32(grid.high), table: nil)
    for count in Self.counts {
      let (a, b) = (Fenced(random.bytes(count)), Fenced(random.bytes(count)))
      var expected: [[UInt8]] = []
      for kernel in rows(qn_u8_add_kernels) {
        let z = [false, true].map { hasTable in
          table.withUnsafeBufferPointer { table in
            addition.table = hasTable ? table.baseAddress : nil
            let z = Fenced([UInt8](repeating: 77, count: count))
            kernel.function(count, a.start, b.start, &addition, z.start)
            return z.values
          }
        }
        if expected.isEmpty { expected = z }
        #expect(z == expected, "\(String(cString: kernel.name)), \(count)")
        addition.table = nil
        let inPlace = Fenced(a.values)
        kernel.function(count, inPlace.start, b.start, &addition, inPlace.start)
        #expect(inPlace.values == expected[0], "\(String(cString: kernel.name)), \(count)")
      }
      for i in 0..<count {
        let sum = 0.75 * (Double(a.start[i]) - 255) + Double(Float(0.31)) * (Double(b.start[i]) - 3)
        #expect(grid.isNearest(expected[0][i], to: sum))
        #expect(expected[1][i] == table[Int(expected[0][i])])
      }
    }
  }

  @Test("A table is looked up for every byte, in rows or in place")
  func looksUp() {
    var random = RandomSource(seed: 3)
    let table = random.bytes(256)
    for count in Self.counts {
      let every = (0..<3 * count).map { UInt8(truncatingIfNeeded: $0) }
      for kernel in rows(qn_u8_table_kernels) {
        let name = String(cString: kernel.name)
        let x = Fenced(every)
        let y = Fenced([UInt8](repeating: 77, count: 2 * count + 5 + count))
        // Rows that are a third of the input's, with a gap of five bytes between the output's.
        kernel.function(2, count, x.start, 2 * count, table, y.start, count + 5)
        #expect(y.values[..<count].elementsEqual(every[..<count].map { table[Int($0)] }), "\(name), \(count)")
        #expect(y.values[count..<count + 5].allSatisfy { $0 == 77 })
        #expect(y.values[(count + 5)..<(2 * count + 5)].elementsEqual(every[(2 * count)...].map { table[Int($0)] }))
        kernel.function(3, count, x.start, count, table, x.start, count)
        #expect(x.values == every.map { table[Int($0)] }, "\(name), \(count)")
      }
    }
  }

  @Test("A gate multiplies all pixels of its channels", arguments: ByteGrid.all)
  func gates(grid: ByteGrid) {
    var random = RandomSource(seed: 4)
    var multiplication = qn_u8_multiplication(
      scale: 0.003, x_zero: 40, gate_zero: 7, zero: Int32(grid.zero), low: Int32(grid.low), high: Int32(grid.high))
    for (pixels, channels) in byteChannels.map({ (10, $0) }) + Self.counts.map({ (1, $0) }) {
      let x = Fenced(random.bytes(pixels * channels))
      let gate = Fenced(random.bytes(channels))
      var expected: [UInt8] = []
      for kernel in rows(qn_u8_gate_kernels) {
        let y = Fenced([UInt8](repeating: 77, count: pixels * channels))
        kernel.function(pixels, channels, x.start, gate.start, &multiplication, y.start)
        if expected.isEmpty { expected = y.values }
        #expect(y.values == expected, "\(String(cString: kernel.name)), \(pixels) × \(channels)")
      }
      for i in expected.indices {
        let product = (Double(x.start[i]) - 40) * (Double(gate.start[i % channels]) - 7)
        #expect(grid.isNearest(expected[i], to: product * Double(Float(0.003))))
      }
    }
  }
}
