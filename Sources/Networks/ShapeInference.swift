import Diagnostics
import Tensors

extension Operator {
  /// The shape of the value for operands of the given shapes.
  ///
  /// - Throws: ``Diagnostic`` that names `node` and the rule, where operands or parameters do not fit the operator.
  public func outputShape(_ operands: [Shape], parameters: [Parameter], node: String) throws -> Shape {
    let check = OperandCheck(op: self, node: node, operands: operands)
    let shape = try inferredShape(operands, check)
    try check.require(shape.dimensions.allSatisfy { $0 > 0 }, "every extent of the result is at least 1")
    try checkParameters(parameters, operands: operands, check)
    return shape
  }

  private func inferredShape(_ operands: [Shape], _ check: OperandCheck) throws -> Shape {
    switch self {
    case .input:
      throw Diagnostic(.failure, "an input has no operands to infer a shape from", at: .init(path: check.node))
    case .normalize(let mean, let deviation):
      let shape = try check.image()
      try check.require(
        mean.count == shape[1] && deviation.count == shape[1], "one mean and one deviation per channel")
      return shape
    case .resize(let height, let width):
      let shape = try check.image()
      return [shape[0], shape[1], height, width]
    case .convolution(let convolution):
      try check.require(convolution.groups == 1 || !convolution.isBF16, "a convolution in BF16 has one group")
      return try convolution.outputShape(check)
    case .batchNorm, .activation:
      if case .batchNorm = self { return try check.image() }
      return try check.single()
    case .add:
      try check.require(operands.count == 2 && operands[0] == operands[1], "both operands have one shape")
      return operands[0]
    case .multiply:
      try check.require(operands.count == 2, "there are two operands")
      let (left, right) = (operands[0], operands[1])
      let spreads = left.rank == 4 && right.rank == 4 && left[1] == right[1] && right[2] == 1 && right[3] == 1
      try check.require(left == right || spreads, "the second operand has the first one's shape or is n×c×1×1")
      return left
    case .pool(let pool):
      let shape = try check.image()
      return try check.window(
        shape, channels: shape[1], kernel: pool.kernel, stride: pool.stride, padding: pool.padding, dilation: .one)
    case .globalAveragePool:
      let shape = try check.image()
      return [shape[0], shape[1], 1, 1]
    case .flatten:
      let shape = try check.single()
      return [shape[0], shape.elementCount / shape[0]]
    case .linear(let linear):
      var shape = try check.single()
      shape[-1] = linear.features
      return shape
    case .concat:
      return try check.concatenation()
    case .channelShuffle(let groups):
      let shape = try check.image()
      try check.require(groups > 0 && shape[1] % groups == 0, "the groups divide the channels")
      return shape
    case .channelSlice(let start, let count):
      let shape = try check.image()
      try check.require(
        start >= 0 && count > 0 && start <= shape[1] - count, "the slice lies inside the channels")
      return [shape[0], count, shape[2], shape[3]]
    case .constant, .binary, .transpose, .reshape, .slice, .join, .matrixProduct, .softmax, .resample:
      return try tensorShape(check)
    case .embedding(_, let width):
      let shape = try check.single()
      try check.require(shape.rank == 2, "the operand is batch × tokens")
      return [shape[0], shape[1], width]
    case .rmsNorm, .layerNorm, .swiglu:
      return try check.single()
    case .attention(let attention):
      let shape = try check.single()
      try check.require(shape.rank == 3, "the operand is batch × tokens × width")
      try check.require(
        attention.keyValueHeads > 0 && attention.heads % attention.keyValueHeads == 0,
        "the key-value heads divide the heads")
      return shape
    }
  }

