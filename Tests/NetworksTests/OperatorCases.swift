import Networks
import Tensors
import Testing

/// One operator with operands and parameters, and what must come out, computed by hand.
struct OperatorCase: CustomTestStringConvertible, Sendable {
  var op: Operator
  var operands: [Shape]
  var parameters: [Shape] = []
  var result: Shape
  var macs = 0

  var testDescription: String { "\(op.name) of \(operands.map(\.description).joined(separator: ", "))" }

  /// Every operator, in forms that differ in their rules.
  static let all: [OperatorCase] = images + tensors + transformers

  private static let images: [OperatorCase] = [
    .init(op: .normalize(mean: [1, 2, 3], deviation: [1, 1, 1]), operands: [[1, 3, 5, 7]], result: [1, 3, 5, 7]),
    .init(op: .resize(height: 4, width: 9), operands: [[1, 3, 5, 7]], result: [1, 3, 4, 9]),
    // 3×3, stride 2, padding 1: 8 → 4. 4·4·16 outputs of 3·9 products.
    .init(
      op: .convolution(.square(channels: 16, kernel: 3, stride: 2)), operands: [[1, 3, 8, 8]],
      parameters: [[16, 3, 3, 3]], result: [1, 16, 4, 4], macs: 6912),
    // Depthwise: 6·7·7 outputs of 25 products.
    .init(
      op: .convolution(.square(channels: 6, kernel: 5, groups: 6, hasBias: true)), operands: [[1, 6, 7, 7]],
      parameters: [[6, 1, 5, 5], [6]], result: [1, 6, 7, 7], macs: 7350),
    // Rows: 10 + 1 + 2 − 3·(2 − 1) − 1 = 9, / 2 + 1 = 5. Columns: 9 + 0 + 1 − 1·(3 − 1) − 1 = 7, / 1 + 1 = 8.
    .init(
      op: .convolution(
        Convolution(
          channels: 4, kernel: .init(height: 2, width: 3), stride: .init(height: 2, width: 1),
          padding: .init(top: 1, left: 0, bottom: 2, right: 1), dilation: .init(height: 3, width: 1), groups: 2)),
      operands: [[1, 2, 10, 9]], parameters: [[4, 1, 2, 3]], result: [1, 4, 5, 8], macs: 960),
    // A fused residual of the result's shape.
    .init(
      op: .convolution(.square(channels: 2, kernel: 1)), operands: [[1, 3, 2, 2], [1, 2, 2, 2]],
      parameters: [[2, 3, 1, 1]], result: [1, 2, 2, 2], macs: 24),
    .init(
      op: .batchNorm(epsilon: 1e-5), operands: [[1, 3, 2, 2]], parameters: [[3], [3], [3], [3]], result: [1, 3, 2, 2]),
    .init(op: .activation(.hswish), operands: [[1, 3, 2, 2]], result: [1, 3, 2, 2]),
    .init(op: .activation(.relu), operands: [[1, 9]], result: [1, 9]),
    .init(op: .add, operands: [[1, 3, 2, 2], [1, 3, 2, 2]], result: [1, 3, 2, 2]),
    .init(op: .multiply, operands: [[1, 3, 2, 2], [1, 3, 2, 2]], result: [1, 3, 2, 2]),
    .init(op: .multiply, operands: [[1, 3, 2, 2], [1, 3, 1, 1]], result: [1, 3, 2, 2]),
    .init(
      op: .pool(Pool(.maximum, kernel: .init(3), stride: .init(2), padding: .init(all: 1))),
      operands: [[1, 5, 112, 112]],
      result: [1, 5, 56, 56]),
    .init(
      op: .pool(Pool(.average, kernel: .init(2), stride: .init(2))), operands: [[1, 5, 7, 6]], result: [1, 5, 3, 3]),
    .init(op: .globalAveragePool, operands: [[1, 5, 7, 6]], result: [1, 5, 1, 1]),
    .init(op: .flatten, operands: [[1, 5, 7, 6]], result: [1, 210]),
    .init(
      op: .linear(Linear(features: 10)), operands: [[1, 210]], parameters: [[10, 210], [10]], result: [1, 10],
      macs: 2100),
    .init(
      op: .linear(Linear(features: 4, hasBias: false)), operands: [[1, 6, 8]], parameters: [[4, 8]], result: [1, 6, 4],
      macs: 192),
    .init(op: .concat, operands: [[1, 2, 4, 4], [1, 3, 4, 4], [1, 1, 4, 4]], result: [1, 6, 4, 4]),
    .init(op: .channelShuffle(groups: 3), operands: [[1, 6, 4, 4]], result: [1, 6, 4, 4]),
    .init(op: .channelSlice(start: 2, count: 4), operands: [[1, 6, 4, 4]], result: [1, 4, 4, 4]),
  ]

