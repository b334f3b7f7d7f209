import Networks
import Tensors
import Testing

/// A small network around the operators under test.
struct GradientCase: Sendable, CustomTestStringConvertible {
  let name: String
  var channels = 5
  var size = 6
  let body: @Sendable (inout NetworkBuilder, Network.ValueID) throws -> Network.ValueID

  var testDescription: String { name }

  init(
    _ name: String, channels: Int = 5, size: Int = 6,
    _ body: @escaping @Sendable (inout NetworkBuilder, Network.ValueID) throws -> Network.ValueID
  ) {
    (self.name, self.channels, self.size, self.body) = (name, channels, size, body)
  }

  /// A 1×1 convolution stands before the body, so that its input needs a gradient; pooling and a classifier after it.
  func network() throws -> Network {
    var builder = NetworkBuilder(name: name)
    let image = try builder.input("image", [1, 2, size, size])
    let scaled = try builder.append("scaled", .normalize(mean: [120, 100], deviation: [60, 70]), [image])
    let first = try builder.convolution("first", scaled, .square(channels: channels, kernel: 1))
    let result = try body(&builder, first)
    var end = result
    if builder.shape(result).rank == 4 {
      let mixed = try builder.append("squashed", .activation(.swish), [result])
      let pooled = try builder.append("pooled", .globalAveragePool, [mixed])
      end = try builder.append("flat", .flatten, [pooled])
    }
    let logits = try builder.linear("head", end, .init(features: 3))
    return builder.network(outputs: [("logits", logits)])
  }
}

extension GradientCase {
  static let all: [GradientCase] =
    convolutions + depthwise + normalised + activations + joins + images

  private static let convolutions: [GradientCase] = [
    GradientCase("pointwise with bias") {
      try $0.convolution("c", $1, .square(channels: 7, kernel: 1, hasBias: true))
    },
    GradientCase("pointwise, wide", channels: 19) {
      try $0.convolution("c", $1, .square(channels: 37, kernel: 1))
    },
    GradientCase("3×3 with bias") {
      try $0.convolution("c", $1, .square(channels: 4, kernel: 3, hasBias: true))
    },
    GradientCase("3×3 of stride 2") {
      try $0.convolution("c", $1, .square(channels: 4, kernel: 3, stride: 2))
    },
    GradientCase("1×1 of stride 2") {
      try $0.convolution("c", $1, .square(channels: 4, kernel: 1, stride: 2))
    },
    GradientCase("groups", channels: 6) {
      try $0.convolution("c", $1, .square(channels: 9, kernel: 3, groups: 3))
    },
    GradientCase("dilated, oblong, one-sided padding") {
      try $0.convolution(
        "c", $1,
        Convolution(
          channels: 3, kernel: .init(height: 2, width: 3), stride: .init(height: 1, width: 2),
          padding: .init(top: 1, left: 0, bottom: 0, right: 2), dilation: .init(height: 2, width: 1)))
    },
    GradientCase("depth multiplier", channels: 3) {
      try $0.convolution("c", $1, .square(channels: 6, kernel: 3, groups: 3))
    },
  ]

  private static func depthwise(_ kernel: Int, _ stride: Int, channels: Int, size: Int) -> GradientCase {
    GradientCase(
      "depthwise \(kernel)×\(kernel)/\(stride), \(channels) channels", channels: channels, size: size
    ) {
      try $0.convolution(
        "c", $1, .square(channels: channels, kernel: kernel, stride: stride, groups: channels))
    }
  }

