import CKernels
import Diagnostics
import Networks
import Tensors

extension PlanCompiler {
  /// Makes the step or view for a node.
  mutating func lower(_ node: Network.Node, _ position: Int) throws -> PlanValue {
    switch node.op {
    case .input: return try lowerInput(node)
    case .normalize(let mean, let deviation): return try lowerNormalize(node, mean, deviation)
    case .convolution(let convolution): return try lower(convolution, node)
    case .linear(let linear): return try lower(linear, node)
    case .batchNorm(let epsilon): return try lowerBatchNorm(node, epsilon)
    case .activation(let activation): return try lower(activation, node)
    case .add, .multiply: return try lowerPair(node)
    case .concat, .channelShuffle, .channelSlice: return try lowerColumns(node)
    case .globalAveragePool, .pool, .resize, .flatten: return try lowerImage(node)
    case .constant, .binary, .transpose, .reshape, .slice, .join, .matrixProduct, .softmax, .layerNorm, .resample:
      throw untrainable(node, "convolutional networks are trained here; \(node.op.name) runs in inference alone")
    case .embedding, .rmsNorm, .attention, .swiglu:
      throw untrainable(node, "image networks are trained here; \(node.op.name) belongs to language models")
    }
  }

  func untrainable(_ node: Network.Node, _ rule: String, remedy: String? = nil) -> Diagnostic {
    Diagnostic(.failure, "the node cannot be trained", at: .init(path: node.name), rule: rule, remedy: remedy)
  }

  private mutating func lowerInput(_ node: Network.Node) throws -> PlanValue {
    guard node.shape.rank == 4, node.shape[0] == 1 else {
      throw untrainable(node, "the input is one image, 1 × channels × height × width")
    }
    return makeStored(node.shape, needsGradient: false, isInput: true)
  }

  private mutating func lowerNormalize(
    _ node: Network.Node, _ mean: [Float], _ deviation: [Float]
  ) throws -> PlanValue {
    let base = try exclusive(node.inputs[0])
    let norm = Normalisation(channels: base.channels, chunks: 1, isConstant: true, in: memory)
    base.gradientNormalisation = norm
    append(ConstantNormStep(norm, mean: mean, deviation: deviation))
    return makeView(of: base, norm, qn_identity, needsGradient: base.needsGradient)
  }

  private mutating func lowerBatchNorm(_ node: Network.Node, _ epsilon: Float) throws -> PlanValue {
    let base = try exclusive(node.inputs[0])
    let norm = Normalisation(channels: base.channels, chunks: chunks, isConstant: false, in: memory)
    base.gradientNormalisation = norm
    let isFused = takesMoments(of: base, norm)
    let learned = try node.parameters[0..<2].map { try packed($0) }
    append(
      BatchNormStep(
        base, norm, parameters: learned, statistics: Array(node.parameters[2..<4]), epsilon: epsilon,
        isFused: isFused,
        memory: memory))
    return makeView(of: base, norm, qn_identity, needsGradient: true)
  }

  /// Lets the step that has just been made take the moments of its result, where it can.
  private func takesMoments(of base: PlanValue, _ norm: Normalisation) -> Bool {
    guard base.producer == steps.count - 1 else { return false }
    switch steps.last {
    case let step as PointwiseStep: step.norm = norm
    case let step as DepthwiseStep: step.norm = norm
    case let step as WindowedStep: step.norm = norm
    default: return false
    }
    return true
  }

  private mutating func lower(_ activation: Activation, _ node: Network.Node) throws -> PlanValue {
    let operand = try value(node.inputs[0])
    guard let code = activation.code else {
      throw untrainable(node, "\(activation.rawValue) runs in inference alone")
    }
    // A view that only normalises takes the activation along if nobody else sees it.
    if let base = operand.base, operand.activation == qn_identity, hasOneReader(node.inputs[0]) {
      return makeView(of: base, operand.normalisation, code, needsGradient: operand.needsGradient)
    }
    let base = try exclusive(node.inputs[0])
    return makeView(of: base, nil, code, needsGradient: base.needsGradient)
  }

  private mutating func lowerPair(_ node: Network.Node) throws -> PlanValue {
    let left = try value(node.inputs[0])
    let right = try value(node.inputs[1])
    let needsGradient = left.needsGradient || right.needsGradient
    if node.op == .multiply, right.pixels == 1, left.pixels > 1 { return try lowerGate(node, left) }
    let operands = (operand(left), operand(right))
    let output = makeStored(node.shape, needsGradient: needsGradient)
    if node.op == .add {
      append(AddStep(operands.0, operands.1, output, memory: memory))
    } else {
      append(MultiplyStep(operands.0, operands.1, output, memory: memory))
    }
    return output
  }

  /// A gated view has one reader, its factor is not gated itself, and its gates are stored for it alone.
  private mutating func lowerGate(_ node: Network.Node, _ left: PlanValue) throws -> PlanValue {
    let factor = left.gated == nil ? left : makeCopy(left)
    let product = makeGated(factor, by: try exclusive(node.inputs[1]))
    let position = network.nodes.firstIndex { $0.name == node.name }
    return position.map(hasOneReader) == true ? product : makeCopy(product)
  }

  private mutating func lowerColumns(_ node: Network.Node) throws -> PlanValue {
    let sources = try node.inputs.map { try value($0) }
    let operands = sources.map { operand($0) }
    let output = makeStored(node.shape, needsGradient: sources.contains { $0.needsGradient })
    append(ColumnsStep(operands, output, runs(node.op, sources), memory: memory))
    return output
  }