  /// The shapes that the parameters must have, in order; see the cases for their roles.
  private func parameterShapes(_ operands: [Shape]) -> [Shape] {
    switch self {
    case .convolution(let c):
      [[c.channels, operands[0][1] / c.groups, c.kernel.height, c.kernel.width]] + (c.hasBias ? [[c.channels]] : [])
        + (c.hasByteWeights ? [[c.channels]] : [])
    case .batchNorm: Array(repeating: [operands[0][1]], count: 4)
    case .linear(let l):
      [[l.features, operands[0][-1]]] + (l.hasBias ? [[l.features]] : []) + (l.hasByteWeights ? [[l.features]] : [])
    case .constant(let shape): [shape]
    case .embedding(let vocabulary, let width): [[vocabulary, width]]
    case .rmsNorm: [[operands[0][-1]]]
    case .layerNorm: Array(repeating: [operands[0][-1]], count: 2)
    case .swiglu(let hidden):
      [[hidden, operands[0][-1]], [hidden, operands[0][-1]], [operands[0][-1], hidden]]
    case .attention(let a):
      [
        [a.heads * a.headWidth, operands[0][-1]], [a.keyValueHeads * a.headWidth, operands[0][-1]],
        [a.keyValueHeads * a.headWidth, operands[0][-1]], [operands[0][-1], a.heads * a.headWidth],
      ]
    default: []
    }
  }

  private func checkParameters(_ parameters: [Parameter], operands: [Shape], _ check: OperandCheck) throws {
    let wanted = parameterShapes(operands)
    try check.require(
      parameters.map(\.shape) == wanted,
      "its parameters are \(wanted.map(\.description)), not \(parameters.map(\.shape.description))")
  }
}

extension Convolution {
  fileprivate func outputShape(_ check: OperandCheck) throws -> Shape {
    let operands = check.operands
    try check.require(operands.count == 1 || operands.count == 2, "there are one or two operands")
    let shape = operands[0]
    try check.require(shape.rank == 4, "the operand is an image, batch × channels × height × width")
    try check.require(
      groups > 0 && channels > 0 && shape[1] % groups == 0 && channels % groups == 0,
      "the groups divide the channels of input and output")
    let result = try check.window(
      shape, channels: channels, kernel: kernel, stride: stride, padding: padding, dilation: dilation)
    if operands.count == 2 { try check.require(operands[1] == result, "the residual has the result's shape \(result)") }
    return result
  }
}

/// The rules that operands share, each answered with an error that names the node.
struct OperandCheck {
  let op: Operator
  let node: String
  let operands: [Shape]

  func require(_ holds: Bool, _ rule: String) throws {
    guard !holds else { return }
    throw Diagnostic(
      .unusableFile, "\(op.name) does not fit its operands", at: .init(path: node),
      value: operands.map(\.description).joined(separator: ", "), rule: rule)
  }

  func single() throws -> Shape {
    try require(operands.count == 1 && operands[0].rank >= 1, "there is one operand")
    return operands[0]
  }

  func image() throws -> Shape {
    let shape = try single()
    try require(shape.rank == 4, "the operand is an image, batch × channels × height × width")
    return shape
  }

  func concatenation() throws -> Shape {
    try require(!operands.isEmpty && operands.allSatisfy { $0.rank == 4 }, "the operands are images")
    var shape = operands[0]
    shape[1] = operands.reduce(0) { $0 + $1[1] }
    for operand in operands {
      try require(
        operand[0] == shape[0] && operand[2] == shape[2] && operand[3] == shape[3], "the operands have one image size")
    }
    return shape
  }

  func window(
    _ shape: Shape, channels: Int, kernel: Extent, stride: Extent, padding: Padding, dilation: Extent
  ) throws -> Shape {
    try require(
      [kernel.height, kernel.width, stride.height, stride.width, dilation.height, dilation.width].allSatisfy {
        $0 > 0 && $0 < 1 << 20
      }, "kernel, stride and dilation are at least 1")
    try require(
      [padding.top, padding.left, padding.bottom, padding.right].allSatisfy { $0 >= 0 && $0 < 1 << 20 },
      "the padding is not negative")
    let height = shape[2] + padding.top + padding.bottom - dilation.height * (kernel.height - 1) - 1
    let width = shape[3] + padding.left + padding.right - dilation.width * (kernel.width - 1) - 1
    try require(height >= 0 && width >= 0, "the window lies inside the padded image")
    return [shape[0], channels, height / stride.height + 1, width / stride.width + 1]
  }
}
