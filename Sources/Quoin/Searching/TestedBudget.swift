import Diagnostics
import Latency
import Networks
import Search
import SearchSpaces

/// What was found under a budget, with the winner and the baselines judged on test data.
struct TestedBudget {
  let findings: BudgetComparison.Findings
  let winner: TestedCandidate
  /// The baselines that found a network within the budget, by name.
  let baselines: [(name: String, tested: TestedCandidate)]

  /// The winner and the baselines judged; `nil` where nothing kept the budget.
  init?(_ findings: BudgetComparison.Findings, _ delivery: Delivery) throws {
    guard let winner = findings.main.winner else { return nil }
    self.findings = findings
    self.winner = try delivery.tested(winner)
    baselines = try [("random search", findings.random.winner), ("uniform scaling", findings.scaled.winner)]
      .compactMap { name, candidate in
        try candidate.map { (name, try delivery.tested($0)) }
      }
  }

  /// The winner's test accuracy less a baseline's.
  func advantage(over baseline: TestedCandidate) throws -> PairedComparison {
    try PairedComparison(correct: winner.hits, against: baseline.hits)
  }

  /// The facts for `result.json`.
  func result(_ bench: SearchBench, seconds: [String: Double]) throws -> SearchResult {
    let candidate = winner.candidate
    let latency = candidate.measured.latency
    let cost = try bench.space.network(for: candidate.architecture).cost
    return SearchResult(
      budgetMilliseconds: findings.budget, device: bench.latency.device.name,
      predictedMilliseconds: candidate.predicted, measuredMilliseconds: latency.median, measuredP90: latency.p90,
      isDisturbed: latency.disturbed, accuracy: winner.accuracy, supernetAccuracy: winner.supernetAccuracy,
      validationAccuracy: candidate.validation.accuracy, architecture: candidate.architecture.json,
      method: candidate.method, multiplyAccumulates: cost.macs, parameters: cost.parameters,
      baselines: try baselines.map(baseline), pareto: paretoPoints, evaluations: findings.main.trials.count,
      scoredNetworks: findings.scoredNetworks,
      testImages: winner.hits.count, validationImages: candidate.validation.images, seed: bench.experiment.seed,
      seconds: seconds, versions: candidate.measured.device.versions)
  }

  private func baseline(_ name: String, _ tested: TestedCandidate) throws -> SearchResult.Baseline {
    let advantage = try advantage(over: tested)
    return SearchResult.Baseline(
      name: name, measuredMilliseconds: tested.candidate.measured.latency.median, accuracy: tested.accuracy,
      validationAccuracy: tested.candidate.validation.accuracy,
      advantage: .init(difference: advantage.difference, lower: advantage.lower, upper: advantage.upper),
      architecture: tested.candidate.architecture.json)
  }

  /// Everything that was measured under the budget.
  var measured: [Candidate] { findings.main.candidates + findings.random.candidates + findings.scaled.candidates }

  private var paretoPoints: [SearchResult.ParetoPoint] {
    // The searches under one budget may meet the same network.
    var seen: Set<Architecture> = []
    let measured = measured.filter { seen.insert($0.architecture).inserted }
    let points = measured.map { [$0.measured.latency.median, $0.validation.accuracy] }
    return paretoFront(of: points, directions: [.minimize, .maximize]).map { position in
      SearchResult.ParetoPoint(
        architecture: measured[position].architecture.json, measuredMilliseconds: points[position][0],
        accuracy: points[position][1])
    }
  }
}

extension BudgetComparison.Findings {
  /// What is attainable where nothing kept the budget.
  func shortfall(_ bench: SearchBench) -> InfeasibleBudget {
    let fastest = main.candidates.map(\.measured.latency.median).min()
    return InfeasibleBudget(
      budgetMilliseconds: budget, device: bench.latency.device.name,
      attainable: fastest.map { ["latency_ms": bench.experiment.search.attainable($0)] } ?? [:])
  }
}

extension DeviceFingerprint {
  /// What the measurements were made with, by name.
  var versions: [String: String] {
    libraries.merging(["cpu": cpu, "isa": isa, "threads": String(threads), "precision": precision, "runtime": runtime])
    {
      $1
    }
  }
}
