import Compute
import Tensors

/// The network of HELP (Lee et al., "HELP: Hardware-Adaptive Efficient Latency Prediction for NAS via Meta-Learning",
/// 2021) for tables: two layers read an architecture's encoding, two the device's embedding, and three both together.
///
/// All parameters are one vector, so that rules of learning are loops over numbers.
package struct HELPNetwork: Sendable {
  /// A layer whose output is max(0, x · W + b), or x · W + b for the last one.
  fileprivate struct Dense {
    let inputs: Int
    let outputs: Int
    /// Where W begins, inputs × outputs; b follows.
    let offset: Int

    var bias: Int { offset + inputs * outputs }
    var end: Int { bias + outputs }
  }

  /// What a pass forward leaves for the pass back: inputs and outputs of every layer.
  package struct Trace {
    fileprivate let count: Int
    fileprivate var inputs: [[Float]] = []
    fileprivate var outputs: [[Float]] = []

    /// A number per architecture.
    package var result: [Float] { outputs[outputs.count - 1] }
    /// Which rectifiers let through; where these are the same, the results are smooth in the parameters.
    package var isActive: [Bool] { outputs.dropLast().flatMap { $0.map { $0 > 0 } } }
  }

  private let width: Int
  private let layers: [Dense]

  /// The number of parameters.
  package var parameterCount: Int { layers[layers.count - 1].end }

  /// - Parameters:
  ///   - inputs: Numbers of an architecture.
  ///   - references: Numbers of a device.
  ///   - width: Of the layers before both meet.
  package init(inputs: Int, references: Int, width: Int = 100) {
    let sizes = [
      (inputs, width), (width, width), (references, width), (width, width), (2 * width, 2 * width),
      (2 * width, 2 * width), (2 * width, 1),
    ]
    var layers: [Dense] = []
    for (inputs, outputs) in sizes {
      layers.append(Dense(inputs: inputs, outputs: outputs, offset: layers.last?.end ?? 0))
    }
    (self.width, self.layers) = (width, layers)
  }

  /// Random parameters for rectifiers (He et al., 2015), those of the last layer smaller.
  package func randomParameters(using random: inout RandomSource) -> [Float] {
    var parameters = [Float](repeating: 0, count: parameterCount)
    for layer in layers {
      let scale = (2 / Double(layer.inputs)).squareRoot() * (layer.outputs == 1 ? 0.1 : 1)
      for i in layer.offset..<layer.bias { parameters[i] = Float(scale * random.normal()) }
    }
    return parameters
  }

  /// Predicts architectures, row after row, on one device.
  package func forward(_ parameters: [Float], rows: [Float], embedding: [Float]) -> Trace {
    let count = rows.count / layers[0].inputs
    var trace = Trace(count: count)
    func apply(_ layer: Int, _ input: [Float]) -> [Float] {
      let output = layers[layer].forward(parameters, input, isRectified: layer < layers.count - 1)
      trace.inputs.append(input)
      trace.outputs.append(output)
      return output
    }
    let architecture = apply(1, apply(0, rows))
    let device = apply(3, apply(2, embedding))
    var both: [Float] = []
    both.reserveCapacity(2 * width * count)
    for row in 0..<count { both += architecture[row * width..<(row + 1) * width] + device }
    _ = apply(6, apply(5, apply(4, both)))
    return trace
  }

  /// The gradient of a loss by all parameters.
  ///
  /// - Parameter gradient: Of the loss by every result.
  package func backward(_ parameters: [Float], _ trace: Trace, _ gradient: [Float]) -> [Float] {
    var result = [Float](repeating: 0, count: parameterCount)
    func pass(_ layer: Int, _ gradient: [Float], needsInput: Bool = true) -> [Float] {
      var gradient = gradient
      if layer < layers.count - 1 {
        let output = trace.outputs[layer]
        for i in gradient.indices where output[i] <= 0 { gradient[i] = 0 }
      }
      return layers[layer].backward(parameters, trace.inputs[layer], gradient, into: &result, needsInput: needsInput)
    }
    let both = pass(4, pass(5, pass(6, gradient)))
    var architecture: [Float] = []
    var device = [Float](repeating: 0, count: width)
    for row in 0..<trace.count {
      let start = 2 * width * row
      architecture += both[start..<start + width]
      for i in 0..<width { device[i] += both[start + width + i] }
    }
    _ = pass(0, pass(1, architecture), needsInput: false)
    _ = pass(2, pass(3, device), needsInput: false)
    return result
  }
}

extension HELPNetwork.Dense {
  fileprivate func forward(_ parameters: [Float], _ input: [Float], isRectified: Bool) -> [Float] {
    let count = input.count / inputs
    var output: [Float] = []
    output.reserveCapacity(count * outputs)
    for _ in 0..<count { output += parameters[bias..<end] }
    parameters.withUnsafeBufferPointer { parameters in
      input.withUnsafeBufferPointer { input in
        output.withUnsafeMutableBufferPointer { output in
          guard let w = parameters.baseAddress, let x = input.baseAddress, let y = output.baseAddress else { return }
          BLAS.gemm(
            m: count, n: outputs, k: inputs, a: x, lda: inputs, b: w + offset, ldb: outputs, beta: 1, c: y, ldc: outputs
          )
          if isRectified { for i in 0..<count * outputs { y[i] = max(y[i], 0) } }
        }
      }
    }
    return output
  }

  /// Writes the gradient by the layer's parameters, and returns that by its input.
  fileprivate func backward(
    _ parameters: [Float], _ input: [Float], _ gradient: [Float], into result: inout [Float], needsInput: Bool
  ) -> [Float] {
    let count = input.count / inputs
    for row in 0..<count { for i in 0..<outputs { result[bias + i] += gradient[row * outputs + i] } }
    var back = [Float](repeating: 0, count: needsInput ? input.count : 0)
    parameters.withUnsafeBufferPointer { parameters in
      input.withUnsafeBufferPointer { input in
        gradient.withUnsafeBufferPointer { gradient in
          guard let w = parameters.baseAddress, let x = input.baseAddress, let dy = gradient.baseAddress else { return }
          result.withUnsafeMutableBufferPointer { result in
            guard let dw = result.baseAddress else { return }
            BLAS.gemm(
              transposeA: true, m: inputs, n: outputs, k: count, a: x, lda: inputs, b: dy, ldb: outputs, c: dw + offset,
              ldc: outputs)
          }
          back.withUnsafeMutableBufferPointer { back in
            guard needsInput, let dx = back.baseAddress else { return }
            BLAS.gemm(
              transposeB: true, m: count, n: inputs, k: outputs, a: dy, lda: outputs, b: w + offset, ldb: outputs,
              c: dx, ldc: inputs)
          }
        }
      }
    }
    return back
  }
}
