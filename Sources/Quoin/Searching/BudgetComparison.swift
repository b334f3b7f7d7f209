import Foundation
import Search
import SearchSpaces

/// The search under one budget beside its baselines: random search with as many evaluations, and the networks that one
/// would build by scaling uniformly.
struct BudgetComparison {
  /// What the three searches found.
  struct Findings {
    let budget: Double
    let main: BudgetSearch.Findings
    let random: BudgetSearch.Findings
    let scaled: BudgetSearch.Findings
    /// The networks that were evaluated for the table of block selection, which all budgets share.
    let scoredNetworks: Int
  }

  let budget: Double
  /// The network of the least predicted latency, which keeps every budget that is searched.
  let fastest: Architecture
  let bench: SearchBench

  private var settings: Experiment.Searching { bench.experiment.search }
  private var name: String { "\(bench.experiment.name) \(budgetText(budget)) ms" }

  func run() throws -> Findings {
    let blocks = BlockScoring(space: bench.space, accuracy: bench.accuracy, monitor: bench.monitor)
    let isScored = settings.selectionPool > 0
    if isScored { try blocks.run() }
    let main = try search(name, settings.evaluations) { try samplers(blocks, $0) }
    let random = try search(name + ", random search", main.trials.count) { limit in
      [
        try RandomSampler(
          domain: ArchitectureDomain(bench.space), constraints: [limit], seed: bench.experiment.seed)
      ]
    }
    let scaled = bench.space.uniformlyScaled()
    let uniform = try search(name + ", uniform scaling", scaled.count) { limit in
      [
        ProposalSampler(
          name: "uniform scaling", proposals: try scaled.filter { try limit.value($0) <= limit.limit })
      ]
    }
    return Findings(
      budget: budget, main: main, random: random, scaled: uniform,
      scoredNetworks: isScored ? try blocks.networks().count : 0)
  }

  private func search(
    _ name: String, _ evaluations: Int, _ samplers: @escaping BudgetSearch.Samplers
  ) throws -> BudgetSearch.Findings {
    try BudgetSearch(name: name, bench: bench, budget: budget, evaluations: evaluations, samplers: samplers).run()
  }

  /// First the fastest network, so that there is one to deliver; then the solutions of block selection; then evolution
  /// from both and from random architectures.
  private func samplers(_ blocks: BlockScoring, _ limit: SearchConstraint) throws -> [any Sampler] {
    var options = EvolutionarySampler.Options()
    (options.population, options.children) = (settings.population, settings.children)
    return [
      ProposalSampler(name: "fastest", proposals: [fastest]),
      ProposalSampler(
        name: "selection",
        proposals: try blocks.proposals(
          latency: limit.limit, count: settings.selectionPool, predictor: bench.predictor, key: name)),
      try EvolutionarySampler(
        domain: ArchitectureDomain(bench.space), objectives: [.expectedAccuracy], constraints: [limit],
        options: options, seed: bench.experiment.seed),
    ]
  }
}
