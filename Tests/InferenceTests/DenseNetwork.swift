import Networks
import Testing

/// Dense 3×3 convolutions, as they are in residual networks.
struct DenseNetwork: CustomTestStringConvertible, Sendable {
  var height = 14
  var width = 14
  var inputs = 32
  var outputs = 32
  var padding = Padding(all: 1)
  var batch = 1
  var activation = Activation.relu
  /// The number of layers; a second one needs as many inputs as outputs and the same size.
  var layers = 1
  /// Whether a layer adds its own input before the activation.
  var isResidual = false

  var testDescription: String { "\(self)" }

  func make() throws -> Network {
    var builder = NetworkBuilder(name: "dense")
    let image = try builder.input("image", [1, inputs, height, width])
    // The residual of a first layer must not be its own input, lest nothing is written in place.
    var value = try builder.append("start", .activation(.relu6), [image])
    for layer in 0..<layers {
      let op = Convolution(
        channels: outputs, kernel: .init(3), padding: padding, hasBias: true, activation: activation)
      let parameters = [
        Parameter("conv\(layer).weight", [outputs, inputs, 3, 3]), Parameter("conv\(layer).bias", [outputs]),
      ]
      let operand = isResidual ? try builder.append("half\(layer)", .activation(.hswish), [value]) : value
      value = try builder.append(
        "conv\(layer)", .convolution(op), [operand] + (isResidual ? [value] : []), parameters: parameters)
    }
    return builder.network(outputs: [("y", value)])
  }
}