  private func runs(_ op: Operator, _ sources: [PlanValue]) -> [ColumnsStep.Run] {
    let channels = sources[0].channels
    switch op {
    case .channelSlice(let start, let count): return [.init(operand: 0, from: start, to: 0, count: count)]
    case .channelShuffle(let groups):
      let size = channels / groups
      return (0..<groups).map { .init(operand: 0, from: $0 * size, to: $0, toStep: groups, count: size) }
    default:
      var runs: [ColumnsStep.Run] = []
      for (position, source) in sources.enumerated() {
        let to = runs.last.map { $0.to + $0.count } ?? 0
        runs.append(.init(operand: position, from: 0, to: to, count: source.channels))
      }
      return runs
    }
  }

  private mutating func lowerImage(_ node: Network.Node) throws -> PlanValue {
    let source = try value(node.inputs[0])
    let operand = operand(source, isPooled: node.op == .globalAveragePool)
    let output = makeStored(node.shape, needsGradient: source.needsGradient)
    switch node.op {
    case .globalAveragePool: append(GlobalPoolStep(operand, output, memory: memory))
    case .resize: append(ImageStep(operand, output, .resize, memory: memory))
    case .pool(let pool):
      let window = source.window(
        output, kernel: pool.kernel, stride: pool.stride, padding: pool.padding, dilation: .one)
      append(ImageStep(operand, output, .pool(window, maximum: pool.kind == .maximum), memory: memory))
    default: append(ImageStep(operand, output, .flatten, memory: memory))
    }
    return output
  }
}

extension PlanCompiler {
  private mutating func lower(_ convolution: Convolution, _ node: Network.Node) throws -> PlanValue {
    guard convolution.activation == .identity, node.inputs.count == 1 else {
      throw untrainable(
        node, "networks are trained before fusion", remedy: "pass the network that was not fused")
    }
    let source = try value(node.inputs[0])
    let (weight, bias) = try learned(node)
    let operand = operand(source)
    let output = makeStored(node.shape, needsGradient: true)
    let window = source.window(
      output, kernel: convolution.kernel, stride: convolution.stride, padding: convolution.padding,
      dilation: convolution.dilation)
    if convolution.isPointwise {
      append(PointwiseStep(operand, output, weight: weight, bias: bias, chunks: chunks, memory: memory))
    } else if convolution.groups == source.channels, convolution.channels == source.channels {
      append(
        DepthwiseStep(
          operand, output, window: window, weight: weight, bias: bias, chunks: chunks, memory: memory))
    } else {
      append(
        WindowedStep(
          operand, output, window: window, groups: convolution.groups, weight: weight, bias: bias,
          chunks: chunks,
          memory: memory))
    }
    return output
  }

  private mutating func lower(_ linear: Linear, _ node: Network.Node) throws -> PlanValue {
    guard node.shape.rank == 2 else {
      throw untrainable(node, "a fully connected layer reads batch × features")
    }
    guard linear.activation == .identity else {
      throw untrainable(
        node, "networks are trained before fusion", remedy: "pass the network that was not fused")
    }
    let source = try value(node.inputs[0])
    let (weight, bias) = try learned(node)
    let operand = operand(source)
    let output = makeStored(node.shape, needsGradient: true)
    append(PointwiseStep(operand, output, weight: weight, bias: bias, chunks: chunks, memory: memory))
    return output
  }

  private func learned(_ node: Network.Node) throws -> (weight: PackedParameter, bias: PackedParameter?) {
    (try packed(node.parameters[0]), node.parameters.count > 1 ? try packed(node.parameters[1]) : nil)
  }

  private func packed(_ parameter: Parameter) throws -> PackedParameter {
    try PackedParameter(parameter, store: store, memory: memory)
  }
}

extension Convolution {
  /// Whether every pixel is multiplied by one matrix.
  fileprivate var isPointwise: Bool { kernel == .one && stride == .one && padding == .zero && groups == 1 }
}

extension PlanValue {
  fileprivate func window(
    _ output: PlanValue, kernel: Extent, stride: Extent, padding: Padding, dilation: Extent
  ) -> qn_window {
    qn_window(
      height: Int32(height), width: Int32(width), channels: Int32(channels), out_height: Int32(output.height),
      out_width: Int32(output.width), kernel_height: Int32(kernel.height), kernel_width: Int32(kernel.width),
      stride_y: Int32(stride.height), stride_x: Int32(stride.width), pad_top: Int32(padding.top),
      pad_left: Int32(padding.left), dilation_y: Int32(dilation.height), dilation_x: Int32(dilation.width))
  }
}

extension Activation {
  /// The activation as the kernels name it; `nil` where they have no derivative of it.
  var code: qn_activation? {
    switch self {
    case .identity: qn_identity
    case .relu: qn_relu
    case .relu6: qn_relu6
    case .hswish: qn_hswish
    case .hsigmoid: qn_hsigmoid
    case .swish: qn_swish
    case .sigmoid: qn_sigmoid
    case .gelu, .geluTanh, .tanh: nil
    }
  }
}

/// Sets the constants of `Operator.normalize`.
final class ConstantNormStep: TrainingStep {
  let kind = StepKind.normalisation
  private let norm: Normalisation
  private let mean: [Float]
  private let deviation: [Float]

  init(_ norm: Normalisation, mean: [Float], deviation: [Float]) {
    (self.norm, self.mean, self.deviation) = (norm, mean, deviation)
  }

  var scratchElements: Int { 0 }

  func forward(_ context: PassContext) {
    for c in 0..<norm.channels {
      norm.scale[c] = 1 / deviation[c]
      norm.shift[c] = -mean[c] / deviation[c]
      (norm.slope[c], norm.tilt[c], norm.offset[c]) = (norm.scale[c], 0, 0)
    }
  }

  func backward(_ context: PassContext) {}
}
