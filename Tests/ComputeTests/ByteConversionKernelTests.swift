import CKernels
import Foundation
import Tensors
import Testing

@Suite struct ByteConversionKernelTests {
  static let counts = [1, 7, 15, 16, 17, 31, 33, 63, 64, 65, 127, 130, 1000]

  /// Numbers on, beside and between the steps of a grid, and some that no byte is near.
  private func numbers(_ count: Int, scale: Float) -> [Float] {
    var random = RandomSource(seed: 6)
    let special: [Float] = [
      0, -0.0, .infinity, -.infinity, .nan, 1e30, -1e30, .leastNonzeroMagnitude, .greatestFiniteMagnitude,
    ]
    return (0..<count).map { at in
      let step = (Float(random.below(600) - 300) + Float(random.below(2)) / 2) * scale
      switch at % 4 {
      case 0: return step
      case 1: return random.below(2) == 0 ? step.nextUp : step.nextDown
      case 2: return Float(random.normal()) * 100 * scale
      default: return special[random.below(special.count)]
      }
    }
  }

  /// ONNX's QuantizeLinear, with the division in FP32 and the rest exact.
  private func quantised(_ x: Float, _ scale: Float, _ zero: UInt8) -> UInt8 {
    let quotient = Double(x / scale)
    guard !quotient.isNaN else { return 0 }
    return UInt8(min(max(quotient.rounded(.toNearestOrEven) + Double(zero), 0), 255))
  }

  @Test("Numbers become bytes by division and rounding to even", arguments: [0.1, 0.5, 0.007874016, 3] as [Float])
  func quantises(scale: Float) {
    for zero in [0, 128, 255] as [UInt8] {
      for count in Self.counts {
        let x = Fenced(numbers(count, scale: scale))
        let expected = x.values.map { quantised($0, scale, zero) }
        for kernel in rows(qn_u8_convert_kernels) {
          let y = Fenced([UInt8](repeating: 77, count: count))
          kernel.quantise(count, x.start, scale, zero, y.start)
          #expect(y.values == expected, "\(String(cString: kernel.name)), \(count)")
        }
      }
    }
  }

  @Test("Bytes become numbers")
  func dequantises() {
    var random = RandomSource(seed: 7)
    for count in Self.counts {
      let x = Fenced(random.bytes(count))
      let expected = x.values.map { Float(Int($0) - 77) * 0.1 }
      for kernel in rows(qn_u8_convert_kernels) {
        let y = Fenced([Float](repeating: .nan, count: count))
        kernel.dequantise(count, x.start, 0.1, 77, y.start)
        #expect(y.values == expected, "\(String(cString: kernel.name)), \(count)")
      }
    }
  }

  @Test("Planes of numbers become pixels of bytes, and back", arguments: [1, 2, 3, 4, 5, 8, 17, 64, 65])
  func planes(channels: Int) {
    for pixels in Self.counts.dropLast() {
      // A piece of planes that are five elements longer, as for one of several threads.
      let plane = pixels + 5
      let x = Fenced(Array(numbers(plane * channels, scale: 0.1).dropLast(5)))
      for kernel in rows(qn_u8_convert_kernels) {
        let name = String(cString: kernel.name)
        let y = Fenced([UInt8](repeating: 77, count: pixels * channels))
        kernel.quantise_planes(pixels, channels, x.start, plane, 0.1, 99, y.start)
        let expected = (0..<pixels * channels).map {
          quantised(x.start[$0 % channels * plane + $0 / channels], 0.1, 99)
        }
        #expect(y.values == expected, "\(name), \(pixels)")
        let back = Fenced([Float](repeating: -1000, count: plane * channels - 5))
        kernel.dequantise_planes(pixels, channels, y.start, 0.1, 99, back.start, plane)
        #expect(
          back.values.indices.allSatisfy { at in
            let (c, pixel) = (at / plane, at % plane)
            let value = pixel < pixels ? Float(Int(expected[pixel * channels + c]) - 99) * 0.1 : -1000
            return back.start[at] == value
          }, "\(name), \(pixels)")
      }
    }
  }
}
