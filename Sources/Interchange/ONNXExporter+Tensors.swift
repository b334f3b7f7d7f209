import Diagnostics
import Networks
import Tensors

extension ONNXExporter {
  /// Adds the ONNX nodes of an operator on tensors of any rank.
  mutating func emitTensors(_ node: Network.Node, inputs: [String], output: String) throws {
    func simple(_ op: String, _ attributes: [ONNXAttributeProto] = []) {
      emit(op, inputs, name: node.name, output: output, attributes)
    }
    switch node.op {
    case .binary(let operation): simple(operation.onnx)
    case .transpose(let order): simple("Transpose", [.integers("perm", order)])
    case .reshape(let shape):
      // What remains is the first extent, which the batch multiplies.
      let target = constant(node.name + ".shape", [-1] + shape.dimensions[1...])
      emit("Reshape", [inputs[0], target], name: node.name, output: output)
    case .slice(let slice):
      let end = slice.start + (slice.count - 1) * slice.step + 1
      let bounds = [
        constant(node.name + ".start", [slice.start]), constant(node.name + ".end", [end]),
        constant(node.name + ".axis", [slice.axis]), constant(node.name + ".step", [slice.step]),
      ]
      emit("Slice", [inputs[0]] + bounds, name: node.name, output: output)
    case .join(let axis): join(axis, node, inputs, output)
    case .matrixProduct(let product): matrixProduct(product, node, inputs, output)
    case .softmax: simple("Softmax", [.integer("axis", -1)])
    case .layerNorm(let epsilon):
      let parameters = try node.parameters.map { try constant($0) }
      emit(
        "LayerNormalization", inputs + parameters, name: node.name, output: output,
        [.integer("axis", -1), .real("epsilon", epsilon)])
    case .resample(let resampling): resample(resampling, node, inputs, output)
    default:
      throw Diagnostic(
        .failure, "the operator cannot be exported to ONNX", at: .init(path: node.name), value: node.op.name,
        rule: "vision networks can be exported")
    }
  }

  private mutating func matrixProduct(
    _ product: MatrixProduct, _ node: Network.Node, _ inputs: [String], _ output: String
  ) {
    guard product.scale != 1 else { return emit("MatMul", inputs, name: node.name, output: output) }
    let value = unusedName(node.name + ".product")
    emit("MatMul", inputs, name: node.name, output: value)
    let scale = constant(node.name + ".scale", Tensor([], [product.scale]))
    emit("Mul", [value, scale], name: node.name + ".scaled", output: output)
  }

  /// Constants are spread over the batch of the first operand that is none.
  private mutating func join(_ axis: Int, _ node: Network.Node, _ inputs: [String], _ output: String) {
    let isConstant = node.inputs.map { position in
      if case .constant = network.nodes[position].op { true } else { false }
    }
    var operands = inputs
    if let value = isConstant.firstIndex(of: false), isConstant.contains(true) {
      let batch = batchSize(of: inputs[value], divisor: network.nodes[node.inputs[value]].shape[0], node)
      for position in operands.indices where isConstant[position] {
        operands[position] = spread(inputs[position], network.nodes[node.inputs[position]].shape, batch, node)
      }
    }
    emit("Concat", operands, name: node.name, output: output, [.integer("axis", axis)])
  }

  /// The number of images as a list of one number.
  private mutating func batchSize(of value: String, divisor: Int, _ node: Network.Node) -> String {
    let names = ["shape", "extent", "batch"].map { unusedName("\(node.name).\($0)") }
    let (first, second) = (constant(node.name + ".first", [0]), constant(node.name + ".second", [1]))
    emit("Shape", [value], name: names[0], output: names[0])
    emit("Slice", [names[0], first, second], name: names[1], output: names[1])
    guard divisor != 1 else { return names[1] }
    emit("Div", [names[1], constant(node.name + ".divisor", [divisor])], name: names[2], output: names[2])
    return names[2]
  }

