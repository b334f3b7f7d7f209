import Compute
import Diagnostics
import Inference
import Networks
import Tensors
import Testing

@Suite struct CompiledNetworkTests {
  @Test("Random networks equal the reference, at every level, batch and number of threads", arguments: 0..<60)
  func equalsReference(seed: Int) throws {
    let (network, weights) = try RandomNetwork.make(seed: UInt64(seed), nodes: 12)
    let batch = 1 + seed % 3
    var shape = network.nodes[0].shape
    shape[0] = batch
    let inputs = ["image": randomTensor(shape, seed: UInt64(seed))]
    let expected = try ReferenceInterpreter(network, weights: weights).run(inputs)
    for isa in CPU.current.levels {
      let compiled = try CompiledNetwork(
        network, weights: weights, batch: batch, pool: ThreadPool(threads: 1 + seed % 2), isa: isa)
      let results = try compiled.run(inputs)
      #expect(Set(results.keys) == Set(expected.keys))
      for (name, wanted) in expected {
        let found = try #require(results[name])
        #expect(found.shape == wanted.shape)
        #expect(largestDifference(found, wanted) < 2e-5, "\(network.name), \(isa), \(name)")
      }
    }
  }

  @Test("Results have the same bits for any number of threads, and in every run", arguments: 60..<75)
  func deterministic(seed: Int) throws {
    let (network, weights) = try RandomNetwork.make(seed: UInt64(seed), nodes: 12)
    let inputs = ["image": randomTensor(network.nodes[0].shape, seed: 1)]
    let one = try CompiledNetwork(network, weights: weights, pool: ThreadPool(threads: 1)).run(inputs)
    for threads in 2...3 {
      let several = try CompiledNetwork(network, weights: weights, pool: ThreadPool(threads: threads))
      for _ in 0..<3 { #expect(try several.run(inputs) == one) }
    }
  }

  @Test("A fused network gives what the network gave before, in fewer nodes", arguments: 75..<95)
  func fused(seed: Int) throws {
    let (network, weights) = try RandomNetwork.make(seed: UInt64(seed), nodes: 16)
    let inputs = ["image": randomTensor(network.nodes[0].shape, seed: UInt64(seed))]
    let expected = try ReferenceInterpreter(network, weights: weights).run(inputs)
    let fused = try network.fused(with: weights)
    #expect(fused.network.nodes.count <= network.nodes.count)
    let results = try CompiledNetwork(fused.network, weights: fused.weights, pool: ThreadPool(threads: 1)).run(inputs)
    for (name, wanted) in expected { #expect(largestDifference(try #require(results[name]), wanted) < 5e-5) }
  }

  @Test("A large network has the same bits for any number of threads")
  func largeIsDeterministic() throws {
    let network = try MobileNetwork.make()
    let weights = network.randomWeights(seed: 2)
    let inputs = ["image": randomTensor([1, 3, 32, 32], seed: 3)]
    let results = try [1, 2, 4].map { threads in
      try CompiledNetwork(network, weights: weights, pool: ThreadPool(threads: threads)).run(inputs)
    }
    #expect(results[0] == results[1] && results[0] == results[2])
    let expected = try ReferenceInterpreter(network, weights: weights).run(inputs)
    #expect(largestDifference(try #require(results[0]["logits"]), try #require(expected["logits"])) < 2e-5)
  }

  @Test("Parameters that are boxes of shared tensors are read as such")
  func readsBoxes() throws {
    var builder = NetworkBuilder(name: "box")
    let image = try builder.input("image", [1, 2, 4, 4])
    let weight = Parameter("shared", [3, 2, 3, 3], offsets: [1, 0, 1, 1], of: [6, 4, 5, 5])
    let value = try builder.append(
      "conv", .convolution(.square(channels: 3, kernel: 3)), [image], parameters: [weight])
    let network = builder.network(outputs: [("y", value)])
    let weights = ["shared": randomTensor([6, 4, 5, 5], seed: 4)]
    let inputs = ["image": randomTensor([1, 2, 4, 4], seed: 5)]
    let expected = try ReferenceInterpreter(network, weights: weights).run(inputs)
    let found = try CompiledNetwork(network, weights: weights, pool: ThreadPool(threads: 1)).run(inputs)
    #expect(largestDifference(try #require(found["y"]), try #require(expected["y"])) < 1e-5)
  }

  @Test("An input may leave as it came, and through nodes that do nothing")
  func passesThrough() throws {
    var builder = NetworkBuilder(name: "through")
    let image = try builder.input("image", [1, 2, 3, 3])
    let vector = try builder.input("vector", [1, 5, 1, 1])
    let same = try builder.append("same", .activation(.identity), [vector])
    let flat = try builder.append("flat", .flatten, [same])
    let changed = try builder.append("changed", .activation(.relu), [flat])
    let network = builder.network(outputs: [("image", image), ("flat", flat), ("changed", changed)])
    let inputs = [
      "image": randomTensor([1, 2, 3, 3], seed: 1), "vector": randomTensor([1, 5, 1, 1], seed: 2),
    ]
    let compiled = try CompiledNetwork(network, weights: [:], pool: ThreadPool(threads: 1))
    for _ in 0..<2 {
      let results = try compiled.run(inputs)
      #expect(results["image"] == inputs["image"])
      #expect(results["flat"]?.values == inputs["vector"]?.values)
      #expect(results["changed"]?.values == inputs["vector"]?.values.map { max($0, 0) })
    }
    // Nothing above may have written into the caller's buffer.
    compiled.run()
    #expect(compiled.results["flat"]?.values == inputs["vector"]?.values)
  }

  @Test("The profile lists every node that works, with shares that sum to one")
  func profile() throws {
    let network = try MobileNetwork.make()
    let compiled = try CompiledNetwork(
      network, weights: network.randomWeights(seed: 1), pool: ThreadPool(threads: 1))
    let profile = compiled.profile(runs: 2)
    #expect(abs(profile.reduce(0) { $0 + $1.share } - 1) < 1e-9)
    #expect(profile.reduce(0) { $0 + $1.macs } == network.cost.macs)
    #expect(profile.contains { $0.op == "convolution" && $0.gigaflops > 0 })
    #expect(profile.allSatisfy { $0.milliseconds >= 0 })
    #expect(compiled.timeRuns(warmUp: 1, count: 3).count == 3)
  }
}

/// The largest difference between elements, relative to the largest element.
func largestDifference(_ a: Tensor, _ b: Tensor) -> Float {
  let largest = b.values.reduce(1) { max($0, abs($1)) }
  let differences = zip(a.values, b.values).map { abs($0 - $1) }
  return differences.contains { !$0.isFinite } ? .infinity : (differences.max() ?? 0) / largest
}
