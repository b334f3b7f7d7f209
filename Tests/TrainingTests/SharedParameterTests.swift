import Compute
import Diagnostics
import Networks
import Tensors
import Testing
import Training

/// Parameters that are boxes inside larger tensors, as a supernet's are.
@Suite("Shared parameters")
struct SharedParameterTests {
  private func network() throws -> Network {
    var builder = NetworkBuilder(name: "boxes")
    let image = try builder.input("image", [1, 3, 6, 6])
    let scaled = try builder.append(
      "scaled", .normalize(mean: [127, 127, 127], deviation: [60, 60, 60]), [image])
    let stem = try builder.append(
      "stem", .convolution(.square(channels: 4, kernel: 3)), [scaled],
      parameters: [Parameter("stem.weight", [4, 3, 3, 3], offsets: [0, 0, 1, 1], of: [6, 3, 5, 5])])
    let e = try builder.append(
      "e", .convolution(.square(channels: 10, kernel: 1, hasBias: true)), [stem],
      parameters: [
        Parameter("e.weight", [10, 4, 1, 1], offsets: [2, 1, 0, 0], of: [16, 6, 1, 1]),
        Parameter("e.bias", [10], offsets: [2], of: [16]),
      ])
    let norm = try builder.append(
      "n", .batchNorm(epsilon: 1e-5), [e],
      parameters: ["gamma", "beta", "mean", "variance"].map {
        Parameter("n.\($0)", [10], offsets: [3], of: [16])
      })
    let d = try builder.append(
      "d", .convolution(.square(channels: 10, kernel: 3, groups: 10)), [norm],
      parameters: [Parameter("d.weight", [10, 1, 3, 3], offsets: [0, 0, 2, 2], of: [16, 1, 7, 7])])
    let a = try builder.append("a", .activation(.swish), [d])
    let flat = try builder.append("flat", .flatten, [try builder.append("pool", .globalAveragePool, [a])])
    let logits = try builder.append(
      "head", .linear(.init(features: 3)), [flat],
      parameters: [
        Parameter("head.weight", [3, 10], offsets: [0, 4], of: [3, 16]), Parameter("head.bias", [3]),
      ])
    return builder.network(outputs: [("logits", logits)])
  }

  @Test("Gradients land in the boxes, as differences say, and nowhere else")
  func landsInBox() throws {
    let trial = try Trial(try network())
    let logits = try trial.run()
    let reference = trial.reference
    for (a, b) in zip(logits.values, reference.logits(trial.images)) {
      #expect(agree(Double(a), b, scale: 1))
    }
    let direction = trial.direction.values.map { Double($0) }
    for entry in trial.store.entries {
      let gradient = try #require(trial.store.gradient(entry.name))
      let parameter = try #require(trial.network.parameters.first { $0.name == entry.name })
      var inside = Set<Int>()
      parameter.forEachRun { _, inStored, count in inside.formUnion(inStored..<inStored + count) }
      let scale = Double(gradient.values.reduce(0) { max($0, abs($1)) })
      for index in stride(from: 0, to: entry.count, by: max(1, entry.count / 40)) {
        if inside.contains(index) {
          let difference = reference.derivative(entry.name, index, trial.images, direction: direction)
          #expect(
            agree(Double(gradient.values[index]), difference, scale: scale + 0.01), "\(entry.name)[\(index)]")
        }
      }
      for index in 0..<entry.count where !inside.contains(index) {
        #expect(gradient.values[index] == 0, "\(entry.name)[\(index)] lies outside the box")
      }
      #expect(inside.contains { gradient.values[$0] != 0 })
    }
  }

  @Test("Statistics have the shape that the network sees, and evaluation takes stored ones too")
  func statistics() throws {
    let trial = try Trial(try network())
    let plan = try TrainingPlan(
      network: trial.network, batch: 3, store: trial.store, pool: ThreadPool(threads: 1),
      workspace: TrainingWorkspace())
    let statistics = BatchStatistics()
    _ = try plan.forward(trial.imageBatch, .recalibrate(statistics))
    let seen = statistics.weights
    #expect(seen["n.mean"]?.shape == [10])
    var stored = seen.mapValues { _ in Tensor([16], repeating: 1e9) }
    for (name, tensor) in seen { for i in 0..<10 { stored[name]?.values[3 + i] = tensor.values[i] } }
    let a = try plan.forward(trial.imageBatch, .evaluate(seen))
    #expect(try plan.forward(trial.imageBatch, .evaluate(stored)) == a)
  }

  @Test("Parameters that the store does not have, or has in another shape, are named")
  func namesParameters() throws {
    let network = try network()
    let pool = ThreadPool(threads: 1)
    func failure(_ parameters: [Parameter]) -> Diagnostic? {
      do {
        let store = try ParameterStore(parameters, seed: 1)
        _ = try TrainingPlan(
          network: network, batch: 2, store: store, pool: pool, workspace: TrainingWorkspace())
        return nil
      } catch { return error as? Diagnostic }
    }
    var parameters = network.parameters
    #expect(failure(parameters) == nil)
    parameters.removeAll { $0.name == "d.weight" }
    #expect(failure(parameters)?.place?.path == "d.weight")
    parameters.append(Parameter("d.weight", [10, 1, 3, 3]))
    #expect(failure(parameters)?.problem == "a parameter is a box of another tensor than the stored one")
    parameters.append(Parameter("d.weight", [10, 1, 5, 5]))
    #expect(failure(parameters)?.problem == "one parameter has two shapes")
  }

  @Test("Networks that cannot be trained are refused by the name of the node")
  func refusesNetworks() throws {
    let pool = ThreadPool(threads: 1)
    func failure(_ build: (inout NetworkBuilder) throws -> Network.ValueID) -> Diagnostic? {
      do {
        var builder = NetworkBuilder(name: "bad")
        let result = try build(&builder)
        let network = builder.network(outputs: [("logits", result)])
        let store = try ParameterStore(network.parameters, seed: 1)
        _ = try TrainingPlan(
          network: network, batch: 1, store: store, pool: pool, workspace: TrainingWorkspace())
        return nil
      } catch { return error as? Diagnostic }
    }
    let tokens = failure { builder in
      let tokens = try builder.input("tokens", [1, 4])
      return try builder.append(
        "words", .embedding(vocabulary: 5, width: 3), [tokens],
        parameters: [Parameter("words.table", [5, 3])])
    }
    #expect(tokens?.place?.path == "tokens")
    let norm = failure { builder in
      let image = try builder.input("image", [1, 2, 3, 3])
      return try builder.append(
        "rms", .rmsNorm(epsilon: 1e-5), [image], parameters: [Parameter("rms.gain", [3])])
    }
    #expect(norm?.place?.path == "rms")
    let fused = failure { builder in
      let image = try builder.input("image", [1, 2, 3, 3])
      var convolution = Convolution.square(channels: 2, kernel: 1)
      convolution.activation = .relu
      return try builder.convolution("fused", image, convolution)
    }
    #expect(fused?.place?.path == "fused")
    let picture = failure { builder in
      try builder.convolution(
        "wide", try builder.input("image", [1, 2, 3, 3]), .square(channels: 2, kernel: 1))
    }
    #expect(picture?.problem == "the output is an image")
  }
}
