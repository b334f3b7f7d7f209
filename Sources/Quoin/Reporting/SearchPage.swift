import Foundation
import Networks
import Report
import Search
import SearchSpaces

/// The report of a search, as plain numbers.
struct SearchPage {
  let bench: SearchBench
  let profile: DeviceProfile
  let log: TrainingLog
  let tested: [TestedBudget]
  let phases: [(name: String, seconds: Double)]

  func report() throws -> SearchReport {
    let fingerprint = bench.latency.device.fingerprint
    return SearchReport(
      title: bench.experiment.name, facts: facts, budgets: try tested.map(budget), candidates: candidates,
      predictions: predictions, training: training, progress: tested.map(progress), settings: bench.experiment.settings,
      device: bench.latency.device.name, fingerprint: fingerprint,
      phases: phases.map { ReportPhase(name: $0.name, seconds: $0.seconds) })
  }

  private var facts: [ReportFact] {
    let space = bench.space
    let data = bench.experiment.data
    return [
      ReportFact("space", "\(space.name), 10^\(String(format: "%.1f", space.log10Size)) networks"),
      ReportFact("data", "\(data.name), \(data.validation) training images held out for choosing"),
      ReportFact("device", bench.latency.device.name), ReportFact("seed", String(bench.experiment.seed)),
    ]
  }

  private func budget(_ tested: TestedBudget) throws -> BudgetResult {
    BudgetResult(
      budgetMilliseconds: tested.findings.budget,
      winner: try network(tested.winner.candidate.method, tested.winner, advantage: nil),
      baselines: try tested.baselines.map { name, baseline in
        let advantage = try tested.advantage(over: baseline)
        return try network(name, baseline, advantage: ReportInterval(lower: advantage.lower, upper: advantage.upper))
      },
      note: tested.baselines.count < 2 ? "A baseline found no network that keeps the budget." : nil)
  }

  private func network(
    _ name: String, _ tested: TestedCandidate, advantage: ReportInterval?
  ) throws -> ReportedNetwork {
    let candidate = tested.candidate
    let network = try bench.space.network(for: candidate.architecture)
    let interval = ProportionInterval(successes: tested.hits.count { $0 }, of: tested.hits.count)
    return ReportedNetwork(
      name: name, measuredMilliseconds: candidate.measured.latency.median, predictedMilliseconds: candidate.predicted,
      accuracy: tested.accuracy, accuracyInterval: ReportInterval(lower: interval.lower, upper: interval.upper),
      advantageInterval: advantage, validationAccuracy: candidate.validation.accuracy, macs: network.cost.macs,
      parameters: network.cost.parameters, hash: candidate.architecture.hash,
      drawing: ArchitectureDrawing(network, classes: bench.space.classes))
  }

  private var candidates: [CandidatePoint] {
    var points: [CandidatePoint] = []
    for tested in tested {
      for candidate in tested.measured {
        let isWinner = candidate.architecture == tested.winner.candidate.architecture
        points.append(
          CandidatePoint(
            method: candidate.method, measuredMilliseconds: candidate.measured.latency.median,
            accuracy: candidate.validation.accuracy, wonBudgetMilliseconds: isWinner ? tested.findings.budget : nil,
            label: String(candidate.architecture.hash.prefix(12))))
      }
    }
    return points
  }

  private var predictions: [LatencyPrediction] {
    let found = tested.flatMap(\.measured).map { ($0.predicted, $0.measured.latency.median) }
    return (profile.heldOut.map { ($0.predicted, $0.measured) } + found).map {
      LatencyPrediction(predictedMilliseconds: $0, measuredMilliseconds: $1)
    }
  }

  private var training: [CurveChart] {
    let stepsPerEpoch = Double(log.steps) / Double(bench.experiment.training.epochs)
    let epochs = log.points.map { Double($0.step) / stepsPerEpoch }
    return [
      CurveChart(
        title: "Training loss of the largest network", xLabel: "epoch", yLabel: "loss",
        curves: [.init(name: "largest network", x: epochs, y: log.points.map(\.loss))]),
      CurveChart(
        title: "Training accuracy of the largest network", xLabel: "epoch", yLabel: "accuracy", unit: .fraction,
        curves: [.init(name: "largest network", x: epochs, y: log.points.map(\.accuracy))]),
    ]
  }

  private func progress(_ tested: TestedBudget) -> CurveChart {
    CurveChart(
      title: "Best expected accuracy within \(budgetText(tested.findings.budget)) ms", xLabel: "evaluation",
      yLabel: "expected accuracy", unit: .fraction, isStepwise: true,
      curves: [
        ("search", tested.findings.main), ("random search", tested.findings.random),
        ("uniform scaling", tested.findings.scaled),
      ].map { name, findings in
        let best = findings.trials.reduce(into: [Double]()) { best, trial in
          best.append(max(best.last ?? 0, trial.values[Objective.expectedAccuracy.name] ?? 0))
        }
        return .init(name: name, x: best.indices.map { Double($0 + 1) }, y: best)
      })
  }
}

extension Experiment {
  /// Every setting as a line, for reports.
  fileprivate var settings: [ReportFact] {
    [("training", training as Any), ("latency", profiling), ("search", search)].flatMap { section, value in
      Mirror(reflecting: value).children.map { child in
        ReportFact("\(section): \((child.label ?? "").spacedOut)", "\(child.value)")
      }
    }
  }
}

extension String {
  /// `warmUpEpochs` as `warm up epochs`.
  fileprivate var spacedOut: String {
    reduce(into: "") { $0 += $1.isUppercase ? " " + $1.lowercased() : String($1) }
  }
}
