import Foundation
import Networks
import Tensors

extension ReferenceInterpreter.Value {
  /// The element at a position; along an axis of extent 1, the one that there is.
  subscript(position: [Int]) -> Double {
    var at = 0
    for (axis, index) in position.enumerated() { at = at * shape[axis] + (shape[axis] == 1 ? 0 : index) }
    return elements[at]
  }

  /// Fills a value from a function of the position.
  mutating func fill(_ element: ([Int]) -> Double) {
    let strides = shape.strides
    for at in elements.indices {
      elements[at] = element(strides.indices.map { at / strides[$0] % shape[$0] })
    }
  }
}

extension ReferenceInterpreter {
  /// Operators on tensors of any rank.
  func combine(_ op: Operator, _ operands: [Value], _ parameters: [Value], _ result: inout Value) {
    switch op {
    case .constant:
      let numbers = parameters[0].elements
      result.elements = result.elements.indices.map { numbers[$0 % numbers.count] }
    case .reshape: result.elements = operands[0].elements
    case .binary(let operation): result.fill { operation(operands[0][$0], operands[1][$0]) }
    case .transpose(let order):
      result.fill { position in
        var source = position
        for (axis, from) in order.enumerated() { source[from] = position[axis] }
        return operands[0][source]
      }
    case .slice(let slice):
      result.fill { position in
        var source = position
        source[slice.axis] = slice.start + slice.step * position[slice.axis]
        return operands[0][source]
      }
    case .join(let axis): join(axis, operands, &result)
    case .matrixProduct(let product): multiply(product, operands[0], operands[1], &result)
    case .resample(let resampling): resample(resampling, operands[0], &result)
    default: normaliseRows(op, operands[0], parameters, &result)
    }
  }

  private func join(_ axis: Int, _ operands: [Value], _ result: inout Value) {
    result.fill { position in
      var source = position
      for operand in operands {
        if source[axis] < operand.shape[axis] { return operand[source] }
        source[axis] -= operand.shape[axis]
      }
      return .nan
    }
  }

  private func multiply(_ product: MatrixProduct, _ left: Value, _ right: Value, _ result: inout Value) {
    let last = result.shape.rank - 1
    result.fill { position in
      var (a, b) = (position, position)
      var sum = 0.0
      for i in 0..<left.shape[last] {
        (a[last], b[last - 1]) = (i, i)
        sum += left[a] * right[b]
      }
      return Double(product.scale) * sum
    }
  }

  private func resample(_ resampling: Resampling, _ x: Value, _ result: inout Value) {
    let rows = resampling.neighbours(from: x.shape[2], to: result.shape[2])
    let columns = resampling.neighbours(from: x.shape[3], to: result.shape[3])
    result.fill { n, c, oy, ox in
      let (row, column) = (rows[oy], columns[ox])
      func blended(_ y: Int) -> Double {
        x[n, c, y, column.first] * (1 - Double(column.blend)) + x[n, c, y, column.second] * Double(column.blend)
      }
      return blended(row.first) * (1 - Double(row.blend)) + blended(row.second) * Double(row.blend)
    }
  }

  /// Softmax or layer norm over the last dimension.
  private func normaliseRows(_ op: Operator, _ x: Value, _ parameters: [Value], _ result: inout Value) {
    let columns = x.shape[-1]
    for first in stride(from: 0, to: x.elements.count, by: columns) {
      let row = Array(x.elements[first..<first + columns])
      let numbers: [Double]
      if case .layerNorm(let epsilon) = op {
        let mean = row.reduce(0, +) / Double(columns)
        let variance = row.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(columns)
        let scale = 1 / (variance + Double(epsilon)).squareRoot()
        numbers = row.indices.map {
          (row[$0] - mean) * scale * parameters[0].elements[$0] + parameters[1].elements[$0]
        }
      } else {
        let largest = row.max() ?? 0
        let powers = row.map { exp($0 - largest) }
        let sum = powers.reduce(0, +)
        numbers = powers.map { $0 / sum }
      }
      result.elements.replaceSubrange(first..<first + columns, with: numbers)
    }
  }
}

extension BinaryOperation {
  /// The value of the function.
  package func callAsFunction(_ x: Double, _ y: Double) -> Double {
    switch self {
    case .add: x + y
    case .subtract: x - y
    case .multiply: x * y
    case .divide: x / y
    case .maximum: max(x, y)
    case .minimum: min(x, y)
    }
  }
}
