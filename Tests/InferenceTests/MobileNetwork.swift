import Networks
import Tensors

/// A network like MobileNetV2 (Sandler et al., 2018) for 32×32 images, fused: about 25 million multiply-accumulates.
enum MobileNetwork {
  static func make() throws -> Network {
    var builder = NetworkBuilder(name: "mobile")
    let image = try builder.input("image", [1, 3, 32, 32])
    let normal = try builder.append(
      "normal", .normalize(mean: [125, 123, 114], deviation: [63, 62, 67]), [image])
    var value = try conv(&builder, "stem", normal, channels: 16, kernel: 3, activation: .relu6)
    // Expansion, channels, repetitions, first stride.
    let stages = [(1, 16, 1, 1), (3, 24, 2, 1), (4, 32, 3, 2), (4, 48, 3, 2), (4, 64, 2, 1), (6, 96, 2, 2)]
    for (stage, (expansion, channels, repetitions, stride)) in stages.enumerated() {
      for block in 0..<repetitions {
        value = try invertedResidual(
          &builder, "s\(stage)b\(block)", value, expansion: expansion, channels: channels,
          stride: block == 0 ? stride : 1)
      }
    }
    value = try conv(&builder, "top", value, channels: 512, kernel: 1, activation: .relu6)
    value = try builder.append("pool", .globalAveragePool, [value])
    value = try builder.append("flat", .flatten, [value])
    let logits = try builder.linear("head", value, Linear(features: 10))
    return builder.network(outputs: [("logits", logits)])
  }

  private static func invertedResidual(
    _ builder: inout NetworkBuilder, _ name: String, _ input: Network.ValueID, expansion: Int, channels: Int,
    stride: Int
  ) throws -> Network.ValueID {
    let inputs = builder.shape(input)[1]
    var value = input
    if expansion > 1 {
      value = try conv(
        &builder, name + ".expand", value, channels: inputs * expansion, kernel: 1, activation: .relu6)
    }
    value = try conv(
      &builder, name + ".depthwise", value, channels: inputs * expansion, kernel: 3, stride: stride,
      groups: inputs * expansion, activation: .relu6)
    let residual = stride == 1 && inputs == channels ? input : nil
    return try conv(&builder, name + ".project", value, channels: channels, kernel: 1, residual: residual)
  }

  private static func conv(
    _ builder: inout NetworkBuilder, _ name: String, _ input: Network.ValueID, channels: Int, kernel: Int,
    stride: Int = 1, groups: Int = 1, activation: Activation = .identity, residual: Network.ValueID? = nil
  ) throws -> Network.ValueID {
    var op = Convolution.square(
      channels: channels, kernel: kernel, stride: stride, groups: groups, hasBias: true)
    op.activation = activation
    let parameters = [
      Parameter(name + ".weight", [channels, builder.shape(input)[1] / groups, kernel, kernel]),
      Parameter(name + ".bias", [channels]),
    ]
    return try builder.append(
      name, .convolution(op), [input] + (residual.map { [$0] } ?? []), parameters: parameters)
  }
}
