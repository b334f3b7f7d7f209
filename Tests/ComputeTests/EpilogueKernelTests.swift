import CKernels
import Compute
import Foundation
import Tensors
import Testing

/// The definition of every activation, in Double.
func activated(_ x: Double, _ activation: qn_activation) -> Double {
  switch activation {
  case qn_relu: max(x, 0)
  case qn_relu6: min(max(x, 0), 6)
  case qn_hswish: x * min(max(x / 6 + 0.5, 0), 1)
  case qn_hsigmoid: min(max(x / 6 + 0.5, 0), 1)
  case qn_swish: x / (1 + exp(-x))
  case qn_sigmoid: 1 / (1 + exp(-x))
  case qn_gelu: 0.5 * x * erfc(-x / 2.0.squareRoot())
  case qn_gelu_tanh: 0.5 * x * (1 + tanh((2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)))
  case qn_tanh: tanh(x)
  default: x
  }
}

@Suite struct EpilogueKernelTests {
  @Test(
    "Every kernel equals the definition, for all activations and operands",
    arguments: 0...9, ISA.allCases.filter(\.isSupported))
  func matchesDefinition(code: Int, isa: ISA) {
    let activation = qn_activation(rawValue: UInt32(code))
    var random = RandomSource(seed: 5)
    for channels in [1, 7, 8, 9, 16, 17, 33] {
      for operands in 0..<8 {
        let x = (0..<4 * (channels + 3)).map { _ in Float(4 * random.normal()) }
        let others = (0..<3).map { other in
          operands >> other & 1 == 1 ? (0..<4 * channels).map { _ in Float(random.normal()) } : nil
        }
        var y = [Float](repeating: .nan, count: 4 * channels)
        let pointers = others.map { values in
          values.map { values in
            let copy = UnsafeMutablePointer<Float>.allocate(capacity: values.count)
            copy.initialize(from: values, count: values.count)
            return copy
          }
        }
        defer { for pointer in pointers { pointer?.deallocate() } }
        EpilogueKernel.function(isa)(
          4, channels, x, channels + 3, pointers[0], pointers[1], pointers[2], channels, activation, &y,
          channels)
        for row in 0..<4 {
          for c in 0..<channels {
            var sum = Double(x[row * (channels + 3) + c])
            sum *= Double(others[0]?[c] ?? 1)
            sum += Double(others[1]?[c] ?? 0)
            sum += Double(others[2]?[row * channels + c] ?? 0)
            let expected = activated(sum, activation)
            #expect(abs(Double(y[row * channels + c]) - expected) <= 4e-6 * max(1, abs(sum)))
          }
        }
      }
    }
  }

  @Test(
    "Sigmoid and swish stay finite far out, and a NaN stays one",
    arguments: ISA.allCases.filter(\.isSupported))
  func extremes(isa: ISA) {
    for activation in [qn_sigmoid, qn_swish, qn_gelu, qn_gelu_tanh, qn_tanh] {
      var y = [Float](repeating: 0, count: 5)
      EpilogueKernel.function(isa)(1, 5, [-1000, -100, 0, 100, 1000], 5, nil, nil, nil, 0, activation, &y, 5)
      #expect(y.allSatisfy { $0.isFinite })
      #expect(abs(Double(y[0]) - activated(-1000, activation)) < 1e-30)
      #expect(abs(Double(y[4]) - activated(1000, activation)) < 1e-3)
    }
    var y: [Float] = [0]
    for code in 0...9 {
      EpilogueKernel.function(isa)(
        1, 1, [Float.nan], 1, nil, nil, nil, 0, qn_activation(rawValue: UInt32(code)), &y, 1)
      #expect(y[0].isNaN)
    }
  }
}
