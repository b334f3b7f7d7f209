import Compute
import Diagnostics
import Inference
import Networks
import Tensors
import Testing

@Suite("Networks of which some layers are quantised")
struct CalibratedNetworkTests {
  private let pool = ThreadPool(threads: 1)

  private func calibrated(
    _ network: Network, _ weights: Weights, seed: UInt64
  ) throws -> (network: CalibratedNetwork, samples: Tensor) {
    var shape = network.nodes[0].shape
    shape[0] = 3
    let samples = randomTensor(shape, seed: seed)
    let quantiser = Quantiser(method: .minmax, pool: pool)
    return (try quantiser.calibrated(network, weights: weights, samples: ["image": samples]), samples)
  }

  /// Random networks, of every second one a MobileNet.
  private func sample(_ seed: Int) throws -> (network: Network, weights: Weights) {
    guard seed % 8 == 0 else { return try RandomNetwork.make(seed: UInt64(seed), nodes: 2 + seed % 9) }
    let network = try MobileNetwork.make()
    return (network, network.randomWeights(seed: UInt64(seed)))
  }

  @Test("all layers give the wholly quantised network, and none the network in FP32", arguments: 0..<40)
  func ends(seed: Int) throws {
    let (network, weights) = try sample(seed)
    let (calibrated, samples) = try calibrated(network, weights, seed: UInt64(seed))
    let whole = try Quantiser(method: .minmax, pool: pool)
      .quantised(network, weights: weights, samples: ["image": samples])
    let all = try calibrated.quantised(layers: Set(calibrated.layers))
    #expect(all.network == whole.network && all.weights == whole.weights, "\(network.name)")
    let none = try calibrated.quantised(layers: [])
    let (found, exact) = (try none.network.fused(with: none.weights), try network.fused(with: weights))
    #expect(found.network.nodes == exact.network.nodes && found.weights == exact.weights, "\(network.name)")
  }

  @Test("mixed networks equal the reference, and every step of them has a purpose", arguments: 0..<40)
  func mixed(seed: Int) throws {
    let (network, weights) = try sample(seed)
    let (calibrated, samples) = try calibrated(network, weights, seed: UInt64(seed))
    var random = RandomSource(seed: UInt64(seed), purpose: "mixed layers")
    let isChosen = calibrated.layers.map { _ in random.below(2) == 1 }
    let mixed = try calibrated.quantised(isChosen: isChosen)
    let fused = try mixed.network.fused(with: mixed.weights)
    let expected = try ReferenceInterpreter(fused.network, weights: fused.weights).run(["image": samples])
    let compiled = try CompiledNetwork(fused.network, weights: fused.weights, batch: 3, pool: pool)
    let found = try compiled.run(["image": samples])
    for (name, wanted) in expected {
      let result = try #require(found[name])
      let noise = zip(result.values, wanted.values).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
      let power = wanted.values.reduce(0) { $0 + Double($1 * $1) }
      #expect(noise <= 2e-3 * power + 1e-9, "\(network.name), \(name): \(noise) of \(power)")
    }
    let purposes = StepPurposes(calibrated)
    for timing in compiled.profile(runs: 1) {
      let purpose = purposes.purpose(of: timing.name, isChosen: isChosen)
      if timing.op == "convolution" || timing.op == "linear" {
        // A result in numbers leaves its layer under a name of its own.
        let name = timing.name.hasSuffix(".sums") ? String(timing.name.dropLast(5)) : timing.name
        let layer = try #require(calibrated.layers.firstIndex(of: name))
        #expect(purpose == .layer(layer), "\(timing.name)")
      }
    }
  }

  @Test("conversions stand where formats differ, once per value")
  func conversions() throws {
    var builder = NetworkBuilder(name: "chain")
    let image = try builder.input("image", [1, 8, 6, 6])
    let first = try builder.convolution("first", image, .square(channels: 8, kernel: 3, hasBias: true))
    let act = try builder.append("act", .activation(.hswish), [first])
    let left = try builder.convolution("left", act, .square(channels: 8, kernel: 1, hasBias: true))
    let right = try builder.convolution("right", act, .square(channels: 8, kernel: 3, hasBias: true))
    let sum = try builder.append("sum", .add, [left, right])
    let pooled = try builder.append("pool", .globalAveragePool, [sum])
    let network = builder.network(outputs: [("out", pooled)])
    let calibrated = try calibrated(network, network.randomWeights(seed: 1), seed: 1).network
    #expect(calibrated.layers == ["first", "left", "right"])
    let purposes = StepPurposes(calibrated)
    #expect(purposes.crossings.map(\.name) == ["image", "first", "left"])
    #expect(purposes.crossings.map(\.producer) == [nil, 0, 1])
    #expect(purposes.crossings.map(\.readers) == [[0], [1, 2], [2]])
    let mixed = try calibrated.quantised(layers: ["left"])
    let fused = try mixed.network.fused(with: mixed.weights)
    let compiled = try CompiledNetwork(fused.network, weights: fused.weights, pool: pool)
    let found = compiled.profile(runs: 1).map { purposes.purpose(of: $0.name, isChosen: [false, true, false]) }
    #expect(found.filter { $0 == .conversion(1) }.count == 1)
    #expect(found.filter { $0 == .conversion(2) }.count == 1)
    #expect(!found.contains(.conversion(0)))
  }

  @Test("an unknown layer is refused with the nearest name")
  func unknownLayer() throws {
    let network = try MobileNetwork.make()
    let calibrated = try calibrated(network, network.randomWeights(seed: 1), seed: 1).network
    let failure = #expect(throws: Diagnostic.self) { try calibrated.quantised(layers: ["stam"]) }
    #expect(failure?.nearest == "stem" && failure?.category == .usage)
  }
}