  private static let depthwise: [GradientCase] = [
    depthwise(3, 1, channels: 5, size: 6), depthwise(3, 2, channels: 5, size: 7),
    depthwise(5, 1, channels: 18, size: 9), depthwise(5, 2, channels: 3, size: 8),
    depthwise(7, 1, channels: 3, size: 11), depthwise(7, 2, channels: 2, size: 6),
    GradientCase("depthwise with bias, no padding") {
      try $0.convolution("c", $1, Convolution(channels: 5, kernel: .init(3), groups: 5, hasBias: true))
    },
    GradientCase("depthwise, padding beyond the kernel") {
      try $0.convolution(
        "c", $1,
        Convolution(
          channels: 5, kernel: .init(2), padding: .init(top: 2, left: 0, bottom: 3, right: 1), groups: 5))
    },
    GradientCase("depthwise, dilated and oblong") {
      try $0.convolution(
        "c", $1,
        Convolution(
          channels: 5, kernel: .init(height: 3, width: 2), stride: .init(height: 2, width: 1),
          padding: .init(all: 1),
          dilation: .init(height: 1, width: 2), groups: 5))
    },
  ]

  private static let normalised: [GradientCase] = [
    GradientCase("batch norm of a pointwise convolution") { try $0.batchNorm("n", $1) },
    GradientCase("batch norm of a depthwise convolution", channels: 17) {
      let n = try $0.batchNorm("n", $1)
      let a = try $0.append("a", .activation(.hswish), [n])
      let d = try $0.convolution("d", a, .square(channels: 17, kernel: 3, groups: 17))
      return try $0.batchNorm("m", d)
    },
    GradientCase("batch norm of a 3×3 convolution") {
      let c = try $0.convolution("c", $1, .square(channels: 4, kernel: 3))
      return try $0.append("a", .activation(.relu), [try $0.batchNorm("n", c)])
    },
    GradientCase("batch norm of a sum") {
      let c = try $0.convolution("c", $1, .square(channels: 5, kernel: 1))
      return try $0.batchNorm("n", try $0.append("s", .add, [c, $1]))
    },
    GradientCase("batch norm of a batch norm and of an activation") {
      let n = try $0.batchNorm("m", try $0.batchNorm("n", $1))
      return try $0.batchNorm("o", try $0.append("a", .activation(.swish), [n]))
    },
    GradientCase("batch norm read by two") {
      let n = try $0.batchNorm("n", $1)
      let a = try $0.append("a", .activation(.swish), [n])
      return try $0.append("s", .add, [a, n])
    },
    GradientCase("inverted residual with a gate", channels: 6) { builder, x in
      let e = try builder.convolution("e", x, .square(channels: 18, kernel: 1))
      let ea = try builder.append("ea", .activation(.hswish), [try builder.batchNorm("en", e)])
      let d = try builder.convolution("d", ea, .square(channels: 18, kernel: 5, groups: 18))
      let da = try builder.append("da", .activation(.hswish), [try builder.batchNorm("dn", d)])
      let gated = try builder.squeezeExcite("se", da, channels: 18, reduced: 4)
      let p = try builder.batchNorm(
        "pn", try builder.convolution("p", gated, .square(channels: 6, kernel: 1)))
      return try builder.append("r", .add, [p, x])
    },
    GradientCase("gates after pointwise and after windowed convolutions") { builder, x in
      let first = try builder.append("fa", .activation(.relu6), [try builder.batchNorm("fn", x)])
      let gated = try builder.squeezeExcite("se", first, channels: 5, reduced: 3)
      let c = try builder.batchNorm(
        "cn", try builder.convolution("c", gated, .square(channels: 19, kernel: 3)))
      let second = try builder.squeezeExcite("sf", c, channels: 19, reduced: 3)
      return try builder.convolution("p", second, .square(channels: 4, kernel: 1))
    },
    GradientCase("gate before a depthwise convolution and a pool") { builder, x in
      let gated = try builder.squeezeExcite("se", x, channels: 5, reduced: 3)
      let d = try builder.convolution("d", gated, .square(channels: 5, kernel: 3, groups: 5))
      let second = try builder.squeezeExcite("sf", d, channels: 5, reduced: 2)
      return try builder.append("gp", .globalAveragePool, [second])
    },
  ]

