import Networks

/// What the blocks of a stage have in common.
struct ProbeBlock {
  /// The kinds of blocks of published networks.
  enum Kind: CaseIterable {
    case plain, basic, bottleneck, inverted, fusedInverted, separable, shuffle, fire, dense, ghost, pooled

    /// Full convolutions wider than 1×1 have few channels in published networks.
    var mostChannels: Int {
      switch self {
      case .plain, .basic, .fusedInverted, .fire, .pooled: 512
      case .bottleneck, .inverted, .separable, .shuffle, .dense, .ghost: 2048
      }
    }
  }

  var kind: Kind
  var channels: Int
  var kernel: Int
  var expand: Double
  var groups: Int
  var hasSqueeze: Bool
}

extension ProbeBuilder {
  /// Draws what the blocks of a stage have in common.
  mutating func block(like kind: ProbeBlock.Kind, _ channels: Int) -> ProbeBlock {
    let kernel =
      switch kind {
      case .plain: random.pick([1, 3, 3, 3, 5])
      case .inverted, .separable, .shuffle: random.pick([3, 3, 5, 5, 7])
      default: 3
      }
    return ProbeBlock(
      kind: kind, channels: channels, kernel: kernel, expand: random.pick([1, 2, 3, 4, 6]),
      groups: random.pick([1, 1, 1, 8, 16, 24, 32]), hasSqueeze: random.below(3) == 0)
  }

  /// Appends a block.
  mutating func append(_ block: ProbeBlock, _ input: Network.ValueID, stride: Int) throws -> Network.ValueID {
    switch block.kind {
    case .plain: try convolution(input, block.channels, kernel: block.kernel, stride: stride)
    case .basic: try basic(block, input, stride)
    case .bottleneck: try bottleneck(block, input, stride)
    case .inverted, .fusedInverted: try inverted(block, input, stride)
    case .separable:
      try convolution(
        depthwise(input, block.kernel, stride), block.channels, kernel: 1)
    case .shuffle: try shuffleUnit(block, input, stride)
    case .fire: try fire(block, input, stride)
    case .dense: try denseLayers(block, input, stride)
    case .ghost: try ghost(block, input, stride)
    case .pooled:
      try convolution(
        pool(input, random.below(2) == 0 ? .maximum : .average, kernel: random.pick([2, 3]), stride: stride),
        block.channels, kernel: random.pick([1, 3]))
    }
  }

  /// Two 3×3 convolutions and a shortcut (He et al., 2016).
  private mutating func basic(_ block: ProbeBlock, _ input: Network.ValueID, _ stride: Int) throws -> Network.ValueID {
    let first = try convolution(input, block.channels, kernel: block.kernel, stride: stride)
    let second = try convolution(first, block.channels, kernel: block.kernel, activation: .identity)
    return try joined(second, input, stride)
  }

  /// 1×1 down, 3×3 (in groups, as in ResNeXt and RegNet), 1×1 up, squeeze-excite and a shortcut.
  private mutating func bottleneck(
    _ block: ProbeBlock, _ input: Network.ValueID, _ stride: Int
  ) throws -> Network.ValueID {
    let hidden = max(8, block.channels / random.pick([1, 2, 4]))
    // In groups of `groups` channels each.
    let groups = block.groups == 1 ? 1 : max(1, hidden / block.groups)
    let inner = groups == 1 ? hidden : groups * block.groups
    var value = try convolution(input, inner, kernel: 1)
    value = try convolution(value, inner, kernel: block.kernel, stride: stride, groups: groups)
    if block.hasSqueeze { value = try squeezed(value) }
    value = try convolution(value, block.channels, kernel: 1, activation: .identity)
    return try joined(value, input, stride)
  }

  /// MBConv (Sandler et al., 2018), or with a full convolution in place of expansion and depthwise convolution.
  private mutating func inverted(_ block: ProbeBlock, _ input: Network.ValueID, _ stride: Int) throws -> Network.ValueID
  {
    let hidden = min(3072, Int(Double(channels(input)) * block.expand))
    var value = input
    if block.kind == .fusedInverted {
      value = try convolution(value, hidden, kernel: 3, stride: stride)
    } else {
      if block.expand > 1 { value = try convolution(value, hidden, kernel: 1) }
      value = try depthwise(value, block.kernel, stride)
    }
    if block.hasSqueeze { value = try squeezed(value) }
    value = try convolution(value, block.channels, kernel: 1, activation: .identity)
    guard builder.shape(value) == builder.shape(input) else { return value }
    return try builder.append(next("add"), .add, [value, input])
  }

  /// ShuffleNetV2's unit (Ma et al., 2018): half of the channels pass by.
  private mutating func shuffleUnit(
    _ block: ProbeBlock, _ input: Network.ValueID, _ stride: Int
  ) throws -> Network.ValueID {
    let half = max(8, channels(input) / 2)
    var (left, right) = (input, input)
    if stride == 1, channels(input) == 2 * half {
      left = try builder.append(next("left"), .channelSlice(start: 0, count: half), [input])
      right = try builder.append(next("right"), .channelSlice(start: half, count: half), [input])
    } else {
      left = try convolution(depthwise(input, block.kernel, stride), half, kernel: 1)
    }
    right = try convolution(right, half, kernel: 1)
    right = try convolution(depthwise(right, block.kernel, stride), half, kernel: 1)
    let both = try builder.append(next("concat"), .concat, [left, right])
    return try builder.append(next("shuffle"), .channelShuffle(groups: 2), [both])
  }

