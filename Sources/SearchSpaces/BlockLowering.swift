import Networks

/// Appends one block of a stage to a network.
struct BlockLowering {
  /// The first part of the names of nodes and parameters, such as `late.2.mbconv`.
  let name: String
  let block: Blueprint.Block
  /// The number of output channels.
  let channels: Int
  let stride: Int
  /// Whether the block stands where some network of the space changes the shape. A bottleneck then has a projection
  /// in its shortcut in every network, so that its shared tensors are the same for all.
  let mayChangeShape: Bool

  func append(to lowering: inout Lowering, _ input: Network.ValueID) throws -> Network.ValueID {
    switch block.kind {
    case .mbconv: try invertedResidual(&lowering, input)
    case .fusedMBConv: try fusedInvertedResidual(&lowering, input)
    case .conv: try lowering.layer("\(name).spatial", input, spatial(channels, stride), block.activation)
    case .bottleneck: try bottleneck(&lowering, input)
    case .shuffle: try shuffle(&lowering, input)
    case .skip: input
    }
  }

  /// Expansion 1×1 (left out where `expand` is 1), depthwise convolution, squeeze-excite, projection 1×1, and the
  /// input added where the shape is kept.
  private func invertedResidual(
    _ lowering: inout Lowering, _ input: Network.ValueID
  ) throws -> Network.ValueID {
    let hidden = hidden(lowering, input)
    var value = input
    if block.expand != 1 {
      value = try lowering.layer("\(name).expand", value, pointwise(hidden), block.activation)
    }
    value = try lowering.layer("\(name).depthwise", value, depthwise(hidden, stride), block.activation)
    value = try squeezeExcite(&lowering, value)
    value = try lowering.layer("\(name).project", value, pointwise(channels))
    return try residual(&lowering, value, input)
  }

  /// A full convolution in place of expansion and depthwise convolution; the projection is there for every `expand`.
  private func fusedInvertedResidual(
    _ lowering: inout Lowering, _ input: Network.ValueID
  ) throws -> Network.ValueID {
    var value = try lowering.layer(
      "\(name).fused", input, spatial(hidden(lowering, input), stride), block.activation)
    value = try squeezeExcite(&lowering, value)
    value = try lowering.layer("\(name).project", value, pointwise(channels))
    return try residual(&lowering, value, input)
  }

  /// 1×1 down, k×k with the stride, 1×1 up, squeeze-excite, shortcut, activation (the variant of He et al. that strides
  /// in the middle convolution).
  private func bottleneck(_ lowering: inout Lowering, _ input: Network.ValueID) throws -> Network.ValueID {
    let hidden = hidden(lowering, input)
    var value = try lowering.layer("\(name).reduce", input, pointwise(hidden), block.activation)
    value = try lowering.layer("\(name).spatial", value, spatial(hidden, stride), block.activation)
    value = try lowering.layer("\(name).restore", value, pointwise(channels))
    value = try squeezeExcite(&lowering, value)
    var shortcut = input
    if mayChangeShape {
      shortcut = try lowering.layer(
        "\(name).shortcut", input, Convolution(channels: channels, kernel: .one, stride: .init(stride)))
    }
    value = try lowering.builder.append("\(name).add", .add, [value, shortcut])
    return try lowering.builder.append("\(name).activation", .activation(block.activation), [value])
  }

  /// Grouped 1×1, channel shuffle, depthwise k×k with the stride, grouped 1×1, and the input added where the shape is
  /// kept; then the activation.
  private func shuffle(_ lowering: inout Lowering, _ input: Network.ValueID) throws -> Network.ValueID {
    let hidden = hidden(lowering, input)
    var value = try lowering.layer(
      "\(name).reduce", input, pointwise(hidden, groups: block.groups), block.activation)
    value = try lowering.builder.append("\(name).shuffle", .channelShuffle(groups: block.groups), [value])
    value = try lowering.layer("\(name).depthwise", value, depthwise(hidden, stride))
    value = try lowering.layer("\(name).restore", value, pointwise(channels, groups: block.groups))
    value = try residual(&lowering, value, input)
    return try lowering.builder.append("\(name).activation", .activation(block.activation), [value])
  }

  /// Scales each channel by a gate computed from the channels' means (Hu et al., 2018), with the hard sigmoid of
  /// MobileNetV3.
  private func squeezeExcite(_ lowering: inout Lowering, _ input: Network.ValueID) throws -> Network.ValueID {
    guard block.squeeze > 0 else { return input }
    let channels = lowering.builder.shape(input)[1]
    let squeezed = ChannelRounding.squeezed(channels, ratio: block.squeeze)
    let prefix = "\(name).squeeze"
    var gate = try lowering.builder.append("\(prefix).pool", .globalAveragePool, [input])
    gate = try lowering.convolution(
      "\(prefix).reduce", gate, Convolution(channels: squeezed, kernel: .one, hasBias: true))
    gate = try lowering.builder.append("\(prefix).activation", .activation(.relu), [gate])
    gate = try lowering.convolution(
      "\(prefix).restore", gate, Convolution(channels: channels, kernel: .one, hasBias: true))
    gate = try lowering.builder.append("\(prefix).gate", .activation(.hsigmoid), [gate])
    return try lowering.builder.append("\(prefix).scale", .multiply, [input, gate])
  }

  private func residual(
    _ lowering: inout Lowering, _ value: Network.ValueID, _ input: Network.ValueID
  ) throws -> Network.ValueID {
    guard stride == 1, lowering.builder.shape(value) == lowering.builder.shape(input) else { return value }
    return try lowering.builder.append("\(name).add", .add, [value, input])
  }

  private func hidden(_ lowering: Lowering, _ input: Network.ValueID) -> Int {
    ChannelRounding.hidden(
      block.kind, input: lowering.builder.shape(input)[1], output: channels, expand: block.expand)
  }

  private func pointwise(_ channels: Int, groups: Int = 1) -> Convolution {
    Convolution(channels: channels, kernel: .one, groups: groups)
  }

  private func spatial(_ channels: Int, _ stride: Int) -> Convolution {
    Convolution(channels: channels, kernel: block.kernel, stride: .init(stride), groups: block.groups)
  }

  private func depthwise(_ channels: Int, _ stride: Int) -> Convolution {
    Convolution(channels: channels, kernel: block.kernel, stride: .init(stride), groups: channels)
  }
}
