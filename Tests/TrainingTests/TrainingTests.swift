import Compute
import Diagnostics
import Networks
import Tensors
import Testing
import Training

@Suite("Training")
struct TrainingTests {
  private let workspace = TrainingWorkspace()

  /// An inverted residual with everything that the spaces use.
  private func network(size: Int = 8, classes: Int = 4) throws -> Network {
    var builder = NetworkBuilder(name: "tiny")
    let image = try builder.input("image", [1, 3, size, size])
    let scaled = try builder.append(
      "scaled", .normalize(mean: [127, 127, 127], deviation: [60, 60, 60]), [image])
    let stem = try builder.batchNorm(
      "stem.norm", try builder.convolution("stem", scaled, .square(channels: 8, kernel: 3)))
    let x = try builder.append("stem.active", .activation(.hswish), [stem])
    let e = try builder.batchNorm("e.norm", try builder.convolution("e", x, .square(channels: 24, kernel: 1)))
    let ea = try builder.append("e.active", .activation(.hswish), [e])
    let d = try builder.convolution("d", ea, .square(channels: 24, kernel: 3, groups: 24))
    let da = try builder.append("d.active", .activation(.hswish), [try builder.batchNorm("d.norm", d)])
    let s = try builder.squeezeExcite("se", da, channels: 24, reduced: 6)
    let p = try builder.batchNorm("p.norm", try builder.convolution("p", s, .square(channels: 8, kernel: 1)))
    let sum = try builder.append("sum", .add, [p, x])
    let flat = try builder.append("flat", .flatten, [try builder.append("pool", .globalAveragePool, [sum])])
    let logits = try builder.linear("head", flat, .init(features: classes))
    return builder.network(outputs: [("logits", logits)])
  }

  private func randomBatch(_ count: Int, size: Int = 8, classes: Int = 4, seed: UInt64 = 1) -> ImageBatch {
    var random = RandomSource(seed: seed)
    let batch = ImageBatch(capacity: count, channels: 3, height: size, width: size)
    batch.fill(
      Tensor([count, 3, size, size], (0..<count * 3 * size * size).map { _ in Float(random.below(256)) }),
      labels: (0..<count).map { $0 % classes })
    return batch
  }

  /// Trains and returns the losses.
  @discardableResult
  private func train(
    _ optimizer: SGD, _ network: Network, _ store: ParameterStore, _ batch: ImageBatch, steps: Int,
    threads: Int = 2
  ) throws -> [Double] {
    let pool = ThreadPool(threads: threads)
    return try (0..<steps).map { _ in
      let plan = try TrainingPlan(
        network: network, batch: batch.count, store: store, pool: pool, workspace: workspace)
      let loss = Loss.crossEntropy(logits: try plan.forward(batch, .train), labels: batch.labels)
      plan.backward(loss.gradient)
      optimizer.step(rate: 0.05)
      return loss.mean
    }
  }

  @Test("A tiny network learns a tiny batch by heart")
  func overfits() throws {
    let network = try network()
    let store = try ParameterStore(network.parameters, seed: 1)
    let batch = randomBatch(16)
    let losses = try train(SGD(store, .init(weightDecay: 0)), network, store, batch, steps: 120)
    #expect(losses[0] > 1)
    #expect(losses[119] < 0.05, "the loss is still \(losses[119])")
    let plan = try TrainingPlan(
      network: network, batch: 16, store: store, pool: ThreadPool(threads: 1), workspace: workspace)
    #expect(correctCount(logits: try plan.forward(batch, .train), labels: batch.labels) == 16)
  }

  @Test("Runs are equal bit for bit, whether with one thread or two")
  func determinism() throws {
    let network = try network()
    let batch = randomBatch(13)
    let results = try [1, 2, 2].map { threads in
      let store = try ParameterStore(network.parameters, seed: 1)
      try train(SGD(store, .init()), network, store, batch, steps: 3, threads: threads)
      return store.weights
    }
    #expect(results[0] == results[1] && results[1] == results[2])
  }

