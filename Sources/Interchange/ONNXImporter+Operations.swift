import Networks
import Tensors

extension ONNXImporter {
  /// Reads one ONNX node.
  typealias Operation = @Sendable (inout ONNXImporter, ONNXNodeReader) throws -> Void

  /// The ONNX operators that can be read.
  static let operations: [String: Operation] = [
    // Weights.
    "Conv": { try $0.convolution($1) },
    "Gemm": { try $0.gemm($1) },
    "MatMul": { try $0.matrixProduct($1) },
    "BatchNormalization": { try $0.batchNorm($1) },
    // Quantisation.
    "QuantizeLinear": { try $0.quantize($1) },
    "DequantizeLinear": { try $0.dequantize($1) },
    // Activations.
    "Relu": { try $0.define($1, .activation(.relu), [$0.operand($1)]) },
    "HardSwish": { try $0.define($1, .activation(.hswish), [$0.operand($1)]) },
    "Swish": { try $0.swish($1) },
    "Sigmoid": { try $0.define($1, .gate($0.operand($1), .sigmoid, name: $1.name)) },
    "HardSigmoid": { try $0.hardSigmoid($1) },
    "Clip": { try $0.clip($1) },
    "Tanh": { try $0.define($1, .activation(.tanh), [$0.operand($1)]) },
    "LeakyRelu": { try $0.leakyRelu($1) },
    // Arithmetic.
    "Add": { try $0.arithmetic($1) },
    "Sub": { try $0.arithmetic($1) },
    "Mul": { try $0.arithmetic($1) },
    "Div": { try $0.arithmetic($1) },
    "Pow": { try $0.arithmetic($1) },
    "Max": { try $0.arithmetic($1) },
    "Min": { try $0.arithmetic($1) },
    // Windows over images.
    "MaxPool": { try $0.pool($1, .maximum) },
    "AveragePool": { try $0.pool($1, .average) },
    "GlobalAveragePool": { try $0.define($1, .globalAveragePool, [$0.operand($1)]) },
    "GlobalMaxPool": { try $0.globalMaximum($1) },
    "ReduceMean": { try $0.mean($1) },
    "Resize": { try $0.resize($1) },
    "Pad": { try $0.pad($1) },
    // Transformers.
    "LayerNormalization": { try $0.layerNorm($1) },
    "Softmax": { try $0.softmax($1) },
    "Gelu": { try $0.gelu($1) },
    "Erf": { try $0.errorFunction($1) },
    "Sqrt": { try $0.root($1) },
    "Reciprocal": { try $0.root($1) },
    // Layout.
    "Flatten": { try $0.flatten($1) },
    "Reshape": { try $0.reshape($1) },
    "Squeeze": { try $0.squeeze($1) },
    "Unsqueeze": { try $0.unsqueeze($1) },
    "Transpose": { try $0.transpose($1) },
    "Concat": { try $0.concat($1) },
    "Slice": { try $0.slice($1) },
    "Split": { try $0.split($1) },
    // Shapes and constants.
    "Constant": { try $0.constant($1) },
    "ConstantOfShape": { try $0.constantOfShape($1) },
    "Shape": { try $0.shape($1) },
    "Gather": { try $0.gather($1) },
    "GatherND": { try $0.gatherND($1) },
    "Expand": { try $0.expand($1) },
    "Where": { try $0.choose($1) },
    "Range": { try $0.range($1) },
    "Equal": { try $0.onConstants($1) },
    "Less": { try $0.onConstants($1) },
    "Greater": { try $0.onConstants($1) },
    "Mod": { try $0.onConstants($1) },
    "Not": { try $0.onConstants($1) },
    "Neg": { try $0.negative($1) },
    "Ceil": { try $0.onConstants($1) },
    "Floor": { try $0.onConstants($1) },
    "Exp": { try $0.onConstants($1) },
    "Abs": { try $0.onConstants($1) },
    // The value itself, once a network is trained.
    "Identity": { try $0.same($1) },
    "Dropout": { try $0.same($1) },
    "Cast": { try $0.cast($1) },
  ]

  fileprivate mutating func same(_ node: ONNXNodeReader) throws {
    guard let name = node.input(0) else { throw node.unusable("operand 0 is missing") }
    try define(node, try imported(name, for: node))
  }
}

extension ONNXImporter {
  /// What is known of constants alone.
  fileprivate mutating func onConstants(_ node: ONNXNodeReader) throws {
    guard let operands = try constants(node) else {
      throw node.unusable("this form is not supported", rule: "the operands are constant")
    }
    if operands.count == 2 { return try combineConstants(node, operands[0], operands[1]) }
    try mapConstant(node, operands[0])
  }

  fileprivate mutating func negative(_ node: ONNXNodeReader) throws {
    if let constant = try constant(node, 0) { return try mapConstant(node, constant) }
    let source = try operand(node)
    try define(node, .binary(.multiply), [source, scalar(-1, like: source, name: node.name + ".sign")])
  }
}

// MARK: Operators with weights

