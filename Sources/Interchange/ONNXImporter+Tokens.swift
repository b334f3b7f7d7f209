import Networks
import Tensors

/// The layer norm that older operator sets spell out: mean, difference, square, mean, epsilon, root, quotient, gain, bias.
struct SpelledLayerNorm {
  /// How far it has been read.
  enum Stage {
    /// The mean over the last dimension.
    case mean
    /// x − mean
    case centred
    /// (x − mean)²
    case squares
    /// The mean of the squares, and more and more of what follows.
    case variance, deviation, reciprocal
    /// (x − mean) / deviation
    case standard
    /// The same times a gain.
    case scaled(Tensor)
  }

  let source: Network.ValueID
  let name: String
  var stage: Stage
  var epsilon: Float = 0
}

// MARK: Norms

extension ONNXImporter {
  mutating func layerNorm(_ node: ONNXNodeReader) throws {
    let input = try operand(node)
    let shape = builder.shape(input)
    let axis = node.integer("axis", default: -1)
    try node.require(axis == -1 || axis == shape.rank - 1, "the last dimension is normalised", value: "axis \(axis)")
    let gain = try flat(try tensor(node, 1, "gain"), shape[-1], node)
    let bias = node.input(2) == nil ? Tensor([shape[-1]]) : try flat(try tensor(node, 2, "bias"), shape[-1], node)
    try define(
      node, .layerNorm(epsilon: node.real("epsilon", default: 1e-5)), [input], [("gain", gain), ("bias", bias)])
  }

  private func flat(_ tensor: Tensor, _ count: Int, _ node: ONNXNodeReader) throws -> Tensor {
    try node.require(tensor.values.count == count, "there is one number per element of a row", value: "\(tensor.shape)")
    return tensor.reshaped(to: [count])
  }

  /// exp(x) / Σ exp(x) along an axis; before operator set 13, over all axes from it on.
  mutating func softmax(_ node: ONNXNodeReader) throws {
    let input = try operand(node)
    let shape = builder.shape(input)
    let flattens = node.operatorSet < 13
    let axis = try axes(node, [node.integer("axis", default: flattens ? 1 : -1)], rank: shape.rank)[0]
    try node.require(axis > 0, "the batch is no part of it")
    if axis == shape.rank - 1 { return try define(node, .softmax, [input]) }
    if flattens {
      let rows = Shape(Array(shape.dimensions[..<axis]) + [shape.dimensions[axis...].reduce(1, *)])
      let flat = try reshaped(input, rows, name: node.name + ".rows")
      let value = try append(node.name, .softmax, [flat])
      return try define(node, .node(try reshaped(value, shape, name: node.name + ".shape")))
    }
    var order = Array(0..<shape.rank)
    order.swapAt(axis, shape.rank - 1)
    let turned = try transposed(input, order, name: node.name + ".rows")
    let value = try append(node.name, .softmax, [turned])
    try define(node, .node(try transposed(value, order, name: node.name + ".columns")))
  }

  /// The variance of a layer norm, or the first of its means, or a mean of its own.
  mutating func mean(_ node: ONNXNodeReader) throws {
    let stated = try integers(node, attribute: "axes", input: 1) ?? []
    if let operands = try constants(node), operands.count == node.inputs.count {
      throw node.unusable("the operand is constant", rule: "it is computed from an input")
    }
    guard let name = node.input(0) else { throw node.unusable("operand 0 is missing") }
    let keeps = node.integer("keepdims", default: 1) != 0
    let isLast = stated == [-1]
    if case .layerNorm(var norm) = try imported(name, for: node), case .squares = norm.stage, keeps,
      isLast || stated == [builder.shape(norm.source).rank - 1]
    {
      norm.stage = .variance
      return try define(node, .layerNorm(norm))
    }
    let input = try value(name, for: node)
    let shape = builder.shape(input)
    let axes = try axes(node, stated, rank: shape.rank).sorted()
    try node.require(
      !axes.isEmpty && !axes.contains(0), "the batch is no part of the mean", value: "\(stated.prefix(8))")
    if keeps, axes == [shape.rank - 1] {
      return try define(node, .layerNorm(SpelledLayerNorm(source: input, name: node.name, stage: .mean)))
    }
    try define(node, .node(try mean(of: input, axes, keeps: keeps, name: node.name)))
  }