  @Test("Many threads agree with one within rounding")
  func manyThreads() throws {
    let trial = try Trial(try network(), batch: 13)
    let one = try trial.run()
    let gradients = trial.store.tensors(in: trial.store.gradients)
    let many = try trial.run(pool: ThreadPool(threads: 7))
    for (a, b) in zip(one.values, many.values) { #expect(agree(Double(a), Double(b), scale: 1, 1e-4)) }
    for (name, tensor) in gradients {
      let other = try #require(trial.store.gradient(name))
      let scale = Double(tensor.values.reduce(0) { max($0, abs($1)) })
      for (a, b) in zip(tensor.values, other.values) {
        #expect(agree(Double(a), Double(b), scale: scale + 1e-3, 1e-3), "\(name): \(a), \(b)")
      }
    }
  }

  @Test("Training that is restored from a checkpoint goes on bit for bit as if it had not been interrupted")
  func resumes() throws {
    let network = try network()
    let batch = randomBatch(8)
    let settings = SGD.Settings(gradientNormLimit: 1, averageDecay: 0.9)
    let store = try ParameterStore(network.parameters, seed: 1)
    let optimizer = SGD(store, settings)
    try train(optimizer, network, store, batch, steps: 3)
    var random = RandomSource(seed: 4)
    _ = random.next()
    let saved = try TrainingCheckpoint(optimizer, randoms: ["order": random], configuration: "{\"a\":1}")
    try train(optimizer, network, store, batch, steps: 3)

    let secondStore = try ParameterStore(network.parameters, seed: 99)
    let second = SGD(secondStore, settings)
    var randoms = try saved.restore(second)
    #expect(saved.configuration == "{\"a\":1}")
    #expect(second.steps == 3)
    #expect(randoms["order"]?.next() == random.next())
    try train(second, network, secondStore, batch, steps: 3)
    #expect(secondStore.weights == store.weights)
    #expect(second.averagedWeights == optimizer.averagedWeights)
    #expect(second.steps == optimizer.steps)
  }

  @Test("A checkpoint of other parameters or settings is refused")
  func refusesCheckpoints() throws {
    let network = try network()
    let store = try ParameterStore(network.parameters, seed: 1)
    let saved = try TrainingCheckpoint(SGD(store, .init()), randoms: [:], configuration: "")
    #expect(throws: Diagnostic.self) { try saved.restore(SGD(store, .init(momentum: 0.5))) }
    let other = try ParameterStore([Parameter("w.weight", [3, 3])], seed: 1)
    #expect(throws: Diagnostic.self) { try saved.restore(SGD(other, .init())) }
    #expect(throws: Diagnostic.self) {
      try TrainingCheckpoint(tensors: saved.tensors, metadata: ["format": "other"], path: "x")
    }
  }

  @Test("Evaluation with the statistics of one recalibrated batch equals the pass that measured them")
  func recalibration() throws {
    let network = try network()
    let store = try ParameterStore(network.parameters, seed: 1)
    let plan = try TrainingPlan(
      network: network, batch: 8, store: store, pool: ThreadPool(threads: 2), workspace: workspace,
      purpose: .inference)
    let batch = randomBatch(8)
    let statistics = BatchStatistics()
    let measured = try plan.forward(batch, .recalibrate(statistics))
    let weights = statistics.weights
    #expect(weights.keys.sorted().first == "d.norm.mean" && weights.count == 8)
    let evaluated = try plan.forward(batch, .evaluate(weights))
    for (a, b) in zip(measured.values, evaluated.values) {
      #expect(agree(Double(a), Double(b), scale: 0.1, 1e-4))
    }
    // Fewer images than the plan is made for.
    let few = randomBatch(8)
    few.fill(Tensor([3, 3, 8, 8], repeating: 100))
    #expect(try plan.forward(few, .evaluate(weights)).shape == [3, 4])
    #expect(throws: Diagnostic.self) { try plan.forward(batch, .evaluate([:])) }
  }

  @Test("Statistics of several batches equal those of all their pixels together")
  func pooledStatistics() throws {
    var builder = NetworkBuilder(name: "norm")
    let image = try builder.input("image", [1, 3, 8, 8])
    let norm = try builder.batchNorm("norm", image)
    let logits = try builder.append(
      "flat", .flatten, [try builder.append("pool", .globalAveragePool, [norm])])
    let network = builder.network(outputs: [("logits", logits)])
    let store = try ParameterStore(network.parameters, seed: 1)
    let pool = ThreadPool(threads: 1)
    let plan = try TrainingPlan(network: network, batch: 4, store: store, pool: pool, workspace: workspace)
    let (several, whole) = (BatchStatistics(), BatchStatistics())
    let all = randomBatch(12)
    for part in 0..<3 {
      let batch = randomBatch(4)
      batch.pixels.pointer.update(from: all.pixels.pointer + part * 4 * 192, count: 4 * 192)
      _ = try plan.forward(batch, .recalibrate(several))
    }
    let large = try TrainingPlan(network: network, batch: 12, store: store, pool: pool, workspace: workspace)
    _ = try large.forward(all, .recalibrate(whole))
    for name in ["norm.mean", "norm.variance"] {
      let (a, b) = (try #require(several.weights[name]), try #require(whole.weights[name]))
      for c in 0..<3 { #expect(agree(Double(a.values[c]), Double(b.values[c]), scale: 1, 1e-5)) }
    }
  }

  @Test("The sum of two backward passes is in the store, and plans may share a workspace")
  func accumulates() throws {
    let trial = try Trial(try network(), batch: 4)
    _ = try trial.run()
    let once = trial.store.tensors(in: trial.store.gradients)
    let pool = ThreadPool(threads: 1)
    for batch in [4, 2, 4] {
      // The pass in between uses the same memory for another plan.
      let plan = try TrainingPlan(
        network: trial.network, batch: batch, store: trial.store, pool: pool, workspace: workspace)
      let images = ImageBatch(capacity: batch, channels: 3, height: 8, width: 8)
      images.fill(Tensor([batch, 3, 8, 8], Array(trial.images.values.prefix(batch * 192))))
      _ = try plan.forward(images, .train)
      if batch == 4 { plan.backward(trial.direction) }
    }
    for (name, tensor) in once {
      let total = try #require(trial.store.gradient(name))
      for (a, b) in zip(tensor.values, total.values) {
        #expect(agree(3 * Double(a), Double(b), scale: 1e-3, 1e-4))
      }
    }
  }
}
