import Diagnostics
import Networks
import Tensors

/// Puts the weights of layers on the grids of their output channels, and biases on those of their sums.
enum ByteWeights {
  /// The layer with byte weights, which are added to `bytes` under names of their own: a tensor that two layers share would
  /// need the scales of both.
  ///
  /// - Parameter input: The grid of what the layer reads.
  /// - Throws: ``Diagnostic`` where weights are missing or not finite.
  static func quantised(
    _ node: Network.Node, _ weights: Weights, input: ByteGrid, into bytes: inout Weights
  ) throws -> Network.Node {
    var node = node
    let hasBias = node.op.markByteWeights()
    guard var weight = weights[node.parameters[0].name] else {
      throw Diagnostic(.unusableFile, "a weight is missing", at: .init(path: node.name))
    }
    var bias = hasBias ? weights[node.parameters[1].name] : nil
    guard weight.values.allSatisfy(\.isFinite), bias?.values.allSatisfy(\.isFinite) ?? true else {
      throw Diagnostic(
        .unusableFile, "a layer's weights are not finite", at: .init(path: node.name),
        rule: "quantised weights are finite numbers")
    }
    let scales = rounded(&weight, &bias, input: input)
    let tensors = [("weight", weight), ("bias", bias), ("scale", scales)]
    node.parameters = tensors.compactMap { name, tensor in
      tensor.map { Parameter("\(node.name).bytes.\(name)", $0.shape) }
    }
    for (parameter, tensor) in zip(node.parameters, tensors.compactMap(\.1)) { bytes[parameter.name] = tensor }
    return node
  }

  /// Rounds weights to whole multiples of a scale per output channel, which is returned, and the bias to multiples of the
  /// sums' unit.
  private static func rounded(_ weight: inout Tensor, _ bias: inout Tensor?, input: ByteGrid) -> Tensor {
    let channels = weight.shape[0]
    let size = weight.values.count / channels
    var scales = Tensor([channels])
    for channel in 0..<channels {
      let range = channel * size..<(channel + 1) * size
      let greatest = weight.values[range].reduce(0) { max($0, abs($1)) }
      // The bias is stored in units of the input's scale times this one and must stay far inside of 32 bits, also where
      // the weights are all but nothing.
      let least = abs(bias?.values[channel] ?? 0) / input.scale / Float(1 << 28)
      let wanted = max(greatest / 127, least)
      let scale = wanted.isNormal ? wanted : 1
      scales.values[channel] = scale
      for i in range { weight.values[i] = scale * (weight.values[i] / scale).rounded(.toNearestOrEven) }
      let unit = input.scale * scale
      if let number = bias?.values[channel] {
        bias?.values[channel] = unit * (number / unit).rounded(.toNearestOrEven)
      }
    }
    return scales
  }
}

extension Operator {
  /// Says of a layer that its weights are bytes, and returns whether it has a bias.
  fileprivate mutating func markByteWeights() -> Bool {
    switch self {
    case .convolution(var convolution):
      convolution.hasByteWeights = true
      self = .convolution(convolution)
      return convolution.hasBias
    case .linear(var linear):
      linear.hasByteWeights = true
      self = .linear(linear)
      return linear.hasBias
    default: preconditionFailure("only layers have byte weights")
    }
  }
}
