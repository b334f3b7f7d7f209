import Networks
import Tensors

/// Weights of any network: small normal numbers, positive variances.
func randomWeights(_ network: Network, seed: UInt64) -> Weights {
  var random = RandomSource(seed: seed)
  var weights: Weights = [:]
  for parameter in network.parameters {
    let isVariance = parameter.name.hasSuffix(".variance")
    let fanIn = max(1, parameter.storedShape.elementCount / parameter.storedShape[0])
    let scale = parameter.storedShape.rank > 1 ? Float(2 / Double(fanIn)).squareRoot() : 0.5
    weights[parameter.name] = Tensor(
      parameter.storedShape,
      (0..<parameter.storedShape.elementCount).map { _ in
        isVariance ? Float(0.5 + random.uniform()) : scale * Float(random.normal())
      })
  }
  return weights
}

/// Pixels 0…255.
func randomPixels(_ shape: Shape, seed: UInt64) -> Tensor {
  var random = RandomSource(seed: seed)
  return Tensor(shape, (0..<shape.elementCount).map { _ in Float(random.below(256)) })
}

/// The largest difference of two tensors, relative to the largest number of the second.
func relativeDifference(_ a: Tensor, _ b: Tensor) -> Float {
  guard a.shape == b.shape else { return .infinity }
  let scale = max(1e-6, b.values.map(abs).max() ?? 0)
  // NaN must not pass for equal.
  return zip(a.values, b.values).map { $0 == $1 ? 0 : abs($0 - $1) / scale }.reduce(0) { $0 >= $1 ? $0 : $1 }
}

/// A network that holds every operator of convolutional networks, in most of their forms.
func everyOperator() throws -> Network {
  var builder = NetworkBuilder(name: "every-operator")
  let image = try builder.input("image", [1, 3, 13, 15])
  var x = try builder.append(
    "normalize", .normalize(mean: [125.3, 123, 113.9], deviation: [63, 62.1, 66.7]), [image])
  x = try builder.append("resize", .resize(height: 11, width: 12), [x])
  x = try builder.convolution("stem", x, .square(channels: 12, kernel: 3, stride: 2))
  x = try builder.batchNorm("stem.norm", x, epsilon: 1e-3)
  x = try builder.append("stem.activation", .activation(.hswish), [x])
  let shortcut = x
  x = try builder.convolution(
    "uneven", x,
    Convolution(
      channels: 12, kernel: .init(height: 3, width: 2), padding: .init(top: 2, left: 0, bottom: 2, right: 2),
      dilation: .init(height: 2, width: 2), groups: 3, hasBias: true))
  x = try builder.append("sum", .add, [x, shortcut])
  x = try builder.append("sum.activation", .activation(.relu6), [x])
  x = try builder.append("shuffle", .channelShuffle(groups: 4), [x])
  x = try squeezeExcite(&builder, x)
  let left = try builder.append("left", .channelSlice(start: 0, count: 5), [x])
  let right = try builder.append("right", .channelSlice(start: 5, count: 7), [x])
  let gated = try builder.append("right.swish", .activation(.swish), [right])
  x = try builder.append("joined", .concat, [gated, left])
  x = try builder.batchNorm("alone", x)
  let most = try builder.append(
    "most", .pool(Pool(.maximum, kernel: .init(3), stride: .init(2), padding: .init(all: 1))), [x])
  let mean = try builder.append(
    "mean", .pool(Pool(.average, kernel: .init(3), stride: .init(2), padding: .init(all: 1))), [x])
  x = try builder.append("product", .multiply, [most, mean])
  x = try builder.append("product.sigmoid", .activation(.sigmoid), [x])
  let pooled = try builder.append("pool", .globalAveragePool, [x])
  x = try builder.append("flatten", .flatten, [x])
  x = try builder.linear("hidden", x, Linear(features: 9))
  x = try builder.append("hidden.activation", .activation(.relu), [x])
  x = try builder.linear("head", x, Linear(features: 5, hasBias: false))
  return builder.network(outputs: [("logits", x), ("pooled", pooled)])
}

