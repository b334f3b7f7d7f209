import Foundation
import Networks
import Tensors

/// A network in plain loops and double precision, with batch statistics: what plans are compared with.
struct ReferenceNetwork {
  let network: Network
  let batch: Int
  /// Stored tensors by name.
  var weights: [String: [Double]]

  init(_ network: Network, batch: Int, weights: Weights) {
    (self.network, self.batch) = (network, batch)
    self.weights = weights.mapValues { $0.values.map { Double($0) } }
  }

  /// The logits for images in batch × channels × height × width order.
  func logits(_ images: Tensor) -> [Double] {
    var values: [[Double]] = []
    for node in network.nodes {
      values.append(
        node.op == .input ? images.values.map { Double($0) } : evaluate(node, node.inputs.map { values[$0] }))
    }
    return values[network.outputs[0].value]
  }

  /// The derivative of Σ direction · logits with respect to one stored element, by central differences.
  func derivative(
    _ name: String, _ index: Int, _ images: Tensor, direction: [Double], step: Double = 1e-5
  ) -> Double {
    func value(_ offset: Double) -> Double {
      var moved = self
      moved.weights[name]?[index] += offset
      return zip(moved.logits(images), direction).reduce(0) { $0 + $1.0 * $1.1 }
    }
    return (value(step) - value(-step)) / (2 * step)
  }

  private func box(_ parameter: Parameter) -> [Double] {
    guard let stored = weights[parameter.name] else { return [] }
    var box = [Double](repeating: 0, count: parameter.shape.elementCount)
    let strides = parameter.storedShape.strides
    for position in box.indices {
      var (rest, at) = (position, 0)
      for axis in stride(from: parameter.shape.rank - 1, through: 0, by: -1) {
        at += (rest % parameter.shape[axis] + parameter.offsets[axis]) * strides[axis]
        rest /= parameter.shape[axis]
      }
      box[position] = stored[at]
    }
    return box
  }

  private func evaluate(_ node: Network.Node, _ inputs: [[Double]]) -> [Double] {
    let operands = node.inputs.map { network.nodes[$0].shape }
    let x = inputs[0]
    switch node.op {
    case .normalize(let mean, let deviation):
      return mapChannels(x, operands[0]) { ($1 - Double(mean[$0])) / Double(deviation[$0]) }
    case .convolution(let c):
      return convolve(x, operands[0], node.shape, c, node.parameters.map { box($0) })
    case .linear:
      return linear(x, operands[0][-1], node.shape[-1], node.parameters.map { box($0) })
    case .batchNorm(let epsilon):
      return normalise(x, operands[0], Double(epsilon), box(node.parameters[0]), box(node.parameters[1]))
    case .activation(let activation): return x.map { activate($0, activation) }
    case .add: return zip(x, inputs[1]).map { $0 + $1 }
    case .multiply:
      let group = x.count / inputs[1].count
      return x.indices.map { x[$0] * inputs[1][$0 / group] }
    case .pool(let pool): return self.pool(x, operands[0], node.shape, pool)
    case .globalAveragePool:
      let pixels = operands[0][2] * operands[0][3]
      return (0..<x.count / pixels).map { i in x[i * pixels..<(i + 1) * pixels].reduce(0, +) / Double(pixels)
      }
    case .flatten: return x
    case .resize(let height, let width): return resize(x, operands[0], height, width)
    case .concat, .channelShuffle, .channelSlice: return rearrange(node.op, inputs, operands, node.shape)
    default: preconditionFailure("the reference does not know \(node.op.name)")
    }
  }

  private func mapChannels(_ x: [Double], _ shape: Shape, _ body: (Int, Double) -> Double) -> [Double] {
    let pixels = shape[2] * shape[3]
    return x.indices.map { body($0 / pixels % shape[1], x[$0]) }
  }

  private func activate(_ x: Double, _ activation: Activation) -> Double {
    switch activation {
    case .identity: x
    case .relu: max(x, 0)
    case .relu6: min(max(x, 0), 6)
    case .hswish: x * min(max(x / 6 + 0.5, 0), 1)
    case .hsigmoid: min(max(x / 6 + 0.5, 0), 1)
    case .swish: x / (1 + exp(-x))
    case .sigmoid: 1 / (1 + exp(-x))
    case .gelu, .geluTanh, .tanh: preconditionFailure("\(activation.rawValue) is not trained")
    }
  }

