import Networks
import Tensors
import Testing

@Suite("Costs")
struct CostTests {
  @Test("every operator's multiply-accumulates, parameters and bytes are counted exactly", arguments: OperatorCase.all)
  func operators(example: OperatorCase) throws {
    let network = try example.network()
    let parameters = example.parameters.reduce(0) { $0 + $1.elementCount }
    #expect(network.cost.macs == example.macs)
    #expect(network.cost.parameters == parameters && network.cost.weightBytes == 4 * parameters)
    // Inputs and constants are not produced.
    let isConstant = if case .constant = example.op { true } else { false }
    #expect(network.cost.activationBytes == (isConstant ? 0 : 4 * example.result.elementCount))
  }

  /// Sandler et al., "MobileNetV2", 2018, table 2; the published counts are 300 M and 3.4 M (without biases: 3.5 M).
  @Test("MobileNetV2 1.0 at 224 has 300.8 M multiply-accumulates and 3.5 M parameters")
  func mobileNet() throws {
    let network = try mobileNetV2()
    #expect(network.cost.macs == 300_774_272)
    // 17 056 normalised channels have gamma and beta, which others count, and two statistics, which they do not.
    #expect(network.cost.parameters == 3_504_872 + 2 * 17_056)
    let fused = network.fused()
    #expect(fused.cost.macs == 300_774_272)
    // Folded, a channel keeps its bias alone.
    #expect(fused.cost.parameters == 3_504_872 - 17_056)
    #expect(fused.nodes.count == 1 + 52 + 3)
    #expect(fused.nodes.last?.shape == [1, 1000])
  }

  private func mobileNetV2() throws -> Network {
    var builder = NetworkBuilder(name: "mobilenet-v2")
    func layer(_ name: String, _ input: Int, _ convolution: Convolution, activates: Bool = true) throws -> Int {
      let value = try builder.convolution(name, input, convolution)
      let norm = try builder.batchNorm(name + ".norm", value)
      return activates ? try builder.append(name + ".relu6", .activation(.relu6), [norm]) : norm
    }
    var x = try layer("stem", builder.input("image", [1, 3, 224, 224]), .square(channels: 32, kernel: 3, stride: 2))
    let stages = [
      (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
    ]
    for (stage, (expand, channels, blocks, stride)) in stages.enumerated() {
      for block in 0..<blocks {
        let (name, input, step) = ("\(stage).\(block)", x, block == 0 ? stride : 1)
        let hidden = builder.shape(x)[1] * expand
        if expand > 1 { x = try layer("\(name).expand", x, .square(channels: hidden, kernel: 1)) }
        x = try layer(
          "\(name).depthwise", x, .square(channels: hidden, kernel: 3, stride: step, groups: hidden))
        x = try layer("\(name).project", x, .square(channels: channels, kernel: 1), activates: false)
        if builder.shape(x) == builder.shape(input) { x = try builder.append("\(name).add", .add, [x, input]) }
      }
    }
    x = try layer("last", x, .square(channels: 1280, kernel: 1))
    x = try builder.append("pool", .globalAveragePool, [x])
    x = try builder.append("flatten", .flatten, [x])
    x = try builder.linear("classifier", x, Linear(features: 1000))
    return builder.network(outputs: [("logits", x)])
  }

  @Test("a latency summary states minimum, median, 90th percentile and mean")
  func latency() {
    let summary = LatencySummary(milliseconds: [5, 1, 4, 2, 3, 6, 7, 8, 9, 10])
    #expect(summary.minimum == 1 && summary.median == 5.5 && summary.p90 == 10 && summary.mean == 5.5)
    #expect(summary.runs == 10 && !summary.disturbed)
    let single = LatencySummary(milliseconds: [2], disturbed: true)
    #expect(single.minimum == 2 && single.median == 2 && single.p90 == 2 && single.disturbed)
  }
}
