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
