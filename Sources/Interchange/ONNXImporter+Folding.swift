import Networks
import Tensors

/// Arithmetic with constants that a fully connected layer ahead takes into its weights, also where the value was transposed
/// or regrouped in between: norms after the layers of LeViT, scales of residual branches.
extension ONNXImporter {
  /// What a value's nodes read.
  func inputs(of value: Network.ValueID) -> [Network.ValueID] { producers[value].inputs }

  /// The layer that computes a value, with what only moves its numbers, last first.
  private struct LinearChain {
    let linear: Network.ValueID
    var movers: [Network.ValueID]
  }

  /// The value of arithmetic per channel as that of a layer with other weights; `nil` where there is no such layer.
  mutating func foldedIntoLinear(_ arithmetic: ChannelArithmetic) throws -> Network.ValueID? {
    let gain = arithmetic.deviation.map { 1 / $0 }
    let shift = zip(arithmetic.mean, arithmetic.deviation).map { -$0 / $1 }
    if !arithmetic.isUniform { return try folded(arithmetic.source, axis: 1, gain: gain, shift: shift) }
    let last = builder.shape(arithmetic.source).rank - 1
    guard let chain = chain(arithmetic.source, axis: last, isUniform: true),
      case .linear(let linear) = producers[chain.linear].op
    else { return nil }
    func repeated(_ number: Double) -> [Double] { Array(repeating: number, count: linear.features) }
    return try folded(chain, gain: repeated(gain[0]), shift: repeated(shift[0]))
  }

  /// gain · x + shift along one axis, taken into the layer ahead.
  mutating func folded(
    _ value: Network.ValueID, axis: Int, gain: [Double], shift: [Double]
  ) throws -> Network.ValueID? {
    guard let chain = chain(value, axis: axis, isUniform: false) else { return nil }
    return try folded(chain, gain: gain, shift: shift)
  }

  /// The layer whose outputs lie along an axis of a value, if nothing but order and shape is between.
  private func chain(_ value: Network.ValueID, axis: Int, isUniform: Bool) -> LinearChain? {
    var (value, axis, movers) = (value, axis, [Network.ValueID]())
    while builder.grid(value) == nil {
      let (producer, shape) = (producers[value], builder.shape(value))
      switch producer.op {
      case .linear(let linear)
      where !linear.hasByteWeights && linear.activation == .identity && (isUniform || axis == shape.rank - 1):
        return LinearChain(linear: value, movers: movers)
      case .transpose(let order): axis = order[axis]
      case .reshape, .flatten:
        let before = builder.shape(producer.source)
        guard isUniform || axis == shape.rank - 1 && before[-1] == shape[-1] else { return nil }
        axis = before.rank - 1
      default: return nil
      }
      movers.append(value)
      value = producer.source
    }
    return nil
  }

  private mutating func folded(
    _ chain: LinearChain, gain: [Double], shift: [Double]
  ) throws -> Network.ValueID? {
    let producer = producers[chain.linear]
    guard case .linear(let linear) = producer.op, linear.features == gain.count,
      var weight = producer.parameters.first.flatMap({ weights[$0.name] }), gain.allSatisfy(\.isFinite)
    else { return nil }
    try charge(weight.values.count)
    let bias = producer.parameters.first { $0.role == "bias" }.flatMap { weights[$0.name] }
    let depth = weight.values.count / linear.features
    for i in weight.values.indices { weight.values[i] = Float(Double(weight.values[i]) * gain[i / depth]) }
    let shifted = gain.indices.map { Float(Double(bias?.values[$0] ?? 0) * gain[$0] + shift[$0]) }
    var value = try append(
      producer.name, .linear(Linear(features: linear.features)), [producer.source],
      [("weight", weight), ("bias", Tensor([linear.features], shifted))])
    for mover in chain.movers.reversed() {
      value = try append(producers[mover].name, producers[mover].op, [value])
    }
    return value
  }

  mutating func batchNorm(_ node: ONNXNodeReader) throws {
    try node.require(node.integer("training_mode", default: 0) == 0, "running statistics are used")
    try node.require(node.integer("spatial", default: 1) == 1, "statistics are per channel")
    let parameters = try ["gamma", "beta", "mean", "variance"].enumerated().map { position, role in
      (role, try tensor(node, position + 1, role))
    }
    let op = Operator.batchNorm(epsilon: node.real("epsilon", default: 1e-5))
    let input = try operand(node)
    let shape = builder.shape(input)
    if shape.rank == 4 { return try define(node, op, [input], parameters) }
    try node.require(shape.rank == 2 || shape.rank == 3, "the operand has channels", value: "\(shape)")
    if let value = try folded(input, parameters.map(\.1), epsilon: node.real("epsilon", default: 1e-5)) {
      return try define(node, .node(value))
    }
    let image = try reshaped(
      input, Shape(shape.dimensions + Array(repeating: 1, count: 4 - shape.rank)), name: node.name + ".image")
    let value = try append(node.name, op, [image], parameters)
    try define(node, .node(try reshaped(value, shape, name: node.name + ".shape")))
  }

  private mutating func folded(
    _ input: Network.ValueID, _ numbers: [Tensor], epsilon: Float
  ) throws -> Network.ValueID? {
    let channels = builder.shape(input)[1]
    guard numbers.allSatisfy({ $0.values.count == channels }) else { return nil }
    let gain = (0..<channels).map {
      Double(numbers[0].values[$0]) / (Double(numbers[3].values[$0]) + Double(epsilon)).squareRoot()
    }
    let shift = (0..<channels).map { Double(numbers[1].values[$0]) - Double(numbers[2].values[$0]) * gain[$0] }
    return try folded(input, axis: 1, gain: gain, shift: shift)
  }
}
