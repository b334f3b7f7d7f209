import Diagnostics
import Networks
import Tensors

extension ONNXExporter {
  /// Adds the ONNX nodes of one node; the last one produces `output`.
  mutating func emit(_ node: Network.Node, inputs: [String], output: String) throws {
    func simple(_ op: String, _ attributes: [ONNXAttributeProto] = []) {
      emit(op, inputs, name: node.name, output: output, attributes)
    }
    switch node.op {
    case .normalize(let mean, let deviation): normalize(mean, deviation, node, inputs, output)
    case .resize(let height, let width): resize(height, width, node, inputs, output)
    case .convolution(let convolution): try self.convolution(convolution, node, inputs, output)
    case .batchNorm(let epsilon):
      let parameters = try node.parameters.map { try constant($0) }
      emit(
        "BatchNormalization", inputs + parameters, name: node.name, output: output, [.real("epsilon", epsilon)])
    case .activation(let activation): self.activation(activation, inputs[0], name: node.name, output)
    case .add: simple("Add")
    case .multiply: simple("Mul")
    case .pool(let pool): self.pool(pool, node, inputs, output)
    case .globalAveragePool: simple("GlobalAveragePool")
    case .flatten: simple("Flatten", [.integer("axis", 1)])
    case .linear(let linear): try self.linear(linear, node, inputs, output)
    case .concat: simple("Concat", [.integer("axis", 1)])
    case .channelShuffle(let groups): shuffle(groups, node, inputs, output)
    case .channelSlice(let start, let count): slice(start, count, node, inputs, output)
    case .constant: result.initializer.append(.reals(output, try tensor(node.parameters[0])))
    case .binary, .transpose, .reshape, .slice, .join, .matrixProduct, .softmax, .layerNorm, .resample:
      try emitTensors(node, inputs: inputs, output: output)
    case .input, .embedding, .rmsNorm, .attention, .swiglu:
      throw Diagnostic(
        .failure, "the operator cannot be exported to ONNX", at: .init(path: node.name), value: node.op.name,
        rule: "vision networks can be exported")
    }
  }

  /// Subtraction and division as the operator defines them, so that the numbers are the same.
  private mutating func normalize(
    _ mean: [Float], _ deviation: [Float], _ node: Network.Node, _ inputs: [String], _ output: String
  ) {
    let shape: Shape = [1, mean.count, 1, 1]
    let centred = unusedName(node.name + ".centred")
    let (means, deviations) = (
      constant(node.name + ".mean", Tensor(shape, mean)), constant(node.name + ".deviation", Tensor(shape, deviation))
    )
    emit("Sub", [inputs[0], means], name: node.name + ".centre", output: centred)
    emit("Div", [centred, deviations], name: node.name, output: output)
  }

  /// The size is stated exactly, which needs the batch from the value itself: scales would be rounded.
  private mutating func resize(
    _ height: Int, _ width: Int, _ node: Network.Node, _ inputs: [String], _ output: String
  ) {
    let names = ["shape", "batch", "size"].map { unusedName("\(node.name).\($0)") }
    let first = constant(node.name + ".first", [0])
    let second = constant(node.name + ".second", [1])
    let image = constant(node.name + ".image", [node.shape[1], height, width])
    emit("Shape", [inputs[0]], name: names[0], output: names[0])
    emit("Slice", [names[0], first, second], name: names[1], output: names[1])
    emit("Concat", [names[1], image], name: names[2], output: names[2], [.integer("axis", 0)])
    emit(
      "Resize", [inputs[0], "", "", names[2]], name: node.name, output: output,
      [.text("mode", "linear"), .text("coordinate_transformation_mode", "half_pixel")])
  }