  private static let activations = [Activation.identity, .relu, .relu6, .hswish, .hsigmoid, .swish, .sigmoid].flatMap {
    activation in
    [
      GradientCase("\(activation) of a stored value") { try $0.append("a", .activation(activation), [$1]) },
      GradientCase("\(activation) of a batch norm, before a depthwise convolution") {
        let a = try $0.append("a", .activation(activation), [try $0.batchNorm("n", $1)])
        return try $0.convolution("d", a, .square(channels: 5, kernel: 3, groups: 5))
      },
    ]
  }

  private static let joins: [GradientCase] = [
    GradientCase("sum of a value with itself") { try $0.append("s", .add, [$1, $1]) },
    GradientCase("product of two images") {
      let a = try $0.append("a", .activation(.sigmoid), [$1])
      return try $0.append("m", .multiply, [a, $1])
    },
    GradientCase("square") { try $0.append("m", .multiply, [$1, $1]) },
    GradientCase("gate read twice") { builder, x in
      let gated = try builder.squeezeExcite("se", x, channels: 5, reduced: 2)
      let c = try builder.convolution("c", gated, .square(channels: 5, kernel: 1))
      return try builder.append("s", .add, [c, gated])
    },
    GradientCase("residual over an activation") { builder, x in
      let s = try builder.append(
        "s", .add, [x, try builder.convolution("c", x, .square(channels: 5, kernel: 1))])
      let r = try builder.append("r", .activation(.relu), [s])
      let d = try builder.convolution("d", r, .square(channels: 5, kernel: 3))
      return try builder.append("t", .add, [try builder.batchNorm("n", d), r])
    },
    GradientCase("concat, shuffle and slice", channels: 6) { builder, x in
      let c = try builder.batchNorm("n", try builder.convolution("c", x, .square(channels: 4, kernel: 1)))
      let joined = try builder.append("j", .concat, [c, x, c])
      let shuffled = try builder.append("h", .channelShuffle(groups: 7), [joined])
      return try builder.append("l", .channelSlice(start: 3, count: 8), [shuffled])
    },
  ]

  private static let images: [GradientCase] = [
    GradientCase("maximum pool") {
      try $0.append(
        "p", .pool(.init(.maximum, kernel: .init(3), stride: .init(2), padding: .init(all: 1))), [$1])
    },
    GradientCase("average pool of a batch norm") {
      let n = try $0.batchNorm("n", $1)
      return try $0.append(
        "p",
        .pool(.init(.average, kernel: .init(height: 3, width: 2), stride: .init(1), padding: .init(all: 1))),
        [n])
    },
    GradientCase("resize up") { try $0.append("r", .resize(height: 9, width: 7), [$1]) },
    GradientCase("resize down") { try $0.append("r", .resize(height: 4, width: 3), [$1]) },
    GradientCase("flatten of an image", size: 3) { try $0.append("f", .flatten, [$1]) },
    GradientCase("linear layers") {
      let pooled = try $0.append("g", .globalAveragePool, [$1])
      let a = try $0.linear("l", try $0.append("f", .flatten, [pooled]), .init(features: 6))
      return try $0.append("a", .activation(.swish), [a])
    },
  ]
}

extension NetworkBuilder {
  /// A squeeze-and-excitation gate (Hu et al., 2018).
  mutating func squeezeExcite(
    _ name: String, _ x: Network.ValueID, channels: Int, reduced: Int
  ) throws -> Network.ValueID {
    let pooled = try append(name + ".pool", .globalAveragePool, [x])
    let small = try convolution(
      name + ".reduce", pooled, .square(channels: reduced, kernel: 1, hasBias: true))
    let active = try append(name + ".relu", .activation(.swish), [small])
    let wide = try convolution(
      name + ".expand", active, .square(channels: channels, kernel: 1, hasBias: true))
    let gate = try append(name + ".gate", .activation(.sigmoid), [wide])
    return try append(name, .multiply, [x, gate])
  }
}