  private static let tensors: [OperatorCase] = [
    .init(op: .constant([1, 1, 8]), operands: [], parameters: [[1, 1, 8]], result: [1, 1, 8]),
    .init(op: .binary(.subtract), operands: [[1, 6, 8], [1, 1, 8]], result: [1, 6, 8]),
    .init(op: .binary(.maximum), operands: [[1, 1, 8], [1, 6, 1]], result: [1, 6, 8]),
    .init(op: .transpose(order: [0, 2, 1]), operands: [[1, 6, 8]], result: [1, 8, 6]),
    .init(op: .reshape([6, 2, 4]), operands: [[1, 6, 8]], result: [6, 2, 4]),
    .init(op: .slice(AxisSlice(axis: 2, start: 1, count: 3, step: 3)), operands: [[1, 6, 8]], result: [1, 6, 3]),
    .init(op: .join(axis: 1), operands: [[1, 6, 8], [1, 1, 8]], result: [1, 7, 8]),
    // Of one row of 4 keys, used for 2 heads: 2·6·5 sums of 4 products.
    .init(
      op: .matrixProduct(MatrixProduct(scale: 0.5)), operands: [[1, 2, 6, 4], [1, 1, 4, 5]], result: [1, 2, 6, 5],
      macs: 240),
    .init(op: .softmax, operands: [[1, 6, 8]], result: [1, 6, 8]),
    .init(
      op: .resample(Resampling(.init(height: 4, width: 9), mode: .nearest(.floor), coordinates: .asymmetric)),
      operands: [[1, 3, 5, 7]], result: [1, 3, 4, 9]),
  ]

  private static let transformers: [OperatorCase] = [
    .init(op: .embedding(vocabulary: 100, width: 8), operands: [[1, 6]], parameters: [[100, 8]], result: [1, 6, 8]),
    .init(op: .rmsNorm(epsilon: 1e-6), operands: [[1, 6, 8]], parameters: [[8]], result: [1, 6, 8]),
    .init(op: .layerNorm(epsilon: 1e-5), operands: [[1, 6, 8]], parameters: [[8], [8]], result: [1, 6, 8]),
    // Per token: query and output 8·8 each, key and value 8·4 each; scores and mixing 2·6·8.
    .init(
      op: .attention(Attention(heads: 4, keyValueHeads: 2, headWidth: 2)), operands: [[1, 6, 8]],
      parameters: [[8, 8], [4, 8], [4, 8], [8, 8]], result: [1, 6, 8], macs: 6 * (64 + 32 + 32 + 64 + 96)),
    // Three products of 8 × 20 per token.
    .init(
      op: .swiglu(hidden: 20), operands: [[1, 6, 8]], parameters: [[20, 8], [20, 8], [8, 20]], result: [1, 6, 8],
      macs: 2880),
  ]

  /// A network of inputs and this operator.
  func network() throws -> Network {
    var builder = NetworkBuilder(name: "case")
    let inputs = try operands.enumerated().map { try builder.input("input\($0.offset)", $0.element) }
    let value = try builder.append(
      "node", op, inputs, parameters: parameters.enumerated().map { Parameter("p\($0.offset)", $0.element) })
    return builder.network(outputs: [("result", value)])
  }
}
