import Diagnostics
import Networks
import Tensors

/// Builds networks from blueprints.
///
/// Names of nodes are `<stage>.<block>.<kind>.<layer>`, as in `late.2.mbconv.expand`, with `.norm` and `.activation`
/// behind for what follows a convolution. Parameters are named by their node: `late.2.mbconv.expand.weight`,
/// `late.2.mbconv.expand.norm.gamma`. Stem and head are `stem.conv`, `head.conv`, `head.classifier`.
struct Lowering {
  var builder: NetworkBuilder
  /// The shapes of the shared tensors; where it is `nil`, parameters are whole tensors.
  let shared: [String: Shape]?

  /// The networks's input, normalised and brought to the chosen resolution.
  mutating func image(_ input: ImageInput, _ resolution: Extent) throws -> Network.ValueID {
    let native = input.nativeSize
    var value = try builder.input("image", [1, input.channels, native.height, native.width])
    value = try builder.append("normalize", .normalize(mean: input.mean, deviation: input.deviation), [value])
    guard resolution != native else { return value }
    return try builder.append("resize", .resize(height: resolution.height, width: resolution.width), [value])
  }

  /// A stem or head convolution.
  mutating func end(_ name: String, _ input: Network.ValueID, _ end: Blueprint.End) throws -> Network.ValueID {
    try layer(
      name, input, Convolution(channels: end.channels, kernel: end.kernel, stride: .init(end.stride)),
      end.activation)
  }

  mutating func stage(_ stage: Blueprint.Stage, _ input: Network.ValueID) throws -> Network.ValueID {
    var value = input
    for block in stage.blocks {
      let lowering = BlockLowering(
        name: "\(stage.name).\(block.position).\(block.kind.rawValue)", block: block,
        channels: stage.channels,
        stride: block.position == 1 ? stage.stride : 1,
        mayChangeShape: block.position == 1 && !stage.keepsShape)
      value = try lowering.append(to: &self, value)
    }
    return value
  }

  /// Global average pool and the fully connected classifier.
  mutating func classifier(_ input: Network.ValueID, classes: Int) throws -> Network.ValueID {
    let pooled = try builder.append("head.pool", .globalAveragePool, [input])
    let flat = try builder.append("head.flatten", .flatten, [pooled])
    let features = builder.shape(flat)[1]
    return try builder.append(
      "head.classifier", .linear(Linear(features: classes)), [flat],
      parameters: [
        parameter("head.classifier.weight", [classes, features]),
        parameter("head.classifier.bias", [classes]),
      ])
  }
}

extension Lowering {
  /// A convolution without bias that keeps the image's size up to its stride, batch norm, and an activation.
  mutating func layer(
    _ name: String, _ input: Network.ValueID, _ convolution: Convolution, _ activation: Activation = .identity
  ) throws -> Network.ValueID {
    let value = try self.convolution(name, input, convolution)
    let norm = name + ".norm"
    let channels = convolution.channels
    let normalised = try builder.append(
      norm, .batchNorm(epsilon: 1e-5), [value],
      parameters: ["gamma", "beta", "mean", "variance"].map { parameter("\(norm).\($0)", [channels]) })
    guard activation != .identity else { return normalised }
    return try builder.append(name + ".activation", .activation(activation), [normalised])
  }

  /// A convolution whose padding keeps the image's size up to its stride.
  mutating func convolution(
    _ name: String, _ input: Network.ValueID, _ convolution: Convolution
  ) throws -> Network.ValueID {
    var convolution = convolution
    let (rows, columns) = (convolution.kernel.height / 2, convolution.kernel.width / 2)
    convolution.padding = Padding(top: rows, left: columns, bottom: rows, right: columns)
    let inputs = builder.shape(input)[1]
    var parameters = [
      parameter(
        name + ".weight",
        [
          convolution.channels, inputs / convolution.groups, convolution.kernel.height,
          convolution.kernel.width,
        ])
    ]
    if convolution.hasBias { parameters.append(parameter(name + ".bias", [convolution.channels])) }
    return try builder.append(name, .convolution(convolution), [input], parameters: parameters)
  }

  /// The part of a shared tensor that a node sees: the first channels, and the centre of the kernel.
  private func parameter(_ name: String, _ shape: Shape) -> Parameter {
    guard let shared else { return Parameter(name, shape) }
    guard let stored = shared[name] else { preconditionFailure("the space has no shared tensor \(name)") }
    let offsets = (0..<shape.rank).map { axis in axis < 2 ? 0 : (stored[axis] - shape[axis]) / 2 }
    return Parameter(name, shape, offsets: offsets, of: stored)
  }
}
