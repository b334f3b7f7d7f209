import CKernels
import Compute
import Foundation
import Tensors
import Testing

/// Sizes equal to a vector, a multiple, smaller and larger.
private let sizes = [1, 3, 7, 8, 9, 16, 17, 32, 33, 100]

private func numbers(_ count: Int, _ random: inout RandomSource) -> [Float] {
  (0..<count).map { _ in Float(3 * random.normal()) }
}

@Suite struct RowKernelTests {
  @Test("Softmax equals its definition, also in place", arguments: ISA.allCases.filter(\.isSupported))
  func softmax(isa: ISA) {
    var random = RandomSource(seed: 1)
    for columns in sizes {
      let x = numbers(3 * (columns + 2), &random)
      var y = [Float](repeating: .nan, count: 3 * columns)
      RowKernel.kernel(isa).softmax(3, columns, x, columns + 2, &y, columns)
      for row in 0..<3 {
        let powers = (0..<columns).map { exp(Double(x[row * (columns + 2) + $0])) }
        for c in 0..<columns {
          let expected = powers[c] / powers.reduce(0, +)
          #expect(abs(Double(y[row * columns + c]) - expected) <= 1e-6 * max(expected, 1e-3), "\(columns)")
        }
      }
      var same = x
      same.withUnsafeMutableBufferPointer { memory in
        guard let start = memory.baseAddress else { return }
        RowKernel.kernel(isa).softmax(3, columns, start, columns + 2, start, columns + 2)
      }
      #expect(same[0] == y[0])
    }
    // What would overflow without the shift, and a row that leaves nothing of all but one.
    var y = [Float](repeating: 0, count: 2)
    RowKernel.kernel(isa).softmax(1, 2, [1000, -1000], 2, &y, 2)
    #expect(y[0] == 1 && abs(y[1]) < 1e-30)
  }

  @Test("Layer norm equals its definition", arguments: ISA.allCases.filter(\.isSupported))
  func layerNorm(isa: ISA) {
    var random = RandomSource(seed: 2)
    for columns in sizes {
      let x = numbers(2 * (columns + 1), &random).map { $0 + 5 }
      let (gain, bias) = (numbers(columns, &random), numbers(columns, &random))
      var y = [Float](repeating: .nan, count: 2 * columns)
      RowKernel.kernel(isa).layernorm(2, columns, x, columns + 1, gain, bias, 1e-5, &y, columns)
      for row in 0..<2 {
        let values = (0..<columns).map { Double(x[row * (columns + 1) + $0]) }
        let mean = values.reduce(0, +) / Double(columns)
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
        for c in 0..<columns {
          let expected = (values[c] - mean) / (variance + 1e-5).squareRoot() * Double(gain[c]) + Double(bias[c])
          // A row of one number is its mean: what rounding leaves of the difference is divided by the root of epsilon.
          #expect(abs(Double(y[row * columns + c]) - expected) <= 2e-5 * max(1, abs(expected)), "\(columns)")
        }
      }
    }
  }
}

@Suite struct BinaryKernelTests {
  @Test("Every operation equals its definition for all steps", arguments: ISA.allCases.filter(\.isSupported))
  func operations(isa: ISA) {
    var random = RandomSource(seed: 3)
    let definitions: [(Float, Float) -> Float] = [
      { $0 + $1 }, { $0 - $1 }, { $0 * $1 }, { $0 / $1 }, { max($0, $1) }, { min($0, $1) },
    ]
    for count in sizes {
      for steps in [(1, 1), (1, 0), (0, 1), (0, 0), (2, 1), (1, 3)] {
        let (a, b) = (numbers(count * 3, &random), numbers(count * 3, &random))
        for (code, definition) in definitions.enumerated() {
          var y = [Float](repeating: .nan, count: count)
          BinaryKernel.function(isa)(qn_binary(rawValue: UInt32(code)), count, a, steps.0, b, steps.1, &y)
          #expect(y == (0..<count).map { definition(a[$0 * steps.0], b[$0 * steps.1]) })
        }
      }
    }
  }
}

@Suite struct AxesKernelTests {
  @Test("Copying axes puts every element where the distances say")
  func copies() {
    var random = RandomSource(seed: 4)
    for _ in 0..<50 {
      let rank = 2 + random.below(4)
      let shape = Shape((0..<rank).map { _ in 1 + random.below(rank < 4 ? 20 : 5) })
      let order = (0..<rank).shuffled(using: &random)
      let target = Shape(order.map { shape[$0] })
      let x = (0..<shape.elementCount).map(Float.init)
      var axes = qn_axes()
      axes.rank = Int32(rank)
      withUnsafeMutableBytes(of: &axes) { bytes in
        let words = bytes.baseAddress!.advanced(by: MemoryLayout<qn_axes>.offset(of: \.extent)!)
          .assumingMemoryBound(to: Int.self)
        for axis in 0..<rank {
          words[axis] = target[axis]
          words[8 + axis] = shape.strides[order[axis]]
          words[16 + axis] = target.strides[axis]
        }
      }
      var y = [Float](repeating: .nan, count: x.count)
      qn_f32_copy_axes(&axes, x, &y)
      for at in x.indices {
        let source = (0..<rank).reduce(0) { sum, axis in
          sum + at / target.strides[axis] % target[axis] * shape.strides[order[axis]]
        }
        #expect(y[at] == x[source])
      }
    }
  }

  @Test("Packing at run time gives what packing of weights gives", arguments: [8, 16, 32])
  func packing(panel: Int) {
    var random = RandomSource(seed: 5)
    for (rows, columns) in [(1, 1), (5, panel), (17, panel + 1), (16, 2 * panel), (33, panel / 2), (4, 3 * panel - 1)] {
      let weight = numbers(rows * columns, &random)
      let expected = PackedMatrix(weight, bias: nil, columns: columns, depth: rows, panel: panel)
      let count = qn_f32_packed_size(rows, columns, panel)
      #expect(count == expected.buffer.count)
      for isTransposed in [false, true] {
        let x = isTransposed ? weight : (0..<rows * columns).map { weight[$0 % columns * rows + $0 / columns] }
        var packed = [Float](repeating: .nan, count: count)
        qn_f32_pack(rows, columns, x, isTransposed ? 1 : columns, isTransposed ? rows : 1, 1, panel, &packed)
        #expect(packed == Array(UnsafeBufferPointer(start: expected.buffer.pointer, count: count)))
      }
    }
  }
}
