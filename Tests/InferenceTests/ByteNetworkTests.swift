import Compute
import Diagnostics
import Inference
import Networks
import Tensors
import Testing

@Suite struct ByteNetworkTests {
  /// A random network, its quantised form, and samples.
  private func quantised(
    _ seed: Int, nodes: Int, _ method: CalibrationMethod = .minmax
  ) throws -> (network: Network, weights: Weights, samples: Tensor) {
    let (network, weights) = try RandomNetwork.make(seed: UInt64(seed), nodes: nodes)
    var shape = network.nodes[0].shape
    shape[0] = 4
    let samples = randomTensor(shape, seed: UInt64(seed))
    let quantiser = Quantiser(method: method, pool: ThreadPool(threads: 1))
    let result = try quantiser.quantised(network, weights: weights, samples: ["image": samples])
    return (result.network, result.weights, samples)
  }

  @Test("Quantised networks equal the reference up to roundings that fall the other way", arguments: 0..<60)
  func equalsReference(seed: Int) throws {
    let (network, weights, samples) = try quantised(seed, nodes: 2 + seed % 8)
    let expected = try ReferenceInterpreter(network, weights: weights).run(["image": samples])
    for precision in Precision.allCases {
      let compiled = try CompiledNetwork(
        network, weights: weights, batch: 4, pool: ThreadPool(threads: 1 + seed % 2), precision: precision)
      let results = try compiled.run(["image": samples])
      for (name, wanted) in expected {
        let found = try #require(results[name])
        let noise = zip(found.values, wanted.values).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        let power = wanted.values.reduce(0) { $0 + Double($1 * $1) }
        #expect(noise <= 1e-3 * power + 1e-9, "\(network.name), \(precision), \(name): \(noise) of \(power)")
      }
    }
  }

