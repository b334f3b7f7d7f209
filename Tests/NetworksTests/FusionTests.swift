import Diagnostics
import Networks
import Tensors
import Testing

@Suite("Fusion and extraction")
struct FusionTests {
  /// image → a (norm, relu) → b (norm) → + image-sized shortcut → relu → classifier
  private func residualNetwork() throws -> Network {
    var builder = NetworkBuilder(name: "residual")
    let image = try builder.input("image", [1, 4, 2, 2])
    let a = try builder.convolution("a", image, .square(channels: 4, kernel: 1))
    let normA = try builder.batchNorm("a.norm", a)
    let reluA = try builder.append("a.relu", .activation(.relu), [normA])
    let b = try builder.convolution("b", reluA, .square(channels: 4, kernel: 3))
    let normB = try builder.batchNorm("b.norm", b)
    let sum = try builder.append("sum", .add, [normB, image])
    let relu = try builder.append("relu", .activation(.relu), [sum])
    let pool = try builder.append("pool", .globalAveragePool, [relu])
    let flat = try builder.append("flat", .flatten, [pool])
    let head = try builder.linear("head", flat, Linear(features: 3))
    return builder.network(outputs: [("logits", head)])
  }

  private func randomWeights(_ network: Network) -> Weights {
    var random = RandomSource(seed: 5)
    return Dictionary(
      uniqueKeysWithValues: network.parameters.map { parameter in
        let isVariance = parameter.name.hasSuffix(".variance")
        let values = (0..<parameter.storedShape.elementCount).map { _ in
          isVariance ? Float(0.5 + random.uniform()) : Float(random.normal())
        }
        return (parameter.name, Tensor(parameter.storedShape, values))
      })
  }

  @Test("batch norm, residual and activation join the convolution before them")
  func structure() throws {
    let fused = try residualNetwork().fused()
    #expect(fused.nodes.map(\.name) == ["image", "a", "b", "pool", "flat", "head"])
    guard case .convolution(let a) = fused.nodes[1].op, case .convolution(let b) = fused.nodes[2].op else {
      Issue.record("the convolutions are gone")
      return
    }
    #expect(a.activation == .relu && a.hasBias && fused.nodes[1].inputs == [0])
    #expect(b.activation == .relu && b.hasBias && fused.nodes[2].inputs == [1, 0])
    #expect(fused.outputs == [.init(name: "logits", value: 5)])
  }

  @Test("a value that leaves the network, or that two nodes read, is kept")
  func sharedValues() throws {
    var builder = NetworkBuilder(name: "shared")
    let image = try builder.input("image", [1, 2, 2, 2])
    let a = try builder.convolution("a", image, .square(channels: 2, kernel: 1))
    let relu = try builder.append("relu", .activation(.relu), [a])
    let sum = try builder.append("sum", .add, [a, relu])
    let network = builder.network(outputs: [("sum", sum), ("relu", relu)])
    #expect(network.fused().nodes.map(\.name) == ["image", "a", "relu", "sum"])
  }

  @Test("of two convolutions that an addition joins, the later one adds the earlier one")
  func joinedBranches() throws {
    var builder = NetworkBuilder(name: "branches")
    let image = try builder.input("image", [1, 2, 2, 2])
    let a = try builder.convolution("a", image, .square(channels: 2, kernel: 1))
    let b = try builder.convolution("b", image, .square(channels: 2, kernel: 3))
    let sum = try builder.append("sum", .add, [a, b])
    let fused = builder.network(outputs: [("sum", sum)]).fused()
    #expect(fused.nodes.map(\.name) == ["image", "a", "b"])
    #expect(fused.nodes[2].inputs == [0, 1])
  }

  @Test("folded weights compute what convolution and batch norm computed")
  func folding() throws {
    let network = try residualNetwork()
    let weights = randomWeights(network)
    let (fused, folded) = try network.fused(with: weights)
    #expect(fused == network.fused())
    #expect(Set(folded.keys) == Set(fused.parameters.map(\.name)))
    var random = RandomSource(seed: 6)
    let x = (0..<4).map { _ in Float(random.normal()) }
    let values = try ["a.weight", "a.norm.gamma", "a.norm.beta", "a.norm.mean", "a.norm.variance"].map {
      try #require(weights[$0]).values
    }
    let (weight, bias) = (try #require(folded["a.weight"]).values, try #require(folded["a.bias"]).values)
    for channel in 0..<4 {
      let product = (0..<4).reduce(Float(0)) { $0 + values[0][channel * 4 + $1] * x[$1] }
      let normalised = (product - values[3][channel]) / (values[4][channel] + 1e-5).squareRoot()
      let expected = values[1][channel] * normalised + values[2][channel]
      let actual = (0..<4).reduce(bias[channel]) { $0 + weight[channel * 4 + $1] * x[$1] }
      #expect(abs(actual - expected) < 1e-5 * max(1, abs(expected)))
    }
  }

  @Test("extraction copies the boxes of shared tensors")
  func extraction() throws {
    var builder = NetworkBuilder(name: "slice")
    let image = try builder.input("image", [1, 1, 4, 4])
    let weight = Parameter("w", [1, 1, 3, 3], offsets: [1, 0, 1, 1], of: [2, 1, 5, 5])
    let y = try builder.append(
      "y", .convolution(.square(channels: 1, kernel: 3)), [image], parameters: [weight])
    let shared = Tensor([2, 1, 5, 5], (0..<50).map(Float.init))
    let (network, own) = try builder.network(outputs: [("y", y)]).extracted(from: ["w": shared])
    #expect(own["w"] == Tensor([1, 1, 3, 3], [31, 32, 33, 36, 37, 38, 41, 42, 43]))
    #expect(network.parameters == [Parameter("w", [1, 1, 3, 3])])
  }

  @Test("a missing weight is named")
  func missingWeight() throws {
    let network = try residualNetwork()
    var weights = randomWeights(network)
    weights["head.bias"] = nil
    #expect(throws: Diagnostic.self) { try network.fused(with: weights) }
    #expect(throws: Diagnostic.self) { try network.extracted(from: weights) }
  }
}