  /// A mean over axes, which is that over an image of all others as channels.
  private mutating func mean(
    of input: Network.ValueID, _ axes: [Int], keeps: Bool, name: String
  ) throws -> Network.ValueID {
    let shape = builder.shape(input)
    var image = input
    if shape.rank != 4 || axes != [2, 3] {
      let kept = shape.dimensions.indices.filter { !axes.contains($0) }
      let turned = try transposed(input, kept + axes, name: name + ".axes")
      let extents = kept.dropFirst().reduce(1) { $0 * shape[$1] }
      image = try reshaped(turned, [shape[0], extents, axes.reduce(1) { $0 * shape[$1] }, 1], name: name + ".image")
    }
    let pooled = try append(name, .globalAveragePool, [image])
    let result = shape.dimensions.indices.compactMap { axis in
      axes.contains(axis) ? (keeps ? 1 : nil) : shape[axis]
    }
    return try reshaped(pooled, Shape(result), name: name + ".shape")
  }

  /// What a half-read layer norm is where something else follows.
  mutating func finished(_ norm: SpelledLayerNorm) throws -> Network.ValueID? {
    let columns = builder.shape(norm.source)[-1]
    let last = builder.shape(norm.source).rank - 1
    switch norm.stage {
    case .mean: return try mean(of: norm.source, [last], keeps: true, name: norm.name)
    case .centred:
      let mean = try mean(of: norm.source, [last], keeps: true, name: norm.name + ".mean")
      return try append(norm.name, .binary(.subtract), [norm.source, mean])
    case .standard: return try append(norm, gain: Tensor([columns], repeating: 1), bias: Tensor([columns]))
    case .scaled(let gain): return try append(norm, gain: gain, bias: Tensor([columns]))
    case .squares, .variance, .deviation, .reciprocal: return nil
    }
  }

  private mutating func append(_ norm: SpelledLayerNorm, gain: Tensor, bias: Tensor) throws -> Network.ValueID {
    try append(norm.name, .layerNorm(epsilon: norm.epsilon), [norm.source], [("gain", gain), ("bias", bias)])
  }

  /// The next part of a layer norm with a constant; `nil` where it is none.
  mutating func continued(
    _ norm: SpelledLayerNorm, _ node: ONNXNodeReader, _ constant: ONNXConstant
  ) throws -> ImportedValue? {
    var norm = SpelledLayerNorm(source: norm.source, name: node.name, stage: norm.stage, epsilon: norm.epsilon)
    let numbers = constant.reals
    let columns = builder.shape(norm.source)[-1]
    let isRow = numbers.count == columns && constant.shape[-1] == columns
    switch (norm.stage, node.op) {
    case (.centred, "Pow") where numbers == [2]: norm.stage = .squares
    case (.variance, "Add") where numbers.count == 1: norm.epsilon += numbers[0]
    case (.variance, "Pow") where numbers == [0.5]: norm.stage = .deviation
    case (.standard, "Mul") where isRow: norm.stage = .scaled(Tensor([columns], numbers))
    case (.scaled(let gain), "Add") where isRow:
      return .node(try append(norm, gain: gain, bias: Tensor([columns], numbers)))
    default: return nil
    }
    return .layerNorm(norm)
  }

  /// The next part of a layer norm with another part of it; `nil` where it is none.
  func continued(_ node: ONNXNodeReader, _ a: ImportedValue, _ b: ImportedValue) -> ImportedValue? {
    switch (node.op, a, b) {
    case ("Sub", .node(let source), .layerNorm(let norm)):
      guard norm.source == source, case .mean = norm.stage else { return nil }
      return .layerNorm(SpelledLayerNorm(source: source, name: node.name, stage: .centred))
    case ("Div", .layerNorm(let centred), .layerNorm(let norm)), ("Mul", .layerNorm(let centred), .layerNorm(let norm)):
      guard centred.source == norm.source, case .centred = centred.stage else { return nil }
      var result = SpelledLayerNorm(source: norm.source, name: node.name, stage: .standard, epsilon: norm.epsilon)
      switch (node.op, norm.stage) {
      case ("Div", .deviation), ("Mul", .reciprocal): return .layerNorm(result)
      case ("Mul", .centred):
        result.stage = .squares
        return .layerNorm(result)
      default: return nil
      }
    default: return nil
    }
  }

