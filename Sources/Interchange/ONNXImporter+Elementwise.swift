import Networks
import Tensors

// MARK: Activations

extension ONNXImporter {
  mutating func swish(_ node: ONNXNodeReader) throws {
    try node.require(node.real("alpha", default: 1) == 1, "alpha is 1")
    try define(node, .activation(.swish), [operand(node)])
  }

  /// max(0, min(1, alpha · x + beta))
  mutating func hardSigmoid(_ node: ONNXNodeReader) throws {
    let (alpha, beta) = (node.real("alpha", default: 0.2), node.real("beta", default: 0.5))
    var source = try operand(node)
    if abs(alpha - 1 / 6) > 1e-6 || beta != 0.5 {
      // hsigmoid(x) has the slope 1/6 and the offset 1/2.
      var arithmetic = try channelArithmetic(source, name: node.name + ".input")
      arithmetic.multiply(by: [6 * alpha])
      arithmetic.add([6 * beta - 3], sign: 1)
      source = try finished(arithmetic)
    }
    try define(node, .gate(source, .hsigmoid, name: node.name))
  }

  mutating func clip(_ node: ONNXNodeReader) throws {
    let (least, most) = (try bound(node, "min", 1, -.infinity), try bound(node, "max", 2, .infinity))
    let hasMost = most < Float.greatestFiniteMagnitude
    try node.require(least == 0 && (most == 6 || !hasMost), "the range is 0…6, or from 0 on", value: "\(least)…\(most)")
    if hasMost, let name = node.input(0), case .affine(let arithmetic) = try imported(name, for: node),
      arithmetic.adds(3)
    {
      return try define(node, .sextuple(arithmetic.source, .hsigmoid, name: node.name))
    }
    try define(node, .activation(hasMost ? .relu6 : .relu), [operand(node)])
  }

  private mutating func bound(_ node: ONNXNodeReader, _ name: String, _ position: Int, _ value: Float) throws -> Float {
    if node.has(name) { return node.real(name, default: value) }
    guard node.input(position) != nil else { return value }
    guard let bound = try constant(node, position)?.reals.first else {
      throw node.unusable("the bound is not constant", value: node.input(position))
    }
    return bound
  }
}

// MARK: Addition, subtraction, multiplication, division

extension ONNXImporter {
  mutating func arithmetic(_ node: ONNXNodeReader) throws {
    guard let left = node.input(0), let right = node.input(1) else { throw node.unusable("there are two operands") }
    switch (try imported(left, for: node), try imported(right, for: node)) {
    case (.constant(let a), .constant(let b)): try shapeArithmetic(node, a, b)
    case (_, .constant(let constant)): try withConstant(node, left, constant)
    case (.constant(let constant), _):
      try node.require(node.op == "Add" || node.op == "Mul", "the constant is the second operand")
      try withConstant(node, right, constant)
    case (let a, let b):
      switch node.op {
      case "Add": try define(node, .add, [operand(node, 0), operand(node, 1)])
      case "Mul": try product(node, a, b)
      default: throw node.unusable("this form is not supported", rule: "the second operand is constant")
      }
    }
  }

  private mutating func withConstant(_ node: ONNXNodeReader, _ name: String, _ constant: ONNXConstant) throws {
    var arithmetic: ChannelArithmetic
    switch try imported(name, for: node) {
    case .product(let source, let weight, let scales, _) where node.op == "Add":
      let bias = try bias(Tensor(constant.shape, constant.reals), weight.shape[0], node)
      return try fullyConnected(node, source, weight, scales, bias)
    case .sextuple(let source, let activation, _) where isSixth(node, constant):
      if activation == .hsigmoid { return try define(node, .gate(source, .hsigmoid, name: node.name)) }
      return try define(node, .activation(activation), [source])
    case .affine(let before):
      try charge(2 * before.mean.count)
      arithmetic = before
    default:
      let source = try value(name, for: node)
      arithmetic = try channelArithmetic(source, name: node.name)
    }
    let numbers = try perChannel(node, constant, builder.shape(arithmetic.source))
    arithmetic.name = node.name
    switch node.op {
    case "Add": arithmetic.add(numbers, sign: 1)
    case "Sub": arithmetic.add(numbers, sign: -1)
    case "Mul": arithmetic.multiply(by: numbers)
    default: arithmetic.divide(by: numbers)
    }
    try define(node, .affine(arithmetic))
  }

