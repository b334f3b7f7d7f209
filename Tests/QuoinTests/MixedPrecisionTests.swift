import BlockSelection
import Compute
import Devices
import Diagnostics
import Inference
import Networks
import Quoin
import Tensors
import Testing

/// A small network with a residual, a squeeze-excite gate and a value that three layers read.
private enum SmallNetwork {
  static func make() throws -> (network: Network, weights: Weights, samples: [String: Tensor]) {
    var builder = NetworkBuilder(name: "small")
    let image = try builder.input("image", [1, 3, 10, 10])
    var x = try conv(&builder, "stem", image, 8)
    let shortcut = x
    var gate = try builder.append("mean", .globalAveragePool, [x])
    gate = try conv(&builder, "gate", gate, 8, kernel: 1, .hsigmoid)
    x = try builder.append("scaled", .multiply, [x, gate])
    x = try conv(&builder, "middle", x, 8, .identity)
    x = try builder.append("sum", .add, [x, shortcut])
    let side = try conv(&builder, "side", shortcut, 4, kernel: 1)
    x = try builder.append("joined", .concat, [x, side])
    x = try builder.append("flat", .flatten, [builder.append("pool", .globalAveragePool, [x])])
    x = try builder.linear("head", x, Linear(features: 6))
    let network = builder.network(outputs: [("logits", x)])
    var random = RandomSource(seed: 5, purpose: "small network")
    func tensor(_ shape: Shape, _ size: Float) -> Tensor {
      Tensor(shape, (0..<shape.elementCount).map { _ in size * Float(random.normal()) })
    }
    let weights = Dictionary(
      network.parameters.map { ($0.name, tensor($0.storedShape, 0.3)) }, uniquingKeysWith: { first, _ in first })
    return (network, weights, ["image": tensor([6, 3, 10, 10], 1)])
  }

  private static func conv(
    _ builder: inout NetworkBuilder, _ name: String, _ input: Network.ValueID, _ channels: Int, kernel: Int = 3,
    _ activation: Activation = .relu
  ) throws -> Network.ValueID {
    let value = try builder.convolution(name, input, .square(channels: channels, kernel: kernel, hasBias: true))
    return activation == .identity ? value : try builder.append(name + ".act", .activation(activation), [value])
  }

  static func calibrated() throws -> CalibratedNetwork {
    let (network, weights, samples) = try make()
    return try Quantiser(method: .minmax, pool: ThreadPool(threads: 1))
      .calibrated(network, weights: weights, samples: samples)
  }
}

/// All formats of layers.
private func everyChoice(_ formats: [[LayerFormat]]) -> [[LayerFormat]] {
  formats.reduce([[]]) { choices, able in choices.flatMap { choice in able.map { choice + [$0] } } }
}

@Suite("Mixed precision")
struct MixedPrecisionTests {
  /// A model of random numbers on the structure of the small network.
  private func model(seed: UInt64) throws -> MixedPrecisionModel {
    let calibrated = try SmallNetwork.calibrated()
    let crossings = calibrated.crossings
    var random = RandomSource(seed: seed, purpose: "mixed precision model")
    func numbers(_ count: Int, _ scale: Double) -> [Double] { (0..<count).map { _ in scale * random.uniform() } }
    let count = calibrated.layers.count
    let times = LayerTimes(
      fixed: 0.1, layers: [.fp32: numbers(count, 2), .bf16: numbers(count, 1.5), .int8: numbers(count, 1)],
      toBytes: numbers(crossings.count, 0.4), toNumbers: numbers(crossings.count, 0.4))
    var errors = LayerErrors(
      kind: .output, layers: [.bf16: numbers(count, 0.002), .int8: numbers(count, 0.01)], pairs: [:])
    for layer in 1..<count { errors.pairs[.init(first: layer - 1, second: layer)] = 0.004 * (random.uniform() - 0.5) }
    // A layer that cannot be in BF16 is among them.
    var formats = calibrated.formats(of: LayerFormat.allCases)
    formats[Int(seed) % count] = [.fp32, .int8]
    return MixedPrecisionModel(
      layers: calibrated.layers, formats: formats, times: times, errors: errors, crossings: crossings)
  }

