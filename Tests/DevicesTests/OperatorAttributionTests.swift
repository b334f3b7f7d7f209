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
    let sums = attribution.sums(of: [
      "conv1_nchwc": 1, "conv12_nchwc": 2, "conv12.activation": 3, "one.1.reduce/WithoutBiases": 4,
      "ReorderOutput_token_64": 5, "conv123": 6, "normalize": 7, "one.1.reduced": 8, "logits/WithoutBiases": 9,
      "fused conv1": 10, "conv1": .nan, "conv12": -1,
    ])
    #expect(sums == ["conv1": 11, "conv12": 5, "one.1.reduce": 4, "runtime": 11, "normalize": 16, "one.1": 8])
  }

  @Test("What belongs to no operator is the runtime's own after the operator before it, by whatever name that goes")
  func between() throws {
    var builder = NetworkBuilder(name: "names")
    var value = try builder.input("image", [1, 3, 4, 4])
    for name in ["first", "second"] { value = try builder.append(name, .activation(.relu), [value]) }
    let attribution = OperatorAttribution(builder.network(outputs: [("logits", value)]))
    let order = [
      ("ReorderInput", 1.0), ("first_nchwc", 2), ("HardSigmoid_3", 4), ("Mul_4", 8), ("second", 16), ("first.more", 32),
      ("ReorderOutput", 64), ("broken", .infinity), ("second", -1),
    ]
    let sums = attribution.sums(inOrder: order.map { .init(name: $0.0, milliseconds: $0.1) })
    #expect(sums == ["runtime": 1, "first": 34, "runtime/first": 76, "second": 16])
    #expect(attribution.sums(of: sums) == sums)
    #expect(attribution.sums(of: ["runtime/logits": 1, "runtime/other": 2]) == ["runtime/second": 1, "runtime": 2])
    #expect(OperatorAttribution.nodes(after: sums) == ["first": 76])
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
      attribution.sums(of: ["first": 1, "norm": 2, "gate.gate": 4, "gate": 8, "logits": 16, "other": 32])
        == ["first": 31, "runtime": 32])
  }
}
