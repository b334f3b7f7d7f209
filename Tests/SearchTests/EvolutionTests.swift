import Diagnostics
import Foundation
import Search
import SearchSpaces
import Tensors
import Testing

@Suite("Evolution")
struct EvolutionTests {
  private func evolution(
    constraints: [SearchConstraint] = [], objectives: [Objective] = [.expectedAccuracy],
    initial: [Architecture] = [], population: Int = 40, seed: UInt64
  ) throws -> EvolutionarySampler {
    var options = EvolutionarySampler.Options()
    (options.population, options.children) = (population, population)
    return try EvolutionarySampler(
      domain: SyntheticSpace.domain, objectives: objectives, constraints: constraints, initial: initial,
      options: options, seed: seed)
  }

  private func best(_ trials: [Trial]) -> Double {
    bestTrial(of: trials, by: .expectedAccuracy)?.values["expected_accuracy"] ?? -.infinity
  }

  @Test("It finds the optimum within a budget in a tenth of the evaluations, and beats random search")
  func optimum() throws {
    var (found, evolved, drawn) = (0, 0.0, 0.0)
    for seed in 0..<6 as Range<UInt64> {
      let space = SyntheticSpace(seed: seed)
      let budget = 2.5
      let optimum = SyntheticSpace.all.filter { space.latency($0) <= budget }.map(space.accuracy).max() ?? 0
      let constraint = try space.within(budget)
      let trials = try evaluate(evolution(constraints: [constraint], seed: seed), 400, space.values)
      let random = try RandomSampler(domain: SyntheticSpace.domain, constraints: [constraint], seed: seed)
      let baseline = try evaluate(random, 400, space.values)
      for trial in trials + baseline { #expect(trial.values["latency_ms"] ?? .infinity <= budget) }
      found += best(trials) == optimum ? 1 : 0
      evolved += best(trials)
      drawn += best(baseline)
    }
    #expect(found >= 5)
    #expect(evolved > drawn)
  }

  @Test("No architecture is tried twice, and a small domain ends when all were tried")
  func exhaustion() throws {
    let space = SyntheticSpace(seed: 1)
    let budget = SyntheticSpace.all.map(space.latency).sorted()[29]
    for sampler in try [evolution(constraints: [space.within(budget)], population: 10, seed: 3)] {
      let trials = try evaluate(sampler, 1000, space.values)
      #expect(Set(trials.map(\.hash)).count == trials.count)
      #expect((20...30).contains(trials.count))
    }
    let random = try RandomSampler(
      domain: SyntheticSpace.domain, constraints: [space.within(budget)], drawLimit: 20_000, seed: 3)
    #expect(try evaluate(random, 1000, space.values).count == 30)
  }

  @Test("A budget below every architecture is infeasible, with the tightest value seen")
  func infeasible() throws {
    let space = SyntheticSpace(seed: 2)
    let fastest = SyntheticSpace.all.map(space.latency).min() ?? 0
    let constraint = try space.within(fastest * 0.9)
    let evolution = try evolution(constraints: [constraint], seed: 1)
    let random = try RandomSampler(domain: SyntheticSpace.domain, constraints: [constraint], seed: 1)
    for problem in [failure { try evolution.ask(.init()) }, failure { try random.ask(.init()) }] {
      #expect(problem?.category == .infeasible)
      #expect(problem?.place?.path == "predicted latency")
      // Approaching the limit by mutations finds the fastest architecture of 4,096 in 2,000 draws.
      #expect(problem?.value == "\(fastest) ms")
    }
  }

  @Test("A budget that only one architecture of 4,096 keeps is met")
  func tightBudget() throws {
    for seed in 0..<10 as Range<UInt64> {
      let space = SyntheticSpace(seed: seed)
      let fastest = SyntheticSpace.all.map(space.latency).min() ?? 0
      let architecture = try evolution(constraints: [space.within(fastest)], seed: seed).ask(.init())
      #expect(architecture.map { space.latency(SyntheticSpace.digits($0)) } == fastest)
    }
  }

  @Test("A limit that is tightened later counts, and a value that is no number keeps no limit")
  func movingLimits() throws {
    let space = SyntheticSpace(seed: 4)
    let trials = try evaluate(evolution(constraints: [space.within(3)], seed: 1), 80, space.values)
    let tighter = try evolution(constraints: [space.within(2)], seed: 1).ask(TrialHistory(trials))
    #expect(tighter.map { space.latency(SyntheticSpace.digits($0)) <= 2 } == true)
    let broken = try SearchConstraint(name: "latency", limit: 1) { _ in .nan }
    let sampler = try evolution(constraints: [broken], seed: 1)
    #expect(failure { try sampler.ask(.init()) }?.category == .infeasible)
    #expect(failure { try SearchConstraint(name: "latency", limit: .nan) { _ in 0 } }?.category == .usage)
  }

  @Test("Given architectures come first, those that break the budget left out")
  func initial() throws {
    let space = SyntheticSpace(seed: 5)
    let byLatency = SyntheticSpace.all.sorted { space.latency($0) < space.latency($1) }
    let given = [byLatency[7], byLatency[4095], byLatency[3]].map(SyntheticSpace.architecture)
    let sampler = try evolution(constraints: [space.within(2)], initial: given, seed: 1)
    let trials = try evaluate(sampler, 3, space.values)
    #expect(trials.prefix(2).map(\.hash) == [given[0].hash, given[2].hash])
    #expect(trials[2].hash != given[1].hash)
  }

  @Test("The same seed gives the same trials, another seed others")
  func determinism() throws {
    let space = SyntheticSpace(seed: 6)
    func trials(_ seed: UInt64) throws -> [Trial] { try evaluate(evolution(seed: seed), 120, space.values) }
    #expect(try trials(1) == trials(1))
    #expect(try trials(1) != trials(2))
  }

  @Test("The order in which results are told does not matter")
  func order() throws {
    let space = SyntheticSpace(seed: 7)
    let sampler = try evolution(seed: 1)
    let trials = try evaluate(sampler, 100, space.values)
    let expected = try sampler.ask(TrialHistory(trials))
    var random = RandomSource(seed: 9)
    for _ in 0..<5 {
      var history = TrialHistory()
      for trial in random.shuffled(trials) { try history.tell(trial) }
      #expect(try sampler.ask(history) == expected)
    }
  }

  @Test("Within a generation an answer does not wait for results")
  func parallelWorkers() throws {
    let space = SyntheticSpace(seed: 8)
    let sampler = try evolution(population: 20, seed: 1)
    let trials = try evaluate(sampler, 60, space.values)
    // Trials 41 … 49 are still running when the 51st is asked for: the answer is the one recorded.
    let pending = try trials.prefix(50).map { trial in
      guard trial.number > 40 else { return trial }
      return try Trial(
        number: trial.number, architecture: SyntheticSpace.architecture(digits(of: trial)),
        sampler: "evolution",
        started: testDate)
    }
    #expect(try sampler.ask(TrialHistory(pending))?.hash == trials[50].hash)
  }

  private func digits(of trial: Trial) throws -> [Int] {
    try SyntheticSpace.digits(JSONDecoder().decode(Architecture.self, from: Data(trial.architecture.utf8)))
  }

  @Test("With two objectives its front dominates more than that of random search")
  func pareto() throws {
    func area(_ trials: [Trial]) -> Double {
      hypervolume(
        of: trials.map { ($0.values["expected_accuracy"] ?? 0, $0.values["latency_ms"] ?? 0) },
        reference: (0, 6), directions: (.maximize, .minimize))
    }
    var (evolved, drawn) = (0.0, 0.0)
    for seed in 0..<5 as Range<UInt64> {
      let space = SyntheticSpace(seed: seed)
      let sampler = try evolution(objectives: [.expectedAccuracy, .latency], seed: seed)
      evolved += area(try evaluate(sampler, 400, space.values))
      drawn += area(try evaluate(RandomSampler(domain: SyntheticSpace.domain, seed: seed), 400, space.values))
    }
    #expect(evolved > drawn)
  }

  @Test("Trials that failed or were infeasible are no parents")
  func parents() throws {
    func trial(_ number: Int, _ outcome: Trial.Outcome) throws -> Trial {
      try Trial(
        number: number, architecture: SyntheticSpace.architecture(SyntheticSpace.all[number]),
        sampler: "evolution",
        started: testDate
      ).ended(outcome, at: testDate)
    }
    let history = try TrialHistory([
      trial(0, .complete(["expected_accuracy": 0.5])),
      trial(1, .infeasible(["expected_accuracy": 0.9], reason: "")),
      trial(2, .failed(reason: "")), trial(3, .complete(["latency_ms": 1])),
      trial(4, .complete(["expected_accuracy": 0.7])), trial(5, .complete(["expected_accuracy": 0.8])),
    ])
    let parents = try evolution(seed: 1).parents(history, before: 5)
    #expect(parents == [4, 0].map { SyntheticSpace.architecture(SyntheticSpace.all[$0]) })
  }

  @Test("A setting out of range is named")
  func settings() {
    let changes: [(String, (inout EvolutionarySampler.Options) -> Void)] = [
      ("population", { $0.population = 0 }), ("children", { $0.children = 0 }), ("parentShare", { $0.parentShare = 0 }),
      ("crossoverShare", { $0.crossoverShare = 1.5 }),
      ("mutationProbability", { $0.mutationProbability = .nan }),
      ("drawLimit", { $0.drawLimit = 0 }),
    ]
    for (name, change) in changes {
      var options = EvolutionarySampler.Options()
      change(&options)
      #expect(failure { try options.validate() }?.place?.path == name)
    }
  }
}