  private func convolve(
    _ x: [Double], _ input: Shape, _ output: Shape, _ c: Convolution, _ parameters: [[Double]]
  ) -> [Double] {
    let (inGroup, outGroup) = (input[1] / c.groups, output[1] / c.groups)
    return map(output) { n, o, oy, ox in
      var sum = c.hasBias ? parameters[1][o] : 0
      for i in 0..<inGroup {
        for ky in 0..<c.kernel.height {
          for kx in 0..<c.kernel.width {
            let y = oy * c.stride.height - c.padding.top + ky * c.dilation.height
            let xx = ox * c.stride.width - c.padding.left + kx * c.dilation.width
            guard (0..<input[2]).contains(y), (0..<input[3]).contains(xx) else { continue }
            let channel = o / outGroup * inGroup + i
            sum +=
              x[((n * input[1] + channel) * input[2] + y) * input[3] + xx]
              * parameters[0][((o * inGroup + i) * c.kernel.height + ky) * c.kernel.width + kx]
          }
        }
      }
      return sum
    }
  }

  private func map(_ shape: Shape, _ body: (Int, Int, Int, Int) -> Double) -> [Double] {
    var values: [Double] = []
    for n in 0..<batch {
      for c in 0..<shape[1] {
        for y in 0..<shape[2] { for x in 0..<shape[3] { values.append(body(n, c, y, x)) } }
      }
    }
    return values
  }

  private func linear(_ x: [Double], _ inputs: Int, _ outputs: Int, _ parameters: [[Double]]) -> [Double] {
    (0..<batch * outputs).map { position in
      let (n, o) = (position / outputs, position % outputs)
      let sum = (0..<inputs).reduce(0.0) { $0 + x[n * inputs + $1] * parameters[0][o * inputs + $1] }
      return sum + (parameters.count > 1 ? parameters[1][o] : 0)
    }
  }

  private func normalise(
    _ x: [Double], _ shape: Shape, _ epsilon: Double, _ gamma: [Double], _ beta: [Double]
  ) -> [Double] {
    let pixels = shape[2] * shape[3]
    var (means, variances) = ([Double](), [Double]())
    for c in 0..<shape[1] {
      let mine = x.indices.filter { $0 / pixels % shape[1] == c }.map { x[$0] }
      let mean = mine.reduce(0, +) / Double(mine.count)
      means.append(mean)
      variances.append(mine.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(mine.count))
    }
    return mapChannels(x, shape) {
      gamma[$0] * ($1 - means[$0]) / (variances[$0] + epsilon).squareRoot() + beta[$0]
    }
  }

  private func pool(_ x: [Double], _ input: Shape, _ output: Shape, _ pool: Pool) -> [Double] {
    map(output) { n, c, oy, ox in
      var inside: [Double] = []
      for ky in 0..<pool.kernel.height {
        for kx in 0..<pool.kernel.width {
          let (y, xx) = (
            oy * pool.stride.height - pool.padding.top + ky, ox * pool.stride.width - pool.padding.left + kx
          )
          guard (0..<input[2]).contains(y), (0..<input[3]).contains(xx) else { continue }
          inside.append(x[((n * input[1] + c) * input[2] + y) * input[3] + xx])
        }
      }
      return pool.kind == .maximum ? inside.max() ?? 0 : inside.reduce(0, +) / Double(inside.count)
    }
  }

  private func resize(_ x: [Double], _ input: Shape, _ height: Int, _ width: Int) -> [Double] {
    func around(_ position: Int, _ extent: Int, _ out: Int) -> (Int, Int, Double) {
      let centre = min(
        max((Double(position) + 0.5) * Double(extent) / Double(out) - 0.5, 0), Double(extent - 1))
      return (Int(centre), min(Int(centre) + 1, extent - 1), centre - Double(Int(centre)))
    }
    return map([1, input[1], height, width]) { n, c, oy, ox in
      let (top, bottom, v) = around(oy, input[2], height)
      let (left, right, h) = around(ox, input[3], width)
      func at(_ y: Int, _ xx: Int) -> Double { x[((n * input[1] + c) * input[2] + y) * input[3] + xx] }
      return (1 - v) * ((1 - h) * at(top, left) + h * at(top, right))
        + v * ((1 - h) * at(bottom, left) + h * at(bottom, right))
    }
  }

  private func rearrange(
    _ op: Operator, _ inputs: [[Double]], _ operands: [Shape], _ output: Shape
  ) -> [Double] {
    map(output) { n, c, y, x in
      var (operand, channel) = (0, c)
      switch op {
      case .channelSlice(let start, _): channel += start
      case .channelShuffle(let groups): channel = c % groups * (output[1] / groups) + c / groups
      default:
        while channel >= operands[operand][1] {
          channel -= operands[operand][1]
          operand += 1
        }
      }
      let shape = operands[operand]
      return inputs[operand][((n * shape[1] + channel) * shape[2] + y) * shape[3] + x]
    }
  }
}