  /// SqueezeNet's fire module (Iandola et al., 2016).
  private mutating func fire(_ block: ProbeBlock, _ input: Network.ValueID, _ stride: Int) throws -> Network.ValueID {
    let pooled = stride == 1 ? input : try pool(input, .maximum, kernel: 3, stride: stride)
    let squeezed = try convolution(pooled, max(8, block.channels / 8), kernel: 1)
    let half = max(8, block.channels / 2)
    let parts = [try convolution(squeezed, half, kernel: 1), try convolution(squeezed, half, kernel: 3)]
    return try builder.append(next("concat"), .concat, parts)
  }

  /// Layers that each see all earlier ones (Huang et al., 2017); in half of them values are normalised before they are convolved,
  /// as published, so that the normalisation cannot be folded into a convolution.
  private mutating func denseLayers(
    _ block: ProbeBlock, _ input: Network.ValueID, _ stride: Int
  ) throws -> Network.ValueID {
    var value = try convolution(input, block.channels, kernel: 1)
    if stride > 1 { value = try pool(value, .average, kernel: 2, stride: stride) }
    let isNormalised = random.below(2) == 0
    for _ in 0..<2 {
      let growth = random.pick([12, 16, 24, 32])
      let seen = isNormalised ? try normalised(value) : value
      let inner = try convolution(seen, 4 * growth, kernel: 1)
      let new = try convolution(inner, growth, kernel: 3)
      value = try builder.append(next("concat"), .concat, [value, new])
    }
    return value
  }

  /// Half of the channels are cheap functions of the others (Han et al., 2020).
  private mutating func ghost(_ block: ProbeBlock, _ input: Network.ValueID, _ stride: Int) throws -> Network.ValueID {
    let from = stride == 1 ? input : try depthwise(input, 3, stride)
    let primary = try convolution(from, max(8, block.channels / 2), kernel: 1)
    let cheap = try depthwise(primary, 3, 1)
    return try builder.append(next("concat"), .concat, [primary, cheap])
  }

  /// The sum with the input, which is projected where shapes differ, and the activation.
  private mutating func joined(
    _ value: Network.ValueID, _ input: Network.ValueID, _ stride: Int
  ) throws -> Network.ValueID {
    var shortcut = input
    if builder.shape(input) != builder.shape(value) {
      shortcut = try convolution(input, channels(value), kernel: 1, stride: stride, activation: .identity)
    } else if random.below(6) == 0 {
      // RepVGG's third branch (Ding et al., 2021).
      shortcut = try builder.batchNorm(next("norm"), input)
    }
    let sum = try builder.append(next("add"), .add, [value, shortcut])
    return try builder.append(next("activation"), .activation(activation), [sum])
  }

  /// A batch normalisation of its own, and the activation.
  private mutating func normalised(_ input: Network.ValueID) throws -> Network.ValueID {
    let norm = try builder.batchNorm(next("norm"), input)
    return try builder.append(next("activation"), .activation(activation), [norm])
  }

  /// Squeeze-and-excitation (Hu et al., 2018).
  private mutating func squeezed(_ input: Network.ValueID) throws -> Network.ValueID {
    let width = max(8, channels(input) / random.pick([4, 4, 8, 16]))
    var gate = try builder.append(next("pool"), .globalAveragePool, [input])
    gate = try convolution(gate, width, kernel: 1, activation: random.pick([.relu, activation]))
    let end: Activation = random.pick([.sigmoid, .hsigmoid])
    gate = try convolution(gate, channels(input), kernel: 1, activation: end)
    return try builder.append(next("scale"), .multiply, [input, gate])
  }

  private func channels(_ value: Network.ValueID) -> Int { builder.shape(value)[1] }

  private mutating func depthwise(_ input: Network.ValueID, _ kernel: Int, _ stride: Int) throws -> Network.ValueID {
    let end: Activation = random.below(3) == 0 ? .identity : activation
    return try convolution(
      input, channels(input), kernel: kernel, stride: stride, groups: channels(input), activation: end)
  }

  /// A convolution with bias and, unless told otherwise, the network's activation.
  mutating func convolution(
    _ input: Network.ValueID, _ channels: Int, kernel: Int, stride: Int = 1, groups: Int = 1,
    activation: Activation? = nil
  ) throws -> Network.ValueID {
    var convolution = Convolution.square(channels: channels, kernel: kernel, stride: stride)
    (convolution.groups, convolution.hasBias) = (groups, true)
    convolution.activation = activation ?? self.activation
    return try builder.convolution(next("conv"), input, convolution)
  }

  /// A pooling with the padding that keeps, or divides, the side.
  mutating func pool(
    _ input: Network.ValueID, _ kind: Pool.Kind, kernel: Int, stride: Int
  ) throws -> Network.ValueID {
    let before = (kernel - 1) / 2
    let padding = Padding(top: before, left: before, bottom: kernel - 1 - before, right: kernel - 1 - before)
    let pool = Pool(kind, kernel: Extent(kernel), stride: Extent(stride), padding: padding)
    return try builder.append(next("pool"), .pool(pool), [input])
  }
}
