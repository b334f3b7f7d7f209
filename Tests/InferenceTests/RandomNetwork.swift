import Networks
import Tensors

/// Builds random networks of all convolutional operators with random attributes, and weights for them.
struct RandomNetwork {
  private var random: RandomSource
  private var builder: NetworkBuilder
  /// Images that later nodes may read.
  private var images: [Network.ValueID] = []
  private var count = 0

  static func make(seed: UInt64, nodes: Int) throws -> (network: Network, weights: Weights) {
    var maker = RandomNetwork(seed: seed)
    try maker.grow(nodes)
    let network = try maker.finish()
    return (network, network.randomWeights(seed: seed))
  }

  private init(seed: UInt64) {
    random = RandomSource(seed: seed, purpose: "random network")
    builder = NetworkBuilder(name: "random-\(seed)")
  }

  private mutating func grow(_ nodes: Int) throws {
    let channels = random.pick([1, 3, 4, 8])
    let image = try builder.input("image", [1, channels, 3 + random.below(12), 3 + random.below(12)])
    images.append(image)
    let mean = (0..<channels).map { Float($0) }
    try add(.normalize(mean: mean, deviation: mean.map { $0 + 2 }), [image])
    for _ in 0..<nodes { try addRandomNode() }
  }

  private mutating func finish() throws -> Network {
    let last = images[images.count - 1]
    let pooled = random.below(2) == 0 ? try append(.globalAveragePool, [last]) : last
    let flat = try append(.flatten, [pooled])
    let head = try builder.linear(
      "head", flat,
      Linear(
        features: 1 + random.below(20), hasBias: random.below(2) == 0,
        activation: random.pick(Activation.allCases)))
    return builder.network(outputs: [("logits", head), ("map", last), ("middle", random.pick(images))])
  }

  private mutating func append(
    _ op: Operator, _ inputs: [Network.ValueID], parameters: [Parameter] = []
  ) throws -> Network.ValueID {
    count += 1
    return try builder.append("\(op.name)\(count)", op, inputs, parameters: parameters)
  }

  private mutating func add(_ op: Operator, _ inputs: [Network.ValueID]) throws {
    images.append(try append(op, inputs))
  }

  private mutating func addRandomNode() throws {
    // Mostly the newest value, so that networks are deep; sometimes an old one, so that lifetimes overlap.
    let input = random.below(3) > 0 ? images[images.count - 1] : random.pick(images)
    let shape = builder.shape(input)
    let channels = shape[1]
    switch random.below(13) {
    case 0...3: try addConvolution(input)
    case 4:
      count += 1
      images.append(try builder.batchNorm("norm\(count)", input, epsilon: 1e-3))
    case 5: try add(.activation(random.pick(Activation.allCases)), [input])
    case 6:
      if let other = images.last(where: { $0 != input && builder.shape($0) == shape }) {
        try add(random.below(2) == 0 ? .add : .multiply, [input, other])
      }
    case 7:
      let gate = try append(.globalAveragePool, [input])
      try add(.multiply, [input, try append(.activation(.hsigmoid), [gate])])
    case 8: try addPool(input)
    case 9: try add(.resize(height: 2 + random.below(12), width: 2 + random.below(12)), [input])
    case 10:
      let others = images.filter {
        Array(builder.shape($0).dimensions[2...]) == Array(shape.dimensions[2...])
      }
      if channels < 32 { try add(.concat, [input, random.pick(others)]) }
    case 11:
      try add(.channelShuffle(groups: random.pick((1...channels).filter { channels % $0 == 0 })), [input])
    default:
      let start = random.below(channels)
      try add(.channelSlice(start: start, count: 1 + random.below(channels - start)), [input])
    }
  }

  private mutating func addPool(_ input: Network.ValueID) throws {
    let shape = builder.shape(input)
    let kernel = Extent(height: 1 + random.below(min(4, shape[2])), width: 1 + random.below(min(4, shape[3])))
    let padding = Padding(
      top: random.below(kernel.height), left: random.below(kernel.width), bottom: random.below(kernel.height),
      right: random.below(kernel.width))
    try add(
      .pool(
        Pool(
          random.pick([.maximum, .average]), kernel: kernel,
          stride: Extent(height: 1 + random.below(2), width: 1 + random.below(2)), padding: padding)), [input]
    )
  }

  private mutating func addConvolution(_ input: Network.ValueID) throws {
    let shape = builder.shape(input)
    let inputs = shape[1]
    let groups = random.pick((1...inputs).filter { inputs % $0 == 0 })
    var op = Convolution(channels: groups * (1 + random.below(1 + 24 / groups)), kernel: .one, groups: groups)
    if random.below(3) == 0 { (op.groups, op.channels) = (inputs, inputs) }
    if random.below(3) > 0 {
      op.kernel = Extent(height: 1 + random.below(5), width: 1 + random.below(5))
      op.stride = Extent(height: 1 + random.below(3), width: 1 + random.below(3))
      op.dilation = Extent(height: 1 + random.below(2), width: 1 + random.below(2))
      // Enough for the window to fit, and not the same on all sides.
      let (high, wide) = (
        op.dilation.height * (op.kernel.height - 1), op.dilation.width * (op.kernel.width - 1)
      )
      op.padding = Padding(
        top: random.below(high + 1), left: random.below(wide + 1), bottom: max(0, high - shape[2] + 1),
        right: max(0, wide - shape[3] + 1 + random.below(2)))
    }
    op.hasBias = random.below(2) == 0
    op.activation = random.pick(Activation.allCases)
    count += 1
    let value = try builder.convolution("convolution\(count)", input, op)
    images.append(value)
    let residuals = images.dropLast().filter { builder.shape($0) == builder.shape(value) }
    guard !residuals.isEmpty, random.below(2) == 0 else { return }
    // The same once more with a residual, which may be its own operand.
    count += 1
    var second = op
    second.channels = op.channels
    second.hasBias = false
    let weight = Parameter(
      "convolution\(count).weight", [op.channels, inputs / op.groups, op.kernel.height, op.kernel.width])
    images.append(
      try builder.append(
        "convolution\(count)", .convolution(second), [input, random.pick(Array(residuals))],
        parameters: [weight]))
  }
}

extension Network {
  /// Weights that keep values near 1 in size, whatever the depth.
  func randomWeights(seed: UInt64) -> Weights {
    var random = RandomSource(seed: seed, purpose: "weights")
    var weights: Weights = [:]
    for parameter in parameters {
      let shape = parameter.storedShape
      let scale = 1 / Double(max(1, shape.elementCount / shape[0])).squareRoot()
      let isVariance = parameter.name.hasSuffix("variance")
      let values = (0..<shape.elementCount).map { _ in
        isVariance ? Float(0.5 + random.uniform()) : Float(scale * random.normal())
      }
      weights[parameter.name] = Tensor(shape, values)
    }
    return weights
  }
}

/// Normally distributed numbers.
func randomTensor(_ shape: Shape, seed: UInt64) -> Tensor {
  var random = RandomSource(seed: seed, purpose: "input")
  return Tensor(shape, (0..<shape.elementCount).map { _ in Float(random.normal()) })
}
