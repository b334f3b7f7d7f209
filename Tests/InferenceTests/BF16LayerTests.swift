import Compute
import Diagnostics
import Inference
import Networks
import Tensors
import Testing

@Suite struct BF16LayerTests {
  /// A convolution in BF16, and what may stand around it.
  struct Layer: Sendable, CustomStringConvertible {
    var kernel = 1
    var stride = 1
    var inputs = 32
    var outputs = 48
    var side = 9
    var batch = 1
    var hasBias = true
    var isResidual = false
    var activation = Activation.identity

    var description: String {
      "\(kernel)×\(kernel)/\(stride) \(inputs)→\(outputs) \(side)² ×\(batch) \(activation)" + (isResidual ? " +" : "")
    }

    func network() throws -> Network {
      var builder = NetworkBuilder(name: "layer")
      let image = try builder.input("image", [1, inputs, side, side])
      var convolution = Convolution.square(channels: outputs, kernel: kernel, stride: stride, hasBias: hasBias)
      var operands = [image]
      // In FP32, so that only one layer rounds.
      if isResidual { operands.append(try builder.convolution("other", image, convolution)) }
      convolution.activation = activation
      var parameters = [Parameter("half.weight", [outputs, inputs, kernel, kernel])]
      if hasBias { parameters.append(Parameter("half.bias", [outputs])) }
      let y = try builder.append("half", .convolution(convolution), operands, parameters: parameters)
      return try builder.network(outputs: [("y", y)]).withBF16(["half"])
    }
  }

  static let layers =
    Activation.allCases.map { Layer(isResidual: true, activation: $0) } + [
      Layer(inputs: 3, outputs: 5, side: 1), Layer(inputs: 64, outputs: 33, side: 14, batch: 3),
      Layer(inputs: 200, outputs: 17, side: 28), Layer(kernel: 3, inputs: 3, outputs: 32, side: 32),
      Layer(kernel: 3, stride: 2, inputs: 40, outputs: 100, side: 13, batch: 2, hasBias: false),
      Layer(kernel: 5, inputs: 24, outputs: 24, side: 7, isResidual: true, activation: .relu6),
      Layer(kernel: 3, inputs: 16, outputs: 16, side: 56, activation: .hswish),
    ]

  @Test("A convolution in BF16 equals the reference, at every level and for any number of threads", arguments: layers)
  func equalsReference(layer: Layer) throws {
    let network = try layer.network()
    let weights = network.randomWeights(seed: 5)
    let inputs = ["image": randomTensor([layer.batch, layer.inputs, layer.side, layer.side], seed: 6)]
    let expected = try #require(try ReferenceInterpreter(network, weights: weights).run(inputs)["y"])
    let depth = Float(layer.kernel * layer.kernel * layer.inputs)
    for isa in CPU.current.levels {
      let results = try [1, 2, 3].map { threads in
        try #require(
          try CompiledNetwork(
            network, weights: weights, batch: layer.batch, pool: ThreadPool(threads: threads), isa: isa
          ).run(inputs)["y"])
      }
      #expect(largestDifference(results[0], expected) < 1e-6 * (8 + depth.squareRoot()), "\(isa)")
      #expect(results[0] == results[1] && results[0] == results[2], "\(isa)")
    }
    let exact = try #require(
      try ReferenceInterpreter(try network.withBF16([]), weights: weights).run(inputs)["y"])
    #expect(largestDifference(expected, exact) > 1e-4, "BF16 does round")
  }

  @Test("A fully connected layer in BF16 equals the reference")
  func linear() throws {
    var builder = NetworkBuilder(name: "linear")
    let vector = try builder.input("vector", [1, 70])
    let result = try builder.linear("half", vector, Linear(features: 45, activation: .swish))
    let network = try builder.network(outputs: [("y", result)]).withBF16(["half"])
    let weights = network.randomWeights(seed: 5)
    for batch in [1, 2, 7] {
      let inputs = ["vector": randomTensor([batch, 70], seed: 6)]
      let expected = try #require(try ReferenceInterpreter(network, weights: weights).run(inputs)["y"])
      for isa in CPU.current.levels {
        let found = try CompiledNetwork(
          network, weights: weights, batch: batch, pool: ThreadPool(threads: 2), isa: isa
        ).run(inputs)["y"]
        #expect(largestDifference(try #require(found), expected) < 2e-5, "\(isa)")
      }
    }
  }

  @Test("Weights take half the memory, and groups cannot be in BF16")
  func memory() throws {
    let network = try Layer(inputs: 128, outputs: 128).network()
    let weights = network.randomWeights(seed: 5)
    let pool = ThreadPool(threads: 1)
    let half = try CompiledNetwork(network, weights: weights, pool: pool).weightBytes
    let full = try CompiledNetwork(try network.withBF16([]), weights: weights, pool: pool).weightBytes
    #expect(half < full * 6 / 10)
    var grouped = Convolution.square(channels: 32, kernel: 3, groups: 2)
    var builder = NetworkBuilder(name: "grouped")
    let image = try builder.input("image", [1, 32, 8, 8])
    let value = try builder.convolution("free", image, grouped)
    grouped.isBF16 = true
    #expect(throws: Diagnostic.self) { try builder.convolution("bound", image, grouped) }
    let free = builder.network(outputs: [("y", value)])
    #expect(throws: Diagnostic.self) { try free.withBF16(["free"]) }
    #expect(throws: Diagnostic.self) { try network.withBF16(["hal"]) }
  }
}