  @Test("the selection problem says what the model says: its optimum is that of trying everything", arguments: 0..<20)
  func optimum(seed: Int) throws {
    let model = try model(seed: UInt64(seed))
    let choices = everyChoice(model.formats)
    let latencies = choices.map(model.latency)
    let (least, most) = (latencies.min() ?? 0, latencies.max() ?? 0)
    for part in [0.1, 0.3, 0.6] {
      let limit = least + part * (most - least)
      let best = choices.filter { model.latency($0) <= limit }.map(model.errors.sum).min() ?? .infinity
      let found = try SelectionSolver.solve(model.problem(.latency(limit)))
      let chosen = model.formats(found.choices)
      #expect(found.status == .optimal)
      #expect(abs(model.errors.sum(chosen) - best) < 1e-9)
      #expect(model.latency(chosen) <= limit + 1e-9)
      #expect(model.latency(chosen) <= (found.costs["latency_ms"] ?? 0) + 1e-9)
      if let greedy = model.greedy(.latency(limit)) { #expect(model.errors.sum(greedy) >= best - 1e-9) }
    }
    let bound = 0.5 * (choices.map(model.errors.sum).max() ?? 0)
    let fastest = choices.filter { model.errors.sum($0) <= bound }.map(model.latency).min() ?? .infinity
    let found = model.formats(try SelectionSolver.solve(model.problem(.noise(bound))).choices)
    #expect(abs(model.latency(found) - fastest) < 1e-9)
  }

  @Test("times of steps come back as the parts that they were made of")
  func times() throws {
    let calibrated = try SmallNetwork.calibrated()
    let timer = LayerTimer(calibrated, formats: LayerFormat.allCases)
    let designs = timer.designs(seed: 1)
    for crossing in calibrated.crossings where crossing.producer != nil && !crossing.readers.isEmpty {
      let bytes = designs.map { $0.map { $0 == .int8 } }
      #expect(bytes.contains(where: crossing.becomesBytes) && bytes.contains(where: crossing.becomesNumbers))
    }
    // Every step takes as long as its name is: what is fused, converted or left out shows in the sums.
    let samples = try designs.map { formats in
      let mixed = try calibrated.mixed(formats)
      let fused = try mixed.network.fused(with: mixed.weights)
      let compiled = try CompiledNetwork(fused.network, weights: fused.weights, pool: ThreadPool(threads: 1))
      let steps = compiled.profile(runs: 1).map { ($0.name, Double($0.name.count)) }
      let operators = Dictionary(steps, uniquingKeysWith: +)
      var latency = LatencySummary(milliseconds: [operators.values.reduce(0, +)])
      latency.operators = operators
      return LayerTimer.Sample(formats: formats, latency: latency)
    }
    let times = timer.times(samples)
    let errors = LayerErrors(kind: .output, layers: [:], pairs: [:])
    let model = MixedPrecisionModel(
      layers: calibrated.layers, formats: calibrated.formats(of: LayerFormat.allCases), times: times, errors: errors,
      crossings: calibrated.crossings)
    for formats in everyChoice(model.formats) {
      let mixed = try calibrated.mixed(formats)
      let fused = try mixed.network.fused(with: mixed.weights)
      let compiled = try CompiledNetwork(fused.network, weights: fused.weights, pool: ThreadPool(threads: 1))
      let sum = compiled.profile(runs: 1).reduce(0) { $0 + Double($1.name.count) }
      // A copy's conversion has a longer name than that of the value itself.
      #expect(abs(model.latency(formats) - sum) <= 0.1 * sum, "\(formats): \(model.latency(formats)), not \(sum)")
    }
  }

  private func run(
    _ goal: MixedPrecisionWorkflow.Goal, change: (inout MixedPrecisionWorkflow.Options) -> Void = { _ in }
  ) throws -> MixedPrecisionWorkflow.Outcome {
    var options = MixedPrecisionWorkflow.Options(goal: goal)
    options.rules = MeasurementProtocol(minimumRuns: 3, maximumRuns: 3, patience: 0)
    change(&options)
    let (network, weights, samples) = try SmallNetwork.make()
    return try MixedPrecisionWorkflow(options).run(network, weights: weights, samples: samples)
  }

  @Test("what is delivered was measured within the limit")
  func keepsLimit() throws {
    let found = try run(.signalToNoise(45)) { $0.isPairwise = true }
    guard case .found(let result, let network, let weights, let problem) = found else {
      Issue.record("45 dB can be kept")
      return
    }
    #expect(result.chosen.measuredNoiseToSignal <= result.limit)
    #expect(result.layers.filter { $0.format == .int8 }.map(\.name) == result.chosen.int8Layers)
    #expect(result.layers.filter { $0.format == .bf16 }.map(\.name) == result.chosen.bf16Layers)
    #expect(network.layersInBF16 == result.chosen.bf16Layers)
    #expect(result.baselines.map(\.method).prefix(3) == ["fp32", "bf16", "int8"])
    #expect(result.baselines[0].measuredNoiseToSignal == 0 && result.baselines[1].measuredNoiseToSignal > 0)
    #expect(result.baselines[2].measuredNoiseToSignal > 10 * result.baselines[1].measuredNoiseToSignal)
    #expect(network.isQuantised == !result.chosen.int8Layers.isEmpty)
    #expect(weights.count == network.parameters.count)
    #expect(problem.groups.prefix(result.layers.count).map(\.name) == result.layers.map(\.name))
    for (group, layer) in zip(problem.groups, result.layers) {
      #expect(group.choices.map(\.name) == layer.formats.map(\.format.rawValue))
      #expect(group.choices[0].costs["latency_ms"] == layer.formats[0].milliseconds)
      #expect(group.choices[1].costs["noise_to_signal_ppm"] == 1e6 * layer.formats[1].error)
    }
    #expect(!problem.interactions.isEmpty)
  }

  @Test("under every limit of a front, the outermost too, selection is predicted no slower than greedy")
  func front() throws {
    guard case .found(let result, _, _, _) = try run(.signalToNoise(45), change: { $0.frontPoints = 5 }) else {
      Issue.record("45 dB can be kept")
      return
    }
    for limit in Set(result.front.map(\.limit)) {
      let points = result.front.filter { $0.limit == limit }
      let selected = try #require(points.first { $0.method == "selection" }).predictedLatencyMs
      for greedy in points where greedy.method == "greedy" { #expect(selected <= greedy.predictedLatencyMs + 1e-9) }
    }
  }

  @Test("a latency that nothing reaches is infeasible, one that everything reaches leaves FP32")
  func extremes() throws {
    guard case .infeasible(let answer, _) = try run(.latency(1e-6)) else {
      Issue.record("a nanosecond is too short")
      return
    }
    #expect(try #require(answer.attainable["latency_ms"]) > 1e-6)
    guard case .found(let result, let network, _, _) = try run(.latency(1000)) else {
      Issue.record("a second is long enough")
      return
    }
    #expect(result.chosen.measuredNoiseToSignal == 0 || result.chosen.predictedError <= 0)
    #expect(!network.isQuantised || !result.chosen.int8Layers.isEmpty)
  }

  @Test("traces of the Hessian weigh the layers, and have to be those of the layers")
  func traces() throws {
    let layers = try SmallNetwork.calibrated().layers
    var traces = Dictionary(uniqueKeysWithValues: layers.map { ($0, 1.0) })
    traces["stem"] = 0
    guard case .found(let result, _, _, _) = try run(.latency(1000), change: { $0.traces = traces }) else {
      Issue.record("a second is long enough")
      return
    }
    #expect(result.sensitivity == "hessian" && result.layers[0].formats.allSatisfy { $0.error == 0 })
    #expect(abs(result.layers.reduce(0) { $0 + $1.formats[2].error } - 1) < 1e-9)
    #expect(result.layers.reduce(0) { $0 + $1.formats[1].error } < 0.1)
    traces["steem"] = 1
    let unknown = #expect(throws: Diagnostic.self) { try run(.latency(1000), change: { $0.traces = traces }) }
    #expect(unknown?.nearest == "stem")
    traces["steem"] = nil
    traces["head"] = nil
    let missing = #expect(throws: Diagnostic.self) { try run(.latency(1000), change: { $0.traces = traces }) }
    #expect(missing?.place?.path == "head")
  }
}