extension ONNXImporter {
  private mutating func convolution(_ node: ONNXNodeReader) throws {
    let weight = try tensor(node, 1, "weight")
    try node.require(weight.shape.rank == 4, "convolutions are two-dimensional", value: weight.shape.description)
    var border = Padding.zero
    let input: Network.ValueID
    if let name = node.input(0), case .padded(let source, let padding) = try imported(name, for: node) {
      (input, border) = (source, padding)
    } else {
      input = try operand(node)
    }
    let image = try image(input, node)
    let kernel = Extent(height: weight.shape[2], width: weight.shape[3])
    try node.require(try node.extent("kernel_shape", default: kernel) == kernel, "kernel_shape is that of the weight")
    var op = Convolution(channels: weight.shape[0], kernel: kernel)
    (op.stride, op.dilation) = (try node.extent("strides"), try node.extent("dilations"))
    op.groups = node.integer("group", default: 1)
    let padded = Extent(
      height: image.height + border.top + border.bottom, width: image.width + border.left + border.right)
    op.padding = try node.padding(padded, kernel: kernel, stride: op.stride, dilation: op.dilation) + border
    var parameters = [("weight", weight)]
    if node.input(2) != nil {
      op.hasBias = true
      parameters.append(("bias", try tensor(node, 2, "bias")))
    }
    let scales = try byteScales(node, 1, axis: 0, channels: op.channels)
    op.hasByteWeights = scales != nil
    parameters += byteScaleParameter(scales)
    try define(node, .convolution(op), [input], parameters)
  }

  /// alpha · A · B + beta · C, where B and C are constant.
  private mutating func gemm(_ node: ONNXNodeReader) throws {
    try node.require(node.integer("transA", default: 0) == 0, "the first operand is not transposed")
    var weight = try tensor(node, 1, "weight")
    try node.require(weight.shape.rank == 2, "the weight is a matrix", value: weight.shape.description)
    // Another copy is made where a weight is changed.
    try charge(weight.values.count)
    let input = try operand(node)
    try node.require(
      builder.shape(input).rank == 2, "the operand is a matrix, batch × numbers", value: "\(builder.shape(input))")
    let isTransposed = node.integer("transB", default: 0) != 0
    if !isTransposed { weight = weight.transposed }
    var scales = try byteScales(node, 1, axis: isTransposed ? 0 : 1, channels: weight.shape[0])
    let alpha = node.real("alpha", default: 1)
    if alpha != 1 {
      weight.values = weight.values.map { $0 * alpha }
      scales = nil
    }
    guard node.input(2) != nil else {
      return try define(node, .product(input, weight: weight, scales: scales, name: node.name))
    }
    let beta = node.real("beta", default: 1)
    let bias = try bias(try tensor(node, 2, "bias"), weight.shape[0], node)
    try define(node, .node(fullyConnected(node, input, weight, scales, bias.map { $0 * beta })))
  }

  private mutating func matrixProduct(_ node: ONNXNodeReader) throws {
    guard let constant = try constant(node, 1), constant.shape.rank == 2, case .reals(let numbers) = constant.elements
    else { return try valueProduct(node) }
    let weight = Tensor(constant.shape, numbers)
    try charge(weight.values.count)
    let scales = try byteScales(node, 1, axis: 1, channels: weight.shape[1])
    try define(node, .product(operand(node), weight: weight.transposed, scales: scales, name: node.name))
  }

  /// One number per feature.
  mutating func bias(_ tensor: Tensor, _ features: Int, _ node: ONNXNodeReader) throws -> [Float] {
    try charge(features)
    if tensor.values.count == 1 { return Array(repeating: tensor.values[0], count: features) }
    try node.require(
      tensor.values.count == features && tensor.shape[-1] == features, "the bias has one number per feature",
      value: tensor.shape.description)
    return tensor.values
  }

  mutating func fullyConnected(
    _ node: ONNXNodeReader, _ input: Network.ValueID, _ weight: Tensor, _ scales: [Float]?, _ bias: [Float]
  ) throws -> Network.ValueID {
    var linear = Linear(features: weight.shape[0])
    linear.hasByteWeights = scales != nil
    let parameters = [("weight", weight), ("bias", Tensor([bias.count], bias))] + byteScaleParameter(scales)
    return try append(node.name, .linear(linear), [input], parameters)
  }

  /// The last parameter of a layer with byte weights.
  func byteScaleParameter(_ scales: [Float]?) -> [(String, Tensor)] {
    scales.map { [("scale", Tensor([$0.count], $0))] } ?? []
  }

  /// The height and width of an image.
  func image(_ value: Network.ValueID, _ node: ONNXNodeReader) throws -> Extent {
    let shape = builder.shape(value)
    try node.require(
      shape.rank == 4, "the operand is an image, batch × channels × height × width", value: shape.description)
    return Extent(height: shape[2], width: shape[3])
  }
}

extension Tensor {
  /// A matrix with rows and columns exchanged.
  var transposed: Tensor {
    let (rows, columns) = (shape[0], shape[1])
    var result = Tensor([columns, rows])
    for row in 0..<rows {
      for column in 0..<columns { result.values[column * rows + row] = values[row * columns + column] }
    }
    return result
  }
}

extension Padding {
  /// One border around another.
  fileprivate static func + (inner: Padding, outer: Padding) -> Padding {
    Padding(
      top: inner.top + outer.top, left: inner.left + outer.left, bottom: inner.bottom + outer.bottom,
      right: inner.right + outer.right)
  }
}
