import Networks
import Tensors

extension ReferenceInterpreter {
  func convolve(_ op: Convolution, _ operands: [Value], _ parameters: [Value], _ result: inout Value) {
    let (x, weight) = (operands[0], parameters[0])
    let (inputs, outputs) = (x.shape[1] / op.groups, op.channels / op.groups)
    result.fill { n, c, oy, ox in
      var sum = op.hasBias ? parameters[1].elements[c] : 0
      for i in 0..<inputs {
        for ky in 0..<op.kernel.height {
          for kx in 0..<op.kernel.width {
            let y = oy * op.stride.height - op.padding.top + ky * op.dilation.height
            let column = ox * op.stride.width - op.padding.left + kx * op.dilation.width
            guard y >= 0, y < x.shape[2], column >= 0, column < x.shape[3] else { continue }
            sum += x[n, c / outputs * inputs + i, y, column] * weight[c, i, ky, kx]
          }
        }
      }
      return op.activation(operands.count > 1 ? sum + operands[1][n, c, oy, ox] : sum)
    }
  }

  func multiply(_ op: Linear, _ x: Value, _ parameters: [Value], _ result: inout Value) {
    let depth = x.shape[-1]
    for at in result.elements.indices {
      let (row, feature) = (at / op.features, at % op.features)
      var sum = op.hasBias ? parameters[1].elements[feature] : 0
      for i in 0..<depth { sum += x.elements[row * depth + i] * parameters[0].elements[feature * depth + i] }
      result.elements[at] = op.activation(sum)
    }
  }

  func pool(_ op: Pool, _ x: Value, _ result: inout Value) {
    result.fill { n, c, oy, ox in
      let (top, left) = (oy * op.stride.height - op.padding.top, ox * op.stride.width - op.padding.left)
      var inside: [Double] = []
      for y in max(0, top)..<min(x.shape[2], top + op.kernel.height) {
        for column in max(0, left)..<min(x.shape[3], left + op.kernel.width) {
          inside.append(x[n, c, y, column])
        }
      }
      if op.kind == .maximum { return inside.max() ?? -.infinity }
      return inside.reduce(0, +) / Double(inside.count)
    }
  }

  func resize(_ x: Value, _ result: inout Value) {
    let (height, width) = (result.shape[2], result.shape[3])
    func source(_ position: Int, _ size: Int, _ count: Int) -> (Int, Int, Double) {
      let at = min(max((Double(position) + 0.5) * Double(size) / Double(count) - 0.5, 0), Double(size - 1))
      return (Int(at), min(Int(at) + 1, size - 1), at - at.rounded(.down))
    }
    result.fill { n, c, oy, ox in
      let (y0, y1, down) = source(oy, x.shape[2], height)
      let (x0, x1, across) = source(ox, x.shape[3], width)
      let above = x[n, c, y0, x0] * (1 - across) + x[n, c, y0, x1] * across
      let below = x[n, c, y1, x0] * (1 - across) + x[n, c, y1, x1] * across
      return above * (1 - down) + below * down
    }
  }

  func transform(_ op: Operator, _ operands: [Value], _ parameters: [Value], _ result: inout Value) {
    let x = operands[0]
    switch op {
    case .normalize(let mean, let deviation):
      result.fill { (x[$0, $1, $2, $3] - Double(mean[$1])) / Double(deviation[$1]) }
    case .batchNorm(let epsilon):
      let numbers = parameters.map(\.elements)
      result.fill { n, c, y, column in
        let deviation = (numbers[3][c] + Double(epsilon)).squareRoot()
        return numbers[0][c] * (x[n, c, y, column] - numbers[2][c]) / deviation + numbers[1][c]
      }
    case .activation(let activation): result.elements = x.elements.map { activation($0) }
    case .add: result.elements = zip(x.elements, operands[1].elements).map { $0 + $1 }
    case .multiply where x.shape == operands[1].shape:
      result.elements = zip(x.elements, operands[1].elements).map { $0 * $1 }
    default: result.fill { x[$0, $1, $2, $3] * operands[1][$0, $1, 0, 0] }
    }
  }

  func rearrange(_ op: Operator, _ operands: [Value], _ result: inout Value) {
    let x = operands[0]
    switch op {
    case .globalAveragePool:
      let pixels = x.shape[2] * x.shape[3]
      result.elements = result.elements.indices.map { image in
        x.elements[image * pixels..<(image + 1) * pixels].reduce(0, +) / Double(pixels)
      }
    case .concat:
      result.fill { n, c, y, column in
        var channel = c
        for operand in operands {
          if channel < operand.shape[1] { return operand[n, channel, y, column] }
          channel -= operand.shape[1]
        }
        return 0
      }
    case .channelShuffle(let groups):
      // Channel (i, g) of the result is channel (g, i) of the operand.
      result.fill { x[$0, $1 % groups * (x.shape[1] / groups) + $1 / groups, $2, $3] }
    case .channelSlice(let start, _): result.fill { x[$0, start + $1, $2, $3] }
    default: result.elements = x.elements
    }
  }
}