private func squeezeExcite(_ builder: inout NetworkBuilder, _ x: Network.ValueID) throws -> Network.ValueID {
  var gate = try builder.append("se.pool", .globalAveragePool, [x])
  gate = try builder.convolution("se.reduce", gate, .square(channels: 4, kernel: 1, hasBias: true))
  gate = try builder.append("se.relu", .activation(.relu), [gate])
  gate = try builder.convolution("se.restore", gate, .square(channels: builder.shape(x)[1], kernel: 1, hasBias: true))
  gate = try builder.append("se.gate", .activation(.hsigmoid), [gate])
  return try builder.append("se.scale", .multiply, [x, gate])
}

/// A network that holds every operator on tensors of any rank.
func everyTensorOperator() throws -> Network {
  var builder = NetworkBuilder(name: "every-tensor-operator")
  let image = try builder.input("image", [1, 3, 8, 6])
  var x = try builder.append("normalize", .normalize(mean: [125, 123, 114], deviation: [63, 62, 67]), [image])
  x = try builder.convolution("patches", x, Convolution(channels: 12, kernel: Extent(2), stride: Extent(2)))
  x = try builder.append(
    "larger", .resample(Resampling(Extent(height: 6, width: 5), mode: .nearest(.floor), coordinates: .asymmetric)), [x])
  x = try builder.append(
    "blended", .resample(Resampling(Extent(height: 4, width: 3), mode: .linear, coordinates: .alignCorners)), [x])
  x = try builder.append("flat", .reshape([1, 12, 12]), [x])
  x = try builder.append("tokens", .transpose(order: [0, 2, 1]), [x])
  let token = try builder.append("class", .constant([1, 1, 12]), [], parameters: [Parameter("class", [1, 1, 12])])
  x = try builder.append("joined", .join(axis: 1), [token, x])
  let place = try builder.append(
    "position", .constant([1, 13, 12]), [], parameters: [Parameter("position", [1, 13, 12])])
  x = try builder.append("placed", .binary(.add), [x, place])
  x = try attention(&builder, x)
  x = try builder.linear("hidden", x, Linear(features: 20))
  x = try builder.append("hidden.gelu", .activation(.gelu), [x])
  x = try builder.linear("output", x, Linear(features: 12, hasBias: false))
  x = try builder.append("output.gelu", .activation(.geluTanh), [x])
  let first = try builder.append("first", .slice(AxisSlice(axis: 1, start: 0, count: 1)), [x])
  let others = try builder.append("others", .slice(AxisSlice(axis: 1, start: 1, count: 6, step: 2)), [x])
  x = try builder.append("distance", .binary(.subtract), [others, first])
  x = try builder.append("largest", .binary(.maximum), [x, others])
  x = try builder.append("bounded", .activation(.tanh), [x])
  x = try builder.append("vector", .flatten, [x])
  x = try builder.linear("head", x, Linear(features: 5))
  return builder.network(outputs: [("logits", x)])
}

private func attention(_ builder: inout NetworkBuilder, _ input: Network.ValueID) throws -> Network.ValueID {
  let gain = ["gain", "bias"].map { Parameter("norm.\($0)", [12]) }
  let norm = try builder.append("norm", .layerNorm(epsilon: 1e-5), [input], parameters: gain)
  var x = try builder.linear("queries", norm, Linear(features: 36))
  x = try builder.append("heads", .reshape([1, 13, 3, 2, 6]), [x])
  var parts: [Network.ValueID] = []
  for (i, name) in ["q", "k", "v"].enumerated() {
    let part = try builder.append(name + ".part", .slice(AxisSlice(axis: 2, start: i, count: 1)), [x])
    let rows = try builder.append(name + ".rows", .reshape([1, 13, 2, 6]), [part])
    parts.append(try builder.append(name, .transpose(order: i == 1 ? [0, 2, 3, 1] : [0, 2, 1, 3]), [rows]))
  }
  x = try builder.append("scores", .matrixProduct(MatrixProduct(scale: 0.4)), [parts[0], parts[1]])
  x = try builder.append("weights", .softmax, [x])
  x = try builder.append("mixed", .matrixProduct(MatrixProduct()), [x, parts[2]])
  x = try builder.append("mixed.rows", .transpose(order: [0, 2, 1, 3]), [x])
  x = try builder.append("mixed.tokens", .reshape([1, 13, 12]), [x])
  return try builder.append("attended", .add, [x, input])
}
