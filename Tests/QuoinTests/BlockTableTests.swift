import BlockSelection
import Devices
import Latency
import Networks
import Quoin
import SearchSpaces
import Tensors
import TestSupport
import Testing

@Suite("Block selection by latency")
struct BlockTableTests {
  private func predictor(_ space: SearchSpace, seed: UInt64 = 1) throws -> LatencyPredictor {
    var random = RandomSource(seed: seed)
    let device = FormulaDevice()
    let samples = try (0..<40).map { number in
      let network = try space.network(for: number == 0 ? space.largest : space.sample(using: &random))
      return TrainingSample(
        key: String(number), network: network,
        milliseconds: device.measure(network, weights: network.timingWeights(seed: 1)).median)
    }
    return try LatencyPredictor.fit(
      samples, provenance: .init(deviceName: device.name, device: device.fingerprint))
  }

  @Test("A selection's cost is the predicted latency of the network that it makes")
  func costs() throws {
    for file in ["mbconv-mnist", "fbnet-cifar", "resnet-bottleneck"] {
      let space = try SearchSpace.load("searchspaces/\(file).yaml")
      let predictor = try predictor(space)
      let fixed = try space.globalAssignments()
      let blocks = try BlockTable(space, fixing: fixed[fixed.count / 2], predictor: predictor)
      var random = RandomSource(seed: 5)
      var problem = try blocks.problem(latency: 1e9) { _ in random.normal() }
      for group in problem.groups.indices { problem.groups[group].choices.shuffle(using: &random) }
      let result = try SelectionSolver.solve(problem, options: .init(timeLimit: 2))
      let predicted = try predictor.predict(space.network(for: blocks.architecture(of: result))).milliseconds
      let cost = try #require(result.costs["latency_ms"])
      #expect(abs(cost - predicted) < 1e-9 * predicted, "\(file)")
    }
  }

  @Test("The fastest network of a small space is the fastest of all its networks")
  func fastest() throws {
    let space = try SearchSpace(yaml: SampleExperiment.space)
    let predictor = try predictor(space)
    let found = try space.fastest(by: predictor)
    var random = RandomSource(seed: 2)
    var seen: Set<Architecture> = []
    var least = Double.infinity
    // 1 + 8² + 8³ networks at two resolutions: enough draws to meet nearly all of them.
    for _ in 0..<8000 {
      let architecture = space.sample(using: &random)
      guard seen.insert(architecture).inserted else { continue }
      least = min(least, try predictor.predict(space.network(for: architecture)).milliseconds)
    }
    #expect(seen.count > 900)
    #expect(found.milliseconds <= least)
  }
}
