import Compute
import Networks
import Tensors
import Testing
import Training

/// A network, a store with random values, and a batch of random images.
struct Trial {
  let network: Network
  let store: ParameterStore
  let images: Tensor
  let batch: Int
  let direction: Tensor

  init(_ network: Network, parameters: [Parameter]? = nil, batch: Int = 3) throws {
    (self.network, self.batch) = (network, batch)
    store = try ParameterStore(parameters ?? network.parameters, seed: 7)
    var random = RandomSource(seed: 11)
    for entry in store.entries {
      // Values of order one, and gammas that are not all alike, so that every gradient matters.
      let spread = entry.shape.rank > 1 ? (2 / Double(entry.count / entry.shape[0])).squareRoot() : 0.3
      let base = entry.name.hasSuffix(".gamma") ? 1.0 : 0
      let values = (0..<entry.count).map { _ in Float(base + spread * random.normal()) }
      try store.setValue(entry.name, Tensor(entry.shape, values))
    }
    let shape = network.nodes[network.inputs[0]].shape
    images = Tensor(
      [batch, shape[1], shape[2], shape[3]],
      (0..<batch * shape.elementCount).map { _ in Float(random.below(256)) })
    let classes = network.nodes[network.outputs[0].value].shape[-1]
    direction = Tensor([batch, classes], (0..<batch * classes).map { _ in Float(random.normal()) })
  }

  var imageBatch: ImageBatch {
    let shape = images.shape
    let filled = ImageBatch(capacity: batch, channels: shape[1], height: shape[2], width: shape[3])
    filled.fill(images, labels: Array(repeating: 0, count: batch))
    return filled
  }

  /// The logits, with the gradients of Σ direction · logits left in the store.
  func run(isa: ISA = .native, pool: ThreadPool = ThreadPool(threads: 1)) throws -> Tensor {
    let plan = try TrainingPlan(
      network: network, batch: batch, store: store, pool: pool, workspace: TrainingWorkspace(), isa: isa)
    let logits = try plan.forward(imageBatch, .train)
    store.clearGradients()
    plan.backward(direction)
    return logits
  }

  var reference: ReferenceNetwork { ReferenceNetwork(network, batch: batch, weights: store.weights) }
}

/// Whether two numbers agree within a tolerance relative to the larger of them and `scale`.
func agree(_ a: Double, _ b: Double, scale: Double, _ tolerance: Double = 2e-4) -> Bool {
  abs(a - b) <= tolerance * max(abs(a), abs(b), scale)
}

@Suite("Gradients")
struct GradientTests {
  @Test("Results and gradients equal a reference in double precision", arguments: GradientCase.all)
  func matchesReference(_ example: GradientCase) throws {
    let trial = try Trial(try example.network())
    for isa in CPU.current.levels { try check(trial, isa) }
  }

  /// Every chunk of the batch is of several images, and is worked through in several blocks that cut images.
  @Test("Chunks of several images and several blocks add up")
  func manyBlocks() throws {
    let channels = 320
    let example = GradientCase("inverted residual", channels: 4, size: 13) { builder, input in
      var value = try builder.convolution("expand", input, .square(channels: channels, kernel: 1))
      value = try builder.batchNorm("expand.norm", value)
      value = try builder.append("expand.act", .activation(.swish), [value])
      value = try builder.convolution("depthwise", value, .square(channels: channels, kernel: 3, groups: channels))
      value = try builder.batchNorm("depthwise.norm", value)
      value = try builder.append("depthwise.act", .activation(.swish), [value])
      value = try builder.convolution("project", value, .square(channels: 4, kernel: 1))
      value = try builder.batchNorm("project.norm", value)
      return try builder.append("join", .add, [value, input])
    }
    let trial = try Trial(example.network(), batch: 20)
    _ = try trial.run()
    var random = RandomSource(seed: 5)
    for _ in 0..<2 { try checkDirection(trial, &random) }
  }

  /// Compares the slope in a random direction, to which every tensor contributes alike, with central differences.
  private func checkDirection(_ trial: Trial, _ random: inout RandomSource) throws {
    let step = 1e-6
    var (slope, ahead, behind) = (0.0, trial.reference, trial.reference)
    for entry in trial.store.entries {
      let gradient = try #require(trial.store.gradient(entry.name)).values.map { Double($0) }
      let norm = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
      #expect(norm > 1e-3, "\(entry.name) has hardly a gradient")
      for index in gradient.indices {
        let offset = random.normal() / norm
        slope += gradient[index] * offset
        ahead.weights[entry.name]?[index] += step * offset
        behind.weights[entry.name]?[index] -= step * offset
      }
    }
    func value(_ network: ReferenceNetwork) -> Double {
      zip(network.logits(trial.images), trial.direction.values).reduce(0) { $0 + $1.0 * Double($1.1) }
    }
    let difference = (value(ahead) - value(behind)) / (2 * step)
    #expect(agree(slope, difference, scale: 1), "\(slope), by differences \(difference)")
  }

  private func check(_ trial: Trial, _ isa: ISA) throws {
    let logits = try trial.run(isa: isa)
    let reference = trial.reference
    let expected = reference.logits(trial.images)
    for (a, b) in zip(logits.values, expected) {
      #expect(agree(Double(a), b, scale: 1), "\(isa): \(a), not \(b)")
    }
    let direction = trial.direction.values.map { Double($0) }
    var random = RandomSource(seed: 3)
    for entry in trial.store.entries {
      let gradient = try #require(trial.store.gradient(entry.name))
      let scale = Double(gradient.values.reduce(0) { max($0, abs($1)) })
      #expect(scale > 0, "\(entry.name) has no gradient")
      for index in random.shuffled(Array(0..<entry.count)).prefix(6) {
        let difference = reference.derivative(entry.name, index, trial.images, direction: direction)
        let ours = Double(gradient.values[index])
        #expect(
          agree(ours, difference, scale: scale + 0.01),
          "\(isa) \(entry.name)[\(index)]: \(ours), by differences \(difference)")
      }
    }
  }
}
