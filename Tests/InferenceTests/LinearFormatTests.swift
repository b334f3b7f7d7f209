import Compute
import Inference
import Networks
import Tensors
import Testing

@Suite struct LinearFormatTests {
  /// Two layers over tokens, with an activation between.
  private func network(features: Int) throws -> (network: Network, weights: Weights) {
    var builder = NetworkBuilder(name: "tokens")
    let tokens = try builder.input("tokens", [1, 5, 96])
    let hidden = try builder.linear("hidden", tokens, Linear(features: 130, activation: .swish))
    let result = try builder.linear("result", hidden, Linear(features: features, hasBias: false))
    let network = builder.network(outputs: [("result", result)])
    return (network, network.randomWeights(seed: 3))
  }

  @Test("Layers with smaller weights are what rounding their weights makes of them", arguments: [1, 16, 33, 100])
  func rounded(features: Int) throws {
    let (network, weights) = try network(features: features)
    let inputs = ["tokens": randomTensor([1, 5, 96], seed: 4)]
    for format in LinearFormat.allCases {
      var rounded = weights
      for node in network.nodes where !node.parameters.isEmpty {
        let name = node.parameters[0].name
        let tensor = try #require(weights[name])
        let (columns, depth) = (tensor.shape[0], tensor.shape[1])
        let smaller = LinearWeights(rounding: tensor.values, columns: columns, depth: depth, format: format)
        rounded[name]?.values = (0..<columns * depth).map { smaller.value($0 / depth, $0 % depth) }
      }
      let expected = try #require(try ReferenceInterpreter(network, weights: rounded).run(inputs)["result"])
      // BF16 rounds the activations as well.
      let tolerance: Float = format == .bf16 ? 2e-2 : 2e-5
      for isa in CPU.current.levels {
        let results = try [1, 2, 3].map { threads in
          try #require(
            try CompiledNetwork(
              network, weights: weights, pool: ThreadPool(threads: threads), isa: isa, linearFormat: format
            ).run(inputs)["result"])
        }
        #expect(largestDifference(results[0], expected) < tolerance, "\(format), \(isa)")
        #expect(results[0] == results[1] && results[0] == results[2], "\(format), \(isa)")
      }
    }
  }

  @Test("Smaller weights take less memory")
  func memory() throws {
    let (network, weights) = try network(features: 128)
    func bytes(_ format: LinearFormat?) throws -> Int {
      try CompiledNetwork(network, weights: weights, pool: ThreadPool(threads: 1), linearFormat: format).weightBytes
    }
    let (full, half, byte, nibble) = (try bytes(nil), try bytes(.bf16), try bytes(.int8), try bytes(.int4))
    #expect(half < full * 6 / 10 && byte < half * 6 / 10 && nibble < byte * 8 / 10)
  }
}