  @Test("All levels and numbers of threads give the same bytes", arguments: 60..<90)
  func deterministic(seed: Int) throws {
    let (network, weights, samples) = try quantised(seed, nodes: 10)
    // Where no operator works on FP32, whose roundings differ between levels.
    let isExact = network.nodes.allSatisfy { node in
      switch node.op {
      case .resize, .batchNorm: false
      default: true
      }
    }
    for threads in 1...3 {
      let results = try CPU.current.levels.map { isa in
        try CompiledNetwork(network, weights: weights, batch: 4, pool: ThreadPool(threads: threads), isa: isa)
          .run(["image": samples])
      }
      for result in results where isExact { #expect(result["map"] == results[0]["map"], "\(network.name)") }
      let again = try CompiledNetwork(network, weights: weights, batch: 4, pool: ThreadPool(threads: 4))
        .run(["image": samples])
      #expect(again == results[results.count - 1], "\(network.name)")
    }
  }

  /// Groups, channels of the input and of the output: sections of equal and of uneven numbers of groups.
  @Test(
    "Grouped convolutions of any number of groups equal the reference",
    arguments: [
      (13, 104, 104), (55, 220, 110), (6, 48, 96), (3, 9, 210), (17, 17, 51), (2, 6, 260),
    ])
  func groups(groups: Int, inputs: Int, outputs: Int) throws {
    for kernel in [1, 3] {
      var builder = NetworkBuilder(name: "groups")
      let image = try builder.input("image", [1, inputs, 7, 5])
      var op = Convolution(channels: outputs, kernel: Extent(kernel), padding: Padding(all: kernel / 2), groups: groups)
      op.hasBias = true
      let map = try builder.append("act", .activation(.relu), [try builder.convolution("conv", image, op)])
      let mean = try builder.append("mean", .globalAveragePool, [map])
      let network = builder.network(outputs: [("map", map), ("mean", mean)])
      let samples = randomTensor([2, inputs, 7, 5], seed: 8)
      let quantised = try Quantiser(method: .minmax, pool: ThreadPool(threads: 1)).quantised(
        network, weights: network.randomWeights(seed: 8), samples: ["image": samples])
      let expected = try ReferenceInterpreter(quantised.network, weights: quantised.weights).run(["image": samples])
      for isa in CPU.current.levels {
        let found = try CompiledNetwork(
          quantised.network, weights: quantised.weights, batch: 2, pool: ThreadPool(threads: 2), isa: isa
        ).run(["image": samples])
        for (name, wanted) in expected {
          let largest = wanted.values.map(abs).max() ?? 0
          // One step of the grid, where a rounding falls the other way.
          let differs = zip(try #require(found[name]).values, wanted.values).contains { abs($0 - $1) > largest / 200 }
          #expect(!differs, "\(isa), \(kernel), \(name)")
        }
      }
    }
  }

  @Test("Every method keeps the signal, and the least error is the least", arguments: 90..<100)
  func methods(seed: Int) throws {
    let (network, weights) = try RandomNetwork.make(seed: UInt64(seed), nodes: 6)
    var shape = network.nodes[0].shape
    shape[0] = 4
    let samples = randomTensor(shape, seed: UInt64(seed))
    let expected = try ReferenceInterpreter(network, weights: weights).run(["image": samples])
    for method in CalibrationMethod.allCases {
      let (network, weights, _) = try quantised(seed, nodes: 6, method)
      let results = try CompiledNetwork(network, weights: weights, batch: 4, pool: ThreadPool(threads: 1))
        .run(["image": samples])
      for (name, wanted) in expected {
        let found = try #require(results[name])
        let noise = zip(found.values, wanted.values).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        let power = wanted.values.reduce(0) { $0 + Double($1 * $1) }
        #expect(noise <= 0.1 * power + 1e-6, "\(network.name), \(method), \(name): \(noise) of \(power)")
      }
    }
  }

  /// One layer of which one channel's weights are next to nothing beside its bias.
  private func deadChannel(_ weight: Float) throws -> (network: Network, weights: Weights) {
    var builder = NetworkBuilder(name: "dead channel")
    let image = try builder.input("image", [1, 4, 6, 6])
    let conv = try builder.convolution(
      "conv", image, .square(channels: 8, kernel: 3, hasBias: true))
    let map = try builder.append("act", .activation(.relu), [conv])
    let network = builder.network(outputs: [("map", map)])
    var weights = network.randomWeights(seed: 5)
    for i in 0..<36 { weights["conv.weight"]?.values[i] = weight }
    weights["conv.bias"]?.values[0] = 0.7
    return (network, weights)
  }

  @Test("The bias of a channel without weights survives", arguments: [0, 1e-12, 1e-6] as [Float])
  func deadChannels(weight: Float) throws {
    let (network, weights) = try deadChannel(weight)
    let samples = randomTensor([4, 4, 6, 6], seed: 6)
    let pool = ThreadPool(threads: 1)
    let quantised = try Quantiser(method: .minmax, pool: pool)
      .quantised(network, weights: weights, samples: ["image": samples])
    let ratios = try QuantisationNoise.ratios(
      of: quantised, to: (network, weights), samples: ["image": samples], pool: pool)
    #expect(try #require(ratios["map"]) > 35)
  }

  @Test("Samples and weights that are not finite are refused", arguments: [Float.nan, .infinity])
  func notFinite(number: Float) throws {
    let (network, weights) = try deadChannel(1)
    let quantiser = Quantiser(pool: ThreadPool(threads: 1))
    var samples = randomTensor([2, 4, 6, 6], seed: 7)
    var damaged = weights
    damaged["conv.weight"]?.values[40] = number
    #expect(throws: Diagnostic.self) {
      try quantiser.quantised(network, weights: damaged, samples: ["image": samples])
    }
    samples.values[17] = number
    #expect(throws: Diagnostic.self) {
      try quantiser.quantised(network, weights: weights, samples: ["image": samples])
    }
  }

  @Test("A network that is quantised already, and samples of another shape, are refused")
  func refusals() throws {
    let (network, weights, samples) = try quantised(1, nodes: 3)
    let quantiser = Quantiser(pool: ThreadPool(threads: 1))
    #expect(throws: Diagnostic.self) {
      try quantiser.quantised(network, weights: weights, samples: ["image": samples])
    }
    let plain = try RandomNetwork.make(seed: 1, nodes: 3)
    #expect(throws: Diagnostic.self) {
      try quantiser.quantised(plain.network, weights: plain.weights, samples: ["image": Tensor([1, 2, 3])])
    }
    #expect(throws: Diagnostic.self) { try quantiser.quantised(plain.network, weights: plain.weights, samples: [:]) }
  }
}
