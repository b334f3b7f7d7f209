import Compute
import Datasets
import Diagnostics
import Foundation
import Inference
import Networks
import SearchSpaces
import Supernets
import Tensors
import Testing
import Training

/// A space of 24 networks for four kinds of stripes.
let tinySpace = """
  version: 1
  name: tiny
  input: {image: {channels: 1, size: [12, 16]}}
  classes: 4
  stem: {conv: {channels: 8, kernel: 3, stride: 2, activation: hswish}}
  stages:
    - name: body
      depth: [1, 2]
      block: {mbconv: {channels: 8, kernel: [3, 5], expand: [2, 3], se: true}}
  head: {conv: {channels: 16}, pool: average}
  """

@Suite("Supernet")
struct SupernetTests {
  private let space: SearchSpace
  private let data: ImageDataset
  private let pool = ThreadPool(threads: 2)

  init() throws {
    space = try SearchSpace(yaml: tinySpace)
    var random = RandomSource(seed: 3)
    // Stripes that lie or stand, narrow or wide, at random phases under noise.
    let labels = (0..<200).map { $0 % 4 }
    let pixels = labels.flatMap { label in
      let phase = random.below(8)
      return (0..<256).map { position in
        let place = (label % 2 == 0 ? position / 16 : position % 16) + phase
        return UInt8(place / (label < 2 ? 1 : 2) % 2 == 0 ? 200 : 0) + UInt8(random.below(50))
      }
    }
    data = ImageDataset(
      name: "stripes", channels: 1, height: 16, width: 16, classes: ["a", "b", "c", "d"], pixels: pixels, labels: labels
    )
  }

  private func settings(epochs: Int) -> SupernetTraining {
    var settings = SupernetTraining()
    (settings.epochs, settings.batch, settings.crop, settings.flip) = (epochs, 20, 1, false)
    return settings
  }

  private func trainer(epochs: Int, seed: UInt64 = 1) throws -> SupernetTrainer {
    try SupernetTrainer(
      Supernet(space, seed: seed), on: data, settings: settings(epochs: epochs), seed: seed, pool: pool)
  }

  private func finish(_ trainer: SupernetTrainer, until end: Int = .max) throws {
    while trainer.stepsDone < min(end, trainer.steps) { _ = try trainer.step() }
  }

  @Test("After training, the largest, the smallest and any random network tell the classes apart")
  func learns() throws {
    let trainer = try trainer(epochs: 20)
    try finish(trainer)
    let evaluator = try SupernetEvaluator(trainer.supernet, recalibration: data, pool: pool)
    var random = RandomSource(seed: 9)
    for architecture in [space.largest, space.smallest, space.sample(using: &random)] {
      let result = try evaluator.evaluate(space.network(for: architecture), on: data)
      #expect(result.accuracy > 0.9, "\(architecture): \(result)")
    }
  }

  @Test("A training that is restored from a checkpoint goes on bit for bit")
  func resumes() throws {
    let whole = try trainer(epochs: 2)
    try finish(whole, until: 13)
    let checkpoint = try whole.checkpoint(identity: "{}")
    try finish(whole)
    let second = try trainer(epochs: 2, seed: 1)
    try second.restore(checkpoint, identity: "{}")
    #expect(second.stepsDone == 13)
    try finish(second)
    #expect(second.supernet.store.weights == whole.supernet.store.weights)
    #expect(throws: Diagnostic.self) { try second.restore(checkpoint, identity: #"{"other":1}"#) }
  }

  @Test("The gradient of a step is the sum over the largest, the smallest and the random networks")
  func sandwich() throws {
    // With no random network, momentum or limit, the step of the sandwich is rate times the two gradients.
    var settings = settings(epochs: 1)
    (settings.randomNetworks, settings.momentum, settings.weightDecay, settings.warmUpEpochs) = (0, 0, 0, 0)
    (settings.gradientNorm, settings.batch, settings.crop) = (1e9, 200, 0)
    let trainer = try SupernetTrainer(Supernet(space, seed: 1), on: data, settings: settings, seed: 1, pool: pool)
    let before = trainer.supernet.store.weights
    let expected = try ParameterStore(space.sharedParameters, seed: 5)
    try expected.setValues(before)
    let batch = ImageBatch(capacity: 200, of: data)
    var random = RandomSource(seed: 1, purpose: "image order of epoch 0")
    batch.fill(data, random.shuffled(Array(0..<200)), pool: pool)
    func plan(_ architecture: Architecture) throws -> TrainingPlan {
      try TrainingPlan(
        network: space.network(for: architecture), batch: 200, store: expected, pool: pool,
        workspace: TrainingWorkspace())
    }
    let (largest, smallest) = (try plan(space.largest), try plan(space.smallest))
    let logits = try largest.forward(batch, .train)
    largest.backward(Loss.crossEntropy(logits: logits, labels: batch.labels, smoothing: 0.1).gradient)
    // In the first step, smaller networks learn from the labels alone.
    let answers = try smallest.forward(batch, .train)
    smallest.backward(Loss.crossEntropy(logits: answers, labels: batch.labels, smoothing: 0.1).gradient)
    _ = try trainer.step()
    for name in ["stem.conv.weight", "body.1.mbconv.project.norm.gamma"] {
      let gradient = try #require(expected.gradient(name))
      let (old, new) = (try #require(before[name]), try #require(trainer.supernet.store.value(name)))
      let largest = gradient.values.map(abs).max() ?? 0
      #expect(largest > 0)
      for i in gradient.values.indices {
        #expect(abs(old.values[i] - new.values[i] - 0.2 * gradient.values[i]) < 1e-4 * largest + 1e-6)
      }
    }
  }

  @Test("An extracted network gives the logits of the supernet's slice")
  func extraction() throws {
    let trainer = try trainer(epochs: 1)
    try finish(trainer)
    let evaluator = try SupernetEvaluator(trainer.supernet, recalibration: data, pool: pool)
    var random = RandomSource(seed: 4)
    for _ in 0..<6 {
      let network = try space.network(for: space.sample(using: &random))
      let statistics = try evaluator.statistics(of: network)
      let plan = try TrainingPlan(
        network: network, batch: 7, store: trainer.supernet.store, pool: pool, workspace: TrainingWorkspace(),
        purpose: .inference)
      let batch = ImageBatch(capacity: 7, of: data)
      batch.fill(data, 0..<7, pool: pool)
      let slice = try plan.forward(batch, .evaluate(statistics))
      let own = try trainer.supernet.extracted(network, statistics: statistics)
      #expect(own.network.parameters.allSatisfy { $0.isWhole })
      let compiled = try CompiledNetwork(own.network, weights: own.weights, batch: 7, pool: pool)
      let logits = try #require(try compiled.run(["image": data.batch(of: Array(0..<7))])["logits"])
      for (a, b) in zip(slice.values, logits.values) { #expect(abs(a - b) < 1e-3 * max(1, abs(a))) }
    }
  }

  @Test("Images of another size or number of classes are refused by name")
  func misfits() throws {
    let other = ImageDataset(
      name: "other", channels: 3, height: 16, width: 16, classes: data.classes,
      pixels: [UInt8](repeating: 0, count: 768), labels: [0])
    #expect(throws: Diagnostic.self) { try space.requireFit(other) }
    #expect(throws: Never.self) { try space.requireFit(data) }
  }
}
