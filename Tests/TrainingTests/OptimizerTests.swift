import Foundation
import Networks
import Tensors
import Testing
import Training

@Suite("Optimiser")
struct OptimizerTests {
  /// A matrix that decays and a bias that does not, 19 numbers each, so that vectors have a tail.
  private func store() throws -> ParameterStore {
    let store = try ParameterStore([Parameter("w.weight", [1, 19]), Parameter("w.bias", [19])], seed: 1)
    var random = RandomSource(seed: 5)
    for entry in store.entries {
      try store.setValue(entry.name, Tensor(entry.shape, (0..<19).map { _ in Float(random.normal()) }))
    }
    return store
  }

  private func setGradients(_ store: ParameterStore, _ step: Int) {
    for entry in store.entries {
      for i in 0..<entry.count {
        store.gradients.pointer[entry.offset + i] = Float(sin(Double(i + 7 * step + entry.offset)))
      }
    }
  }

  @Test("Steps equal the formula, with and without Nesterov's correction", arguments: [true, false])
  func formula(nesterov: Bool) throws {
    let store = try store()
    let settings = SGD.Settings(momentum: 0.8, nesterov: nesterov, weightDecay: 0.01, averageDecay: 0.9)
    let optimizer = SGD(store, settings)
    for entry in store.entries {
      #expect(entry.decays == (entry.name == "w.weight"))
    }
    var values = store.entries.map { store.value($0.name)?.values.map { Double($0) } ?? [] }
    var averages = values
    var velocities = values.map { $0.map { _ in 0.0 } }
    for step in 0..<3 {
      setGradients(store, step)
      optimizer.step(rate: 0.1, gradientScale: 0.5)
      for (e, entry) in store.entries.enumerated() {
        for i in 0..<entry.count {
          let gradient =
            0.5 * sin(Double(i + 7 * step + entry.offset)) + (entry.decays ? 0.01 : 0) * values[e][i]
          velocities[e][i] = 0.8 * velocities[e][i] + gradient
          values[e][i] -= 0.1 * (nesterov ? gradient + 0.8 * velocities[e][i] : velocities[e][i])
          averages[e][i] += 0.1 * (values[e][i] - averages[e][i])
        }
      }
    }
    for (e, entry) in store.entries.enumerated() {
      let ours = try #require(store.value(entry.name))
      let average = try #require(optimizer.averagedWeights?[entry.name])
      for i in 0..<entry.count {
        #expect(abs(Double(ours.values[i]) - values[e][i]) < 1e-5)
        #expect(abs(Double(average.values[i]) - averages[e][i]) < 1e-5)
      }
      #expect(store.gradient(entry.name)?.values.allSatisfy { $0 == 0 } == true)
    }
    #expect(optimizer.steps == 3)
  }

  @Test("Long gradients are shortened to the limit, short ones are left alone")
  func clipping() throws {
    let store = try store()
    let optimizer = SGD(store, .init(momentum: 0, nesterov: false, weightDecay: 0, gradientNormLimit: 0.5))
    let before = try #require(store.value("w.bias"))
    setGradients(store, 0)
    let gradient = try #require(store.gradient("w.bias"))
    let squares = store.entries.flatMap { store.gradient($0.name)?.values ?? [] }.reduce(0.0) {
      $0 + Double($1 * $1)
    }
    let norm = optimizer.step(rate: 1)
    #expect(abs(norm - squares.squareRoot()) < 1e-5)
    let after = try #require(store.value("w.bias"))
    for i in 0..<19 {
      #expect(abs(before.values[i] - after.values[i] - gradient.values[i] * 0.5 / Float(norm)) < 1e-6)
    }
  }

  @Test("A gradient that is not a number changes nothing")
  func notANumber() throws {
    let store = try store()
    let optimizer = SGD(store, .init())
    let before = store.weights
    setGradients(store, 0)
    store.gradients.pointer[3] = .nan
    #expect(!optimizer.step(rate: 1).isFinite)
    #expect(store.weights == before)
    #expect(optimizer.steps == 0)
    setGradients(store, 0)
    #expect(optimizer.step(rate: 1).isFinite)
  }

  @Test("The rate rises to its peak, and falls to 0 along half a cosine")
  func schedule() {
    let schedule = CosineSchedule(peak: 0.4, warmup: 4, steps: 104)
    let expected: [(Int, Float)] = [(0, 0.1), (3, 0.4), (4, 0.4), (54, 0.2), (104, 0), (200, 0)]
    for (step, rate) in expected { #expect(abs(schedule.rate(at: step) - rate) < 1e-6, "step \(step)") }
    #expect(CosineSchedule(peak: 1, warmup: 0, steps: 1).rate(at: 0) == 1)
  }

  @Test("First values follow the formulas, and a tensor's do not depend on the others")
  func initialisation() throws {
    let wide = Parameter("c.weight", [64, 32, 3, 3])
    let all = [
      wide, Parameter("d.weight", [512, 1, 3, 3]), Parameter("l.weight", [100, 200]),
      Parameter("l.bias", [100]),
      Parameter("n.gamma", [8]), Parameter("n.beta", [8]), Parameter("n.mean", [8]),
      Parameter("n.variance", [8]),
      Parameter("z.gamma", [8]),
    ]
    let store = try ParameterStore(all, seed: 3, zeroed: ["z.gamma"])
    func deviation(_ name: String) -> Double {
      let values = store.value(name)?.values.map { Double($0) } ?? []
      return (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot()
    }
    #expect(abs(deviation("c.weight") / (2 / 576.0).squareRoot() - 1) < 0.03)
    #expect(abs(deviation("d.weight") / (2 / 9.0).squareRoot() - 1) < 0.05)
    #expect(abs(deviation("l.weight") / 0.01 - 1) < 0.03)
    #expect(store.value("n.gamma")?.values == Array(repeating: 1, count: 8))
    #expect(store.value("z.gamma")?.values == Array(repeating: 0, count: 8))
    #expect(store.value("n.beta")?.values == Array(repeating: 0, count: 8))
    #expect(store.value("n.mean") == nil)
    #expect(store.parameterCount == 64 * 288 + 512 * 9 + 20_000 + 100 + 24)
    #expect(try ParameterStore([wide], seed: 3).value("c.weight") == store.value("c.weight"))
    #expect(try ParameterStore([wide], seed: 4).value("c.weight") != store.value("c.weight"))
  }
}