  private mutating func spread(_ value: String, _ shape: Shape, _ batch: String, _ node: Network.Node) -> String {
    let names = ["spread.shape", "spread"].map { unusedName("\(node.name).\($0)") }
    let rest = constant(node.name + ".rest", Array(shape.dimensions[1...]))
    emit("Concat", [batch, rest], name: names[0], output: names[0], [.integer("axis", 0)])
    emit("Expand", [value, names[0]], name: names[1], output: names[1])
    return names[1]
  }

  private mutating func resample(
    _ resampling: Resampling, _ node: Network.Node, _ inputs: [String], _ output: String
  ) {
    let batch = batchSize(of: inputs[0], divisor: 1, node)
    let size = unusedName(node.name + ".size")
    let image = constant(
      node.name + ".image", [node.shape[1], resampling.size.height, resampling.size.width])
    emit("Concat", [batch, image], name: size, output: size, [.integer("axis", 0)])
    var attributes: [ONNXAttributeProto] = [
      .text("coordinate_transformation_mode", resampling.coordinates.rawValue)
    ]
    switch resampling.mode {
    case .linear: attributes.append(.text("mode", "linear"))
    case .nearest(let rounding):
      attributes += [.text("mode", "nearest"), .text("nearest_mode", rounding.rawValue)]
    }
    emit("Resize", [inputs[0], "", "", size], name: node.name, output: output, attributes)
  }

  /// A fully connected layer over the last of several dimensions.
  mutating func tokenLinear(
    _ linear: Linear, _ node: Network.Node, _ inputs: [String], _ output: String
  ) throws {
    let product = linear.hasBias ? unusedName(node.name + ".product") : output
    let weight = try transposedConstant(node.parameters[0])
    emit("MatMul", [inputs[0], weight], name: node.name, output: product)
    if linear.hasBias {
      emit("Add", [product, try constant(node.parameters[1])], name: node.name + ".bias", output: output)
    }
  }

  /// x · Φ(x) as x · (1 + erf(x / √2)) / 2, in operators of every set.
  mutating func gelu(_ input: String, name: String, _ output: String) {
    let names = ["scaled", "erf", "sum", "product"].map { unusedName("\(name).\($0)") }
    let root = constant(name + ".root", Tensor([], [Float(2).squareRoot()]))
    let one = constant(name + ".one", Tensor([], [1]))
    let half = constant(name + ".half", Tensor([], [0.5]))
    emit("Div", [input, root], name: names[0], output: names[0])
    emit("Erf", [names[0]], name: names[1], output: names[1])
    emit("Add", [names[1], one], name: names[2], output: names[2])
    emit("Mul", [input, names[2]], name: names[3], output: names[3])
    emit("Mul", [names[3], half], name: name, output: output)
  }

  /// x · sigmoid(√(8/π) · (x + 0.044715 · x³))
  mutating func geluTanh(_ input: String, name: String, _ output: String) {
    let names = ["square", "slope", "factor", "inner", "gate"].map { unusedName("\(name).\($0)") }
    let root = (8 / Double.pi).squareRoot()
    let cubic = constant(name + ".cubic", Tensor([], [Float(0.044715 * root)]))
    let linear = constant(name + ".linear", Tensor([], [Float(root)]))
    emit("Mul", [input, input], name: names[0], output: names[0])
    emit("Mul", [names[0], cubic], name: names[1], output: names[1])
    emit("Add", [names[1], linear], name: names[2], output: names[2])
    emit("Mul", [input, names[2]], name: names[3], output: names[3])
    emit("Sigmoid", [names[3]], name: names[4], output: names[4])
    emit("Mul", [input, names[4]], name: name, output: output)
  }
}

extension BinaryOperation {
  /// The ONNX operator.
  var onnx: String {
    switch self {
    case .add: "Add"
    case .subtract: "Sub"
    case .multiply: "Mul"
    case .divide: "Div"
    case .maximum: "Max"
    case .minimum: "Min"
    }
  }
}