  private func isSixth(_ node: ONNXNodeReader, _ constant: ONNXConstant) -> Bool {
    guard constant.reals.count == 1 else { return false }
    return node.op == "Div" ? constant.reals[0] == 6 : node.op == "Mul" && abs(constant.reals[0] - 1 / 6) < 1e-6
  }

  /// One number, or one per channel of a value, from a constant that is spread over its batch and image.
  private func perChannel(_ node: ONNXNodeReader, _ constant: ONNXConstant, _ shape: Shape) throws -> [Float] {
    let channels = shape[1]
    let numbers = constant.reals
    if numbers.count == 1 { return numbers }
    let channelAxis = constant.shape.rank - (shape.rank - 1)
    try node.require(
      numbers.count == channels && constant.shape.rank <= shape.rank && channelAxis >= 0
        && constant.shape[channelAxis] == channels,
      "the constant is one number or one per channel", value: constant.shape.description)
    return numbers
  }

  /// The product of two values: a gated activation, or a scale per channel.
  private mutating func product(_ node: ONNXNodeReader, _ a: ImportedValue, _ b: ImportedValue) throws {
    for case (.node(let value), let gate) in [(a, b), (b, a)] {
      switch gate {
      case .gate(value, .sigmoid, _): return try define(node, .activation(.swish), [value])
      case .gate(value, .hsigmoid, _): return try define(node, .activation(.hswish), [value])
      case .sextuple(value, .hsigmoid, _): return try define(node, .sextuple(value, .hswish, name: node.name))
      default: continue
      }
    }
    let (left, right) = (try operand(node, 0), try operand(node, 1))
    let shape = builder.shape(left)
    let spreadsLeft = shape.rank == 4 && shape[2] == 1 && shape[3] == 1
    try define(node, .multiply, spreadsLeft ? [right, left] : [left, right])
  }
}

// MARK: What was half-read

extension ONNXImporter {
  /// The network's value for what was half-read, or `nil` for what only an operator that follows gives a meaning.
  mutating func finished(_ imported: ImportedValue) throws -> Network.ValueID? {
    switch imported {
    case .node(let value): return value
    case .affine(let arithmetic): return try finished(arithmetic)
    case .gate(let source, let activation, let name): return try append(name, .activation(activation), [source])
    case .sextuple(let source, let activation, let name):
      let value = try append(name, .activation(activation), [source])
      var arithmetic = try channelArithmetic(value, name: name + ".scale")
      arithmetic.multiply(by: [6])
      return try finished(arithmetic)
    case .product(let source, let weight, let scales, let name):
      var linear = Linear(features: weight.shape[0], hasBias: false)
      linear.hasByteWeights = scales != nil
      return try append(name, .linear(linear), [source], [("weight", weight)] + byteScaleParameter(scales))
    case .constant, .padded, .grouped, .column, .bytes: return nil
    }
  }

  /// Arithmetic that does nothing yet.
  private mutating func channelArithmetic(_ source: Network.ValueID, name: String) throws -> ChannelArithmetic {
    let channels = builder.shape(source)[1]
    try charge(2 * channels)
    return ChannelArithmetic(source, channels: channels, name: name)
  }

  /// A normalisation of an input, or else a batch norm, which folds into the convolution before it.
  mutating func finished(_ arithmetic: ChannelArithmetic) throws -> Network.ValueID {
    try charge(4 * arithmetic.mean.count)
    let (mean, deviation) = (arithmetic.mean.map { Float($0) }, arithmetic.deviation.map { Float($0) })
    let isUsual = deviation.allSatisfy { $0.isFinite && $0 != 0 } && mean.allSatisfy(\.isFinite)
    if isUsual, producers[arithmetic.source].op == .input {
      return try append(arithmetic.name, .normalize(mean: mean, deviation: deviation), [arithmetic.source])
    }
    let gamma = arithmetic.deviation.map { Float(1 / $0) }
    let beta = zip(arithmetic.mean, arithmetic.deviation).map { Float(-$0 / $1) }
    let shape: Shape = [gamma.count]
    return try append(
      arithmetic.name, .batchNorm(epsilon: 0), [arithmetic.source],
      [
        ("gamma", Tensor(shape, gamma)), ("beta", Tensor(shape, beta)), ("mean", Tensor(shape)),
        ("variance", Tensor(shape, repeating: 1)),
      ])
  }
}
