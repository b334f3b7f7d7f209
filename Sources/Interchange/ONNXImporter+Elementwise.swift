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
    if try constant(node, 0) != nil { return try clip(node, least, most) }
    guard least == 0, most == 6 || !hasMost else { return try clip(node, least, most) }
    if hasMost, let name = node.input(0), case .affine(let arithmetic) = try imported(name, for: node),
      arithmetic.adds(3)
    {
      return try define(node, .multiple(arithmetic.source, .hsigmoid, factor: 6, name: node.name))
    }
    try define(node, .activation(hasMost ? .relu6 : .relu), [operand(node)])
  }

  /// Bounds other than those of the activations.
  private mutating func clip(_ node: ONNXNodeReader, _ least: Float, _ most: Float) throws {
    if let constant = try constant(node, 0) {
      return try define(
        node, .constant(ONNXConstant(constant.shape, .reals(constant.reals.map { min(max($0, least), most) }))))
    }
    var value = try operand(node)
    for (bound, operation) in [(least, BinaryOperation.maximum), (most, .minimum)]
    where abs(bound) < Float.greatestFiniteMagnitude {
      let name = "\(node.name).\(operation.rawValue)"
      value = try append(name, .binary(operation), [value, scalar(bound, like: value, name: name + ".bound")])
    }
    try define(node, .node(value))
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
    case (.constant(let a), .constant(let b)): try combineConstants(node, a, b)
    case (_, .constant(let constant)): try withConstant(node, left, constant)
    case (.constant(let constant), _):
      switch node.op {
      case "Add", "Mul", "Max", "Min": try withConstant(node, right, constant)
      case "Sub":
        // c − x is (x · −1) + c.
        let source = try value(right, for: node)
        var arithmetic = try channelArithmetic(source, name: node.name)
        guard constant.reals.count == 1 else { return try general(node, left, right) }
        arithmetic.multiply(by: [-1])
        arithmetic.add(constant.reals, sign: 1)
        try define(node, .affine(arithmetic))
      default: try general(node, left, right)
      }
    case (let a, let b):
      if let norm = continued(node, a, b) { return try define(node, norm) }
      node.op == "Mul" ? try product(node, a, b) : try general(node, left, right)
    }
  }

  private mutating func withConstant(_ node: ONNXNodeReader, _ name: String, _ constant: ONNXConstant) throws {
    let operand = try imported(name, for: node)
    if let value = try continued(operand, node, constant) { return try define(node, value) }
    guard ["Add", "Sub", "Mul", "Div"].contains(node.op) else { return try general(node, name, constant) }
    var arithmetic: ChannelArithmetic
    if case .affine(let before) = operand {
      try charge(2 * before.mean.count)
      arithmetic = before
    } else {
      arithmetic = try channelArithmetic(try value(name, for: node), name: node.name)
    }
    guard let numbers = perChannel(constant, builder.shape(arithmetic.source)) else {
      return try general(node, name, constant)
    }
    arithmetic.name = node.name
    switch node.op {
    case "Add": arithmetic.add(numbers, sign: 1)
    case "Sub": arithmetic.add(numbers, sign: -1)
    case "Mul": arithmetic.multiply(by: numbers)
    default: arithmetic.divide(by: numbers)
    }
    try define(node, .affine(arithmetic))
  }

  /// What something half-read and a constant make together; `nil` where they do not belong together.
  private mutating func continued(
    _ operand: ImportedValue, _ node: ONNXNodeReader, _ constant: ONNXConstant
  ) throws -> ImportedValue? {
    switch operand {
    case .product(let source, let weight, let scales, _) where node.op == "Add":
      let count = constant.shape.elementCount
      guard count == 1 || count == weight.shape[0] && constant.shape[-1] == count else { return nil }
      let bias = try bias(Tensor(constant.shape, constant.reals), weight.shape[0], node)
      return .node(try fullyConnected(node, source, weight, scales, bias))
    case .multiple(let source, let activation, let factor, _) where divides(node, constant, factor):
      if activation == .hsigmoid { return .gate(source, .hsigmoid, name: node.name) }
      return .node(try append(node.name, .activation(activation), [source]))
    case .errorFunction(let source, false) where node.op == "Add" && constant.reals == [1]:
      return .errorFunction(source, isShifted: true)
    case .errorFunction(let source, true) where divides(node, constant, 2): return .normalDistribution(source)
    case .layerNorm(let norm): return try continued(norm, node, constant)
    default: return nil
    }
  }

  private func divides(_ node: ONNXNodeReader, _ constant: ONNXConstant, _ factor: Float) -> Bool {
    guard constant.reals.count == 1 else { return false }
    let number = constant.reals[0]
    return node.op == "Div" ? number == factor : node.op == "Mul" && abs(number - 1 / factor) < 1e-6
  }

  /// Two values of any shapes that can be spread over each other.
  private mutating func general(_ node: ONNXNodeReader, _ left: String, _ right: String) throws {
    var values: [Network.ValueID?] = []
    for name in [left, right] {
      if case .constant = try imported(name, for: node) {
        values.append(nil)
      } else {
        values.append(try value(name, for: node))
      }
    }
    let rank = values.compactMap { $0.map { builder.shape($0).rank } }.max() ?? 0
    let operands = try [left, right].enumerated().map { position, name in
      if let value = values[position] { return value }
      guard let constant = try constant(node, position) else { throw node.unusable("operand \(position) is missing") }
      return try constantValue(node, constant, rank: rank)
    }
    try binary(node, operands[0], operands[1])
  }

  private mutating func general(_ node: ONNXNodeReader, _ name: String, _ constant: ONNXConstant) throws {
    let value = try value(name, for: node)
    if node.op == "Pow", constant.reals == [2] { return try define(node, .multiply, [value, value]) }
    let other = try constantValue(node, constant, rank: builder.shape(value).rank)
    try binary(node, value, other)
  }

  private mutating func binary(_ node: ONNXNodeReader, _ left: Network.ValueID, _ right: Network.ValueID) throws {
    let shapes = (builder.shape(left), builder.shape(right))
    try node.require(
      shapes.0.rank == shapes.1.rank, "both operands have one rank, so that their batches meet",
      value: "\(shapes.0), \(shapes.1)")
    if node.op == "Add", shapes.0 == shapes.1 { return try define(node, .add, [left, right]) }
    guard let operation = Self.binaries[node.op] else {
      throw node.unusable("this form is not supported", rule: "the operands are constant")
    }
    try define(node, .binary(operation), [left, right])
  }

  private static let binaries: [String: BinaryOperation] = [
    "Add": .add, "Sub": .subtract, "Mul": .multiply, "Div": .divide, "Max": .maximum, "Min": .minimum,
  ]

  /// One number, or one per channel of an image, from a constant that is spread over its batch and pixels.
  private func perChannel(_ constant: ONNXConstant, _ shape: Shape) -> [Float]? {
    let numbers = constant.reals
    if numbers.count == 1, constant.shape.rank <= shape.rank { return numbers }
    let channelAxis = constant.shape.rank - (shape.rank - 1)
    guard shape.rank == 4, numbers.count == shape[1], constant.shape.rank <= shape.rank, channelAxis >= 0,
      constant.shape[channelAxis] == shape[1]
    else { return nil }
    return numbers
  }

  /// The product of two values: a gated activation, or a scale per channel.
  private mutating func product(_ node: ONNXNodeReader, _ a: ImportedValue, _ b: ImportedValue) throws {
    for case (.node(let value), let gate) in [(a, b), (b, a)] {
      switch gate {
      case .gate(value, .sigmoid, _): return try define(node, .activation(.swish), [value])
      case .gate(value, .hsigmoid, _): return try define(node, .activation(.hswish), [value])
      case .multiple(value, .hsigmoid, 6, _):
        return try define(node, .multiple(value, .hswish, factor: 6, name: node.name))
      case .normalDistribution(value): return try define(node, .activation(.gelu), [value])
      case .errorFunction(value, true): return try define(node, .multiple(value, .gelu, factor: 2, name: node.name))
      default: continue
      }
    }
    for case (.affine(let half), .errorFunction(let source, true)) in [(a, b), (b, a)]
    where half.scale == 0.5 && half.source == source {
      return try define(node, .activation(.gelu), [half.source])
    }
    let (left, right) = (try operand(node, 0), try operand(node, 1))
    let shapes = (builder.shape(left), builder.shape(right))
    if shapes.0 == shapes.1 || Self.spreads(shapes.1, over: shapes.0) {
      return try define(node, .multiply, [left, right])
    }
    if Self.spreads(shapes.0, over: shapes.1) { return try define(node, .multiply, [right, left]) }
    try binary(node, left, right)
  }

  /// Whether a value is one factor per channel of an image.
  private static func spreads(_ factor: Shape, over image: Shape) -> Bool {
    factor.rank == 4 && image.rank == 4 && factor[1] == image[1] && factor[2] == 1 && factor[3] == 1
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
    case .multiple(let source, let activation, let factor, let name):
      let value = try append(name, .activation(activation), [source])
      var arithmetic = try channelArithmetic(value, name: name + ".scale")
      arithmetic.multiply(by: [factor])
      return try finished(arithmetic)
    case .layerNorm(let norm): return try finished(norm)
    case .grouped(let source, let groups, let isSwapped):
      let split = try append("groups", .reshape(groupedShape(builder.shape(source), groups, false)), [source])
      return isSwapped ? try append("swapped", .transpose(order: [0, 2, 1, 3, 4]), [split]) : split
    case .column(let source):
      return try append("column", .reshape(Shape(builder.shape(source).dimensions + [1])), [source])
    case .product(let source, let weight, let scales, let name):
      var linear = Linear(features: weight.shape[0], hasBias: false)
      linear.hasByteWeights = scales != nil
      return try append(name, .linear(linear), [source], [("weight", weight)] + byteScaleParameter(scales))
    case .constant, .padded, .permuted, .errorFunction, .normalDistribution, .bytes: return nil
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
    if let scale = arithmetic.scale, case .matrixProduct(let product) = producers[arithmetic.source].op,
      builder.grid(arithmetic.source) == nil
    {
      return try append(
        arithmetic.name, .matrixProduct(MatrixProduct(scale: Float(Double(product.scale) * scale))),
        inputs(of: arithmetic.source))
    }
    if let value = try foldedIntoLinear(arithmetic) { return value }
    if builder.shape(arithmetic.source).rank != 4 { return try uniform(arithmetic) }
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

  /// The same number for all elements, on a value that is no image.
  private mutating func uniform(_ arithmetic: ChannelArithmetic) throws -> Network.ValueID {
    var value = arithmetic.source
    let (scale, shift) = (1 / arithmetic.deviation[0], -arithmetic.mean[0] / arithmetic.deviation[0])
    for (number, operation, neutral) in [(scale, BinaryOperation.multiply, 1.0), (shift, .add, 0)]
    where number != neutral {
      let name = "\(arithmetic.name).\(operation.rawValue)"
      value = try append(name, .binary(operation), [value, scalar(Float(number), like: value, name: name + ".number")])
    }
    return value
  }
}
