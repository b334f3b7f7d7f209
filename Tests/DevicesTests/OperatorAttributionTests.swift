import Devices
import Networks
import Testing

@Suite struct OperatorAttributionTests {
  @Test("A timing belongs to the operator whose name it begins with, the longest one, or to the runtime")
  func owners() throws {
    var builder = NetworkBuilder(name: "names")
    var value = try builder.input("image", [1, 3, 4, 4])
    for name in ["conv1", "conv12", "one.1.reduce", "one.1", "normalize"] {
      value = try builder.append(name, .activation(.relu), [value])
    }
    let attribution = OperatorAttribution(builder.network(outputs: [("logits", value)]))
    let sums = attribution.sums([
      "conv1_nchwc": 1, "conv12_nchwc": 2, "conv12.activation": 3, "one.1.reduce/WithoutBiases": 4,
      "ReorderOutput_token_64": 5, "conv123": 6, "normalize": 7, "one.1.reduced": 8, "logits/WithoutBiases": 9,
      "fused conv1": 10, "conv1": .nan, "conv12": -1,
    ])
    #expect(sums == ["conv1": 11, "conv12": 5, "one.1.reduce": 4, "runtime": 11, "normalize": 16, "one.1": 8])
  }

  @Test("What the inference core fuses belongs to the fused operator, whatever the runtime does")
  func fused() throws {
    var builder = NetworkBuilder(name: "fused")
    var value = try builder.input("image", [1, 3, 4, 4])
    value = try builder.convolution("first", value, .square(channels: 3, kernel: 1))
    value = try builder.batchNorm("norm", value)
    value = try builder.append("gate", .activation(.swish), [value])
    let attribution = OperatorAttribution(builder.network(outputs: [("logits", value)]))
    #expect(
      attribution.sums(["first": 1, "norm": 2, "gate.gate": 4, "gate": 8, "logits": 16, "other": 32])
        == ["first": 31, "runtime": 32])
  }
}
