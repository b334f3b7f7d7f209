import Compute
import Inference
import Networks
import Tensors
import Testing

@Suite struct WinogradTests {
  /// Images of one tile, multiples, less and more, odd ones, with padding on all sides or some; channels that fill vectors
  /// and that do not; several images, whose tiles share blocks; every activation.
  static let networks: [DenseNetwork] =
    Activation.allCases.map { DenseNetwork(activation: $0) } + [
      DenseNetwork(height: 4, width: 4),
      DenseNetwork(height: 8, width: 8, inputs: 16, outputs: 48),
      DenseNetwork(height: 7, width: 7, inputs: 64, outputs: 64),
      DenseNetwork(height: 3, width: 5, inputs: 40, outputs: 24, batch: 5),
      DenseNetwork(height: 13, width: 17, inputs: 19, outputs: 33, batch: 2),
      DenseNetwork(height: 14, width: 11, padding: Padding(top: 2, left: 0, bottom: 0, right: 1)),
      DenseNetwork(height: 12, width: 12, inputs: 16, outputs: 16, padding: .zero),
      DenseNetwork(height: 20, width: 20, batch: 2, layers: 2, isResidual: true),
      DenseNetwork(height: 9, width: 9, batch: 3, activation: .swish, layers: 3, isResidual: true),
    ]

  @Test("Whole convolutions equal the reference, at every level", arguments: networks)
  func equalsReference(test: DenseNetwork) throws {
    let network = try test.make()
    let weights = network.randomWeights(seed: 7)
    let inputs = ["image": randomTensor([test.batch, test.inputs, test.height, test.width], seed: 8)]
    let expected = try #require(try ReferenceInterpreter(network, weights: weights).run(inputs)["y"])
    for isa in CPU.current.levels {
      let compiled = try CompiledNetwork(
        network, weights: weights, batch: test.batch, pool: ThreadPool(threads: 1), isa: isa)
      // Transformed filters take 16/9 or 4 times the memory: the choice is the one that this suite is about.
      #expect(compiled.weightBytes > 4 * test.layers * test.inputs * test.outputs * 16)
      let found = try #require(try compiled.run(inputs)["y"])
      // Sums of 9 · inputs terms, and a dozen times the rounding of a single one by the transforms.
      let tolerance = 1.2e-7 * (12 + Float(9 * test.inputs).squareRoot()) * Float(test.layers)
      #expect(largestDifference(found, expected) < tolerance, "\(isa)")
    }
  }

  @Test(
    "Results have the same bits for any number of threads",
    arguments: [
      // One block that threads share part by part; several that they take whole or share; small work for one thread.
      DenseNetwork(inputs: 128, outputs: 128, isResidual: true),
      DenseNetwork(height: 56, width: 56, inputs: 64, outputs: 64, isResidual: true),
      DenseNetwork(height: 33, width: 30, inputs: 48, outputs: 80, batch: 3, activation: .swish),
      DenseNetwork(height: 8, width: 8, inputs: 16, outputs: 16),
    ])
  func deterministic(test: DenseNetwork) throws {
    let network = try test.make()
    let weights = network.randomWeights(seed: 1)
    let inputs = ["image": randomTensor([test.batch, test.inputs, test.height, test.width], seed: 2)]
    func run(_ threads: Int) throws -> [String: Tensor] {
      try CompiledNetwork(network, weights: weights, batch: test.batch, pool: ThreadPool(threads: threads))
        .run(inputs)
    }
    let one = try run(1)
    for threads in 2...5 { #expect(try run(threads) == one) }
  }

  @Test("Forty residual layers keep five digits")
  func staysAccurate() throws {
    let test = DenseNetwork(height: 8, width: 8, inputs: 32, outputs: 32, layers: 40, isResidual: true)
    let network = try test.make()
    let weights = network.randomWeights(seed: 3)
    let inputs = ["image": randomTensor([1, 32, 8, 8], seed: 4)]
    let expected = try #require(try ReferenceInterpreter(network, weights: weights).run(inputs)["y"])
    for isa in CPU.current.levels {
      let compiled = try CompiledNetwork(network, weights: weights, pool: ThreadPool(threads: 1), isa: isa)
      #expect(largestDifference(try #require(try compiled.run(inputs)["y"]), expected) < 1e-5, "\(isa)")
    }
  }

  @Test("What minimal filtering does not apply to, or would make slower, is convolved directly")
  func choosesDirect() throws {
    func weightBytes(_ op: Convolution, inputs: Int, size: Int) throws -> Int {
      var builder = NetworkBuilder(name: "direct")
      let image = try builder.input("image", [1, inputs, size, size])
      let value = try builder.convolution("conv", image, op)
      let network = builder.network(outputs: [("y", value)])
      return try CompiledNetwork(
        network, weights: network.randomWeights(seed: 1), pool: ThreadPool(threads: 1)
      ).weightBytes
    }
    var op = Convolution(channels: 32, kernel: .init(3), padding: Padding(all: 1))
    let filtered = try weightBytes(op, inputs: 32, size: 14)
    #expect(filtered >= 4 * 16 * 32 * 32)
    op.stride = .init(2)
    #expect(try weightBytes(op, inputs: 32, size: 14) < filtered)
    (op.stride, op.dilation) = (.one, .init(2))
    #expect(try weightBytes(op, inputs: 32, size: 14) < filtered)
    (op.dilation, op.groups) = (.one, 2)
    #expect(try weightBytes(op, inputs: 32, size: 14) < filtered)
    // A pixel or two are not worth reading more filters for.
    (op.groups, op.channels) = (1, 256)
    #expect(try weightBytes(op, inputs: 256, size: 2) < 4 * 10 * 256 * 256)
  }
}
