import Compute
import Diagnostics
import Latency
import Tensors
import Testing

@Suite struct HELPTests {
  private let network = HELPNetwork(inputs: 6, references: 3, width: 5)
  private var random = RandomSource(seed: 2, purpose: "help tests")

  init() throws { try BLAS.load() }

  private mutating func numbers(_ count: Int) -> [Float] { (0..<count).map { _ in Float(random.normal()) } }

  /// Huber's loss, whose gradient the learner takes.
  private func loss(_ results: [Float], _ targets: [Float]) -> Double {
    let losses = zip(results, targets).map { result, target -> Double in
      let size = abs(Double(result - target))
      return size <= 0.2 ? size * size / 2 : 0.2 * (size - 0.1)
    }
    return losses.reduce(0, +) / Double(targets.count)
  }

  /// The change of a function along a direction, by central differences; `nil` where a rectifier turns in between,
  /// since there is no derivative then.
  private func slope(
    _ values: [Float], along direction: [Float], of function: ([Float]) -> (loss: Double, isActive: [Bool])
  ) -> Double? {
    let step: Float = 1e-3
    let ahead = function(zip(values, direction).map { $0 + step * $1 })
    let behind = function(zip(values, direction).map { $0 - step * $1 })
    guard ahead.isActive == behind.isActive else { return nil }
    return (ahead.loss - behind.loss) / (2 * Double(step))
  }

  private func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }

  @Test("The gradient of every layer is that of finite differences")
  mutating func gradients() {
    let (rows, embedding, targets) = (numbers(7 * 6), numbers(3), numbers(7))
    let parameters = network.randomParameters(using: &random).map { $0 + 0.05 }
    let trace = network.forward(parameters, rows: rows, embedding: embedding)
    let gradient = network.backward(parameters, trace, MetaLearner.lossGradient(trace.result, targets))
    // Directions of six neighbouring parameters, so that each layer has several of its own.
    var checked: [Int] = []
    for start in stride(from: 0, to: parameters.count, by: 6) {
      var direction = [Float](repeating: 0, count: parameters.count)
      for i in start..<min(start + 6, parameters.count) { direction[i] = Float(random.normal()) }
      let slope = slope(parameters, along: direction) {
        let trace = network.forward($0, rows: rows, embedding: embedding)
        return (loss(trace.result, targets), trace.isActive)
      }
      guard let slope else { continue }
      checked.append(start)
      #expect(abs(dot(gradient, direction) - slope) < 5e-5 + 0.01 * abs(slope), "from parameter \(start)")
    }
    // The layers end at these parameters; most directions of each are smooth.
    let ends = [0, 35, 65, 85, 115, 225, 335, 346]
    for (from, to) in zip(ends, ends.dropFirst()) {
      let (all, smooth) = (stride(from: 0, to: to, by: 6).count { $0 >= from }, checked.count { from <= $0 && $0 < to })
      #expect(2 * smooth > all, "\(smooth) of \(all) from \(from)")
    }
    #expect(parameters.count == ends[ends.count - 1])
  }

  @Test("The gradient by the rates is that of finite differences for one step, where first order is exact")
  mutating func rates() {
    var options = MetaLearner.Options()
    options.steps = 1
    options.innerRate = 0.05
    let learner = MetaLearner(network, options: options, using: &random)
    let support = (rows: numbers(5 * 6), targets: numbers(5))
    let (query, embedding) = ((rows: numbers(8 * 6), targets: numbers(8)), numbers(3))
    let step = learner.network.forward(learner.parameters, rows: support.rows, embedding: embedding)
    let gradient = network.backward(
      learner.parameters, step, MetaLearner.lossGradient(step.result, support.targets))
    let meta = learner.metaGradient(support: support, query: query, embedding: embedding)
    var smooth = 0
    for _ in 0..<20 {
      let direction = numbers(learner.rates.count)
      let slope = slope(learner.rates, along: direction) { rates in
        let adapted = learner.parameters.indices.map { learner.parameters[$0] - rates[$0] * gradient[$0] }
        let trace = network.forward(adapted, rows: query.rows, embedding: embedding)
        return (loss(trace.result, query.targets), trace.isActive)
      }
      guard let slope else { continue }
      smooth += 1
      #expect(abs(dot(meta.rates, direction) - slope) < 5e-5 + 0.02 * abs(slope))
    }
    #expect(smooth > 10)
  }

  @Test("The meta-learned network predicts a new device, the same for the same seed")
  func predicts() throws {
    let table = syntheticTable()
    let split = TableSplit(
      sources: (0..<6).map { "device\($0)" }, targets: ["device6"], sourceSamples: 200,
      references: [3, 50, 100, 150, 180, 30, 70, 90, 120, 160], samples: 10, testRows: 200..<500)
    var benchmark = TableBenchmark(split: split, method: .help, seed: 1)
    (benchmark.learning.episodes, benchmark.learning.width) = (400, 24)
    let (first, second) = (try benchmark.run(on: table), try benchmark.run(on: table))
    benchmark.learning.episodes = 1
    let untaught = try benchmark.run(on: table)
    #expect(first.mean.spearman > 0.6 && first.mean.spearman > untaught.mean.spearman + 0.2, "\(first.mean)")
    #expect((0.6...1).contains(first.mean.coverage))
    #expect(first.figures == second.figures && first.comparisons == second.comparisons)
  }

  @Test("Without references or sources, the method says what it needs")
  func refusals() {
    for (sources, references) in [(["device0"], []), ([], [1, 2, 3])] {
      let split = TableSplit(
        sources: sources, targets: ["device1"], sourceSamples: 20, references: references, samples: 5,
        testRows: 20..<40)
      let error = #expect(throws: Diagnostic.self) {
        try TableBenchmark(split: split, method: .help, seed: 1).run(on: syntheticTable(rows: 40, devices: 2))
      }
      #expect(error?.exitCode == 64)
    }
  }
}