  /// Square roots and reciprocals, which are known of constants and as parts of norms.
  mutating func root(_ node: ONNXNodeReader) throws {
    guard let name = node.input(0) else { throw node.unusable("operand 0 is missing") }
    switch try imported(name, for: node) {
    case .constant(let constant): try mapConstant(node, constant)
    case .layerNorm(var norm):
      switch (node.op, norm.stage) {
      case ("Sqrt", .variance): norm.stage = .deviation
      case ("Reciprocal", .deviation): norm.stage = .reciprocal
      default: throw node.unusable("this form is not supported", rule: "it is part of a layer norm")
      }
      try define(node, .layerNorm(norm))
    default: throw node.unusable("this form is not supported", rule: "it is part of a layer norm, or of constants")
    }
  }
}

// MARK: Activations of transformers

extension ONNXImporter {
  mutating func gelu(_ node: ONNXNodeReader) throws {
    let form = node.text("approximate", default: "none")
    try node.require(form == "none" || form == "tanh", "approximate is none or tanh", value: form)
    try define(node, .activation(form == "tanh" ? .geluTanh : .gelu), [operand(node)])
  }

  /// erf(x / √2), of which a gelu is made.
  mutating func errorFunction(_ node: ONNXNodeReader) throws {
    guard let name = node.input(0), case .affine(let arithmetic) = try imported(name, for: node),
      let scale = arithmetic.scale, abs(scale - 0.5.squareRoot()) < 1e-6
    else { throw node.unusable("this form is not supported", rule: "it is part of a gelu, of x / √2") }
    try define(node, .errorFunction(arithmetic.source, isShifted: false))
  }

  mutating func leakyRelu(_ node: ONNXNodeReader) throws {
    let alpha = node.real("alpha", default: 0.01)
    try node.require((0...1).contains(alpha), "alpha is 0 … 1", value: "\(alpha)")
    let input = try operand(node)
    let slope = try scalar(alpha, like: input, name: node.name + ".alpha")
    let scaled = try append(node.name + ".scaled", .binary(.multiply), [input, slope])
    try define(node, .binary(.maximum), [input, scaled])
  }

  /// One number as a value of the rank of another.
  mutating func scalar(_ number: Float, like value: Network.ValueID, name: String) throws -> Network.ValueID {
    let shape = Shape(builder.shape(value).dimensions.enumerated().map { axis, extent in axis == 0 ? extent : 1 })
    try charge(shape.elementCount)
    return try append(name, .constant(shape), [], [("value", Tensor(shape, repeating: number))])
  }
}

// MARK: Products and constants as values

extension ONNXImporter {
  /// The product of two values, of which uniform scales are taken along.
  mutating func valueProduct(_ node: ONNXNodeReader) throws {
    let (left, leftScale) = try scaledOperand(node, 0)
    let (right, rightScale) = try scaledOperand(node, 1)
    try define(node, .matrixProduct(MatrixProduct(scale: Float(leftScale * rightScale))), [left, right])
  }

  private mutating func scaledOperand(_ node: ONNXNodeReader, _ position: Int) throws -> (Network.ValueID, Double) {
    guard let name = node.input(position) else { throw node.unusable("operand \(position) is missing") }
    switch try imported(name, for: node) {
    case .affine(let arithmetic):
      if let scale = arithmetic.scale { return (arithmetic.source, scale) }
    case .constant(let constant):
      let other = try operand(node, 1 - position)
      return (try constantValue(node, constant, rank: builder.shape(other).rank), 1)
    default: break
    }
    return (try operand(node, position), 1)
  }

  /// A constant as a value of the network: the same numbers for every image.
  mutating func constantValue(_ node: ONNXNodeReader, _ constant: ONNXConstant, rank: Int) throws -> Network.ValueID {
    try node.require(
      constant.shape.rank <= rank, "the constant has no more axes than the value", value: "\(constant.shape)")
    var shape = Shape(Array(repeating: 1, count: rank - constant.shape.rank) + constant.shape.dimensions)
    var numbers = constant.reals
    try charge(numbers.count)
    if batch > 1, shape[0] == batch {
      let each = numbers.count / batch
      try node.require(
        (1..<batch).allSatisfy { numbers[$0 * each..<($0 + 1) * each] == numbers[0..<each] },
        "the constant is the same for every image")
      numbers = Array(numbers[0..<each])
      shape[0] = 1
    }
    try node.require(shape[0] == 1, "the constant is the same for every image", value: "\(constant.shape)")
    return try append(node.name + ".constant", .constant(shape), [], [("value", Tensor(shape, numbers))])
  }
}