  private mutating func convolution(
    _ convolution: Convolution, _ node: Network.Node, _ inputs: [String], _ output: String
  ) throws {
    let (adds, activates) = (inputs.count > 1, convolution.activation != .identity)
    let product = adds || activates ? unusedName(node.name + ".product") : output
    let parameters = try layerParameters(
      node, hasBias: convolution.hasBias, hasByteWeights: convolution.hasByteWeights)
    emit(
      "Conv", [inputs[0]] + parameters, name: node.name, output: product,
      [
        .extent("kernel_shape", convolution.kernel), .extent("strides", convolution.stride),
        .padding(convolution.padding), .extent("dilations", convolution.dilation),
        .integer("group", convolution.groups),
      ])
    var value = product
    if adds {
      value = activates ? unusedName(node.name + ".sum") : output
      emit("Add", [product, inputs[1]], name: node.name + ".sum", output: value)
    }
    if activates { activation(convolution.activation, value, name: node.name + ".activation", output) }
  }

  private mutating func linear(
    _ linear: Linear, _ node: Network.Node, _ inputs: [String], _ output: String
  ) throws {
    let activates = linear.activation != .identity
    let value = activates ? unusedName(node.name + ".product") : output
    if node.shape.rank == 2 {
      let parameters = try layerParameters(node, hasBias: linear.hasBias, hasByteWeights: linear.hasByteWeights)
      emit("Gemm", [inputs[0]] + parameters, name: node.name, output: value, [.integer("transB", 1)])
    } else {
      try tokenLinear(linear, node, inputs, value)
    }
    if activates { activation(linear.activation, value, name: node.name + ".activation", output) }
  }

  private mutating func activation(_ activation: Activation, _ input: String, name: String, _ output: String) {
    switch activation {
    case .identity: emit("Identity", [input], name: name, output: output)
    case .relu: emit("Relu", [input], name: name, output: output)
    case .relu6:
      let bounds = [constant(name + ".least", Tensor([], [0])), constant(name + ".most", Tensor([], [6]))]
      emit("Clip", [input] + bounds, name: name, output: output)
    case .hswish: emit("HardSwish", [input], name: name, output: output)
    case .hsigmoid:
      emit("HardSigmoid", [input], name: name, output: output, [.real("alpha", 1 / 6), .real("beta", 0.5)])
    case .swish:
      let gate = unusedName(name + ".gate")
      emit("Sigmoid", [input], name: name + ".gate", output: gate)
      emit("Mul", [input, gate], name: name, output: output)
    case .sigmoid: emit("Sigmoid", [input], name: name, output: output)
    case .gelu: gelu(input, name: name, output)
    case .geluTanh: geluTanh(input, name: name, output)
    case .tanh: emit("Tanh", [input], name: name, output: output)
    }
  }

  private mutating func pool(_ pool: Pool, _ node: Network.Node, _ inputs: [String], _ output: String) {
    let window: [ONNXAttributeProto] = [
      .extent("kernel_shape", pool.kernel), .extent("strides", pool.stride), .padding(pool.padding),
    ]
    switch pool.kind {
    case .maximum: emit("MaxPool", inputs, name: node.name, output: output, window)
    case .average:
      emit("AveragePool", inputs, name: node.name, output: output, window + [.integer("count_include_pad", 0)])
    }
  }

  /// Channels as groups × rest, swapped, and joined again; extent 0 keeps the batch.
  private mutating func shuffle(_ groups: Int, _ node: Network.Node, _ inputs: [String], _ output: String) {
    let image = [node.shape[2], node.shape[3]]
    let split = constant(node.name + ".split", [0, groups, node.shape[1] / groups] + image)
    let joined = constant(node.name + ".joined", [0, node.shape[1]] + image)
    let names = ["groups", "swapped"].map { unusedName("\(node.name).\($0)") }
    emit("Reshape", [inputs[0], split], name: names[0], output: names[0])
    emit("Transpose", [names[0]], name: names[1], output: names[1], [.integers("perm", [0, 2, 1, 3, 4])])
    emit("Reshape", [names[1], joined], name: node.name, output: output)
  }

  private mutating func slice(
    _ start: Int, _ count: Int, _ node: Network.Node, _ inputs: [String], _ output: String
  ) {
    let bounds = [
      constant(node.name + ".start", [start]), constant(node.name + ".end", [start + count]),
      constant(node.name + ".axis", [1]),
    ]
    emit("Slice", [inputs[0]] + bounds, name: node.name, output: output)
  }
}
