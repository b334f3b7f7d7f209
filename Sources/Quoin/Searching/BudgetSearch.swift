import Diagnostics
import Foundation
import Latency
import Networks
import Search
import SearchSpaces
import Supernets

/// Searches the best network within a latency budget that is kept as measured, not as predicted.
///
/// Rounds of proposing and validating alternate with measuring the best candidates. Candidates that take longer than
/// the budget are never delivered: the predictor learns from them, the limit for proposals is tightened, and the search
/// goes on.
///
/// Everything is a function of the seed and of recorded results, and rounds look only at the trials of their number, so
/// a search that was killed goes on as if it had not been.
struct BudgetSearch {
  /// Makes the samplers for a limit of predicted latency, in the order in which they are asked.
  typealias Samplers = (_ limit: SearchConstraint) throws -> [any Sampler]

  /// What a search found.
  struct Findings {
    /// The best candidate within the budget, by expected accuracy.
    let winner: Candidate?
    /// Everything that was measured, best first.
    let candidates: [Candidate]
    /// The trials in order.
    let trials: [Trial]
  }

  /// The most rounds of searching on after a candidate took too long.
  private static let rounds = 4
  /// How many candidates may take too long in a round, for each that is wanted within the budget.
  private static let patience = 2
  /// By how much the limit is tightened in every further round.
  private static let tightening = 0.99
  private static let predicted = "predicted_ms"

  /// The study's name.
  let name: String
  let bench: SearchBench
  /// The largest latency in milliseconds.
  let budget: Double
  /// How many architectures are validated before any is measured.
  let evaluations: Int
  let samplers: Samplers

  private var settings: Experiment.Searching { bench.experiment.search }
  /// What a measurement must keep.
  private var bound: Double { budget * (1 - settings.margin) }

  func run() throws -> Findings {
    var session = try StudySession(
      Study(
        name: name, space: bench.space.name, device: bench.latency.device.name,
        configuration: bench.experiment.searchIdentity(
          budget: budget, accuracy: bench.accuracy.facts.identity), seed: bench.experiment.seed, created: .now),
      in: bench.storage)
    var measured: [Candidate] = []
    var target = evaluations
    for round in 0..<Self.rounds {
      try extend(&session, to: target, limit: limit(round))
      let trials = try bench.storage.trials(of: name).prefix(target)
      let tooSlow = try measureBest(of: Array(trials), &measured, isLast: round == Self.rounds - 1)
      guard !tooSlow.isEmpty else { break }
      bench.monitor.logger.info(
        "\(name): \(tooSlow.count) measured above the budget; the predictor learns, and the search goes on")
      try bench.learn(tooSlow)
      target += settings.children
    }
    try session.finish(at: .now)
    measured.sort { $0.isBetter(than: $1) }
    return Findings(
      winner: measured.first { isWithin($0) }, candidates: measured, trials: try bench.storage.trials(of: name))
  }

  /// The largest predicted latency of proposals. At first the prediction itself keeps the budget, since candidates are
  /// measured and nothing is to be missed. Once one took too long, the upper end of its interval does.
  private func limit(_ round: Int) -> Double {
    guard round > 0 else { return bound }
    return bound * exp(-bench.predictor.interval.logHalfWidth) * pow(Self.tightening, Double(round))
  }

  private func isWithin(_ candidate: Candidate) -> Bool { candidate.measured.latency.median <= bound }

  /// Proposes and validates until there are `count` trials.
  private func extend(_ session: inout StudySession, to count: Int, limit: Double) throws {
    let latencies = SpaceLatencyTable(bench.space, bench.predictor)
    let constraint = try SearchConstraint(name: "predicted latency", unit: "ms", limit: limit) {
      try latencies.predict($0).milliseconds
    }
    let samplers = try samplers(constraint)
    let resumed = session.history.entries.count { $0.state != .running }
    // Abandoned trials of later rounds wait for their round, whose predictor they were made with.
    while session.nextNumber < count {
      try bench.monitor.checkInterruption()
      guard let trial = try ask(&session, samplers) else { break }
      try session.tell(trial.ended(outcome(trial, latencies), at: .now))
      report(session, count: count, resumed: resumed)
    }
  }

  /// Validates a trial's architecture. One whose numbers are not finite has failed, which ends no search.
  private func outcome(_ trial: Trial, _ latencies: SpaceLatencyTable) throws -> Trial.Outcome {
    let architecture = try bench.space.architecture(fromJSON: trial.architecture)
    do {
      let result = try bench.accuracy.validate(architecture)
      return .complete([
        Objective.expectedAccuracy.name: result.expectedAccuracy,
        Objective.validationAccuracy.name: result.accuracy, "validation_loss": result.loss,
        Self.predicted: try latencies.predict(architecture).milliseconds,
      ])
    } catch let error as Diagnostic where error.category == .failure {
      return .failed(reason: error.problem)
    }
  }

  private func ask(_ session: inout StudySession, _ samplers: [any Sampler]) throws -> Trial? {
    for sampler in samplers {
      do {
        if let trial = try session.ask(sampler, at: .now) { return trial }
      } catch let error as Diagnostic where error.category == .infeasible {
        // Within a limit that was tightened there may be nothing; what was found before still counts.
        continue
      }
    }
    return nil
  }

  private func report(_ session: StudySession, count: Int, resumed: Int) {
    let best = session.history.entries.compactMap { $0.values[Objective.expectedAccuracy.name] }.max() ?? 0
    bench.monitor.report(
      .init(
        phase: "searching \(name)", completed: session.history.nextNumber,
        total: max(count, session.history.nextNumber),
        resumed: resumed, detail: String(format: "best expected accuracy %.2f %%", 100 * best)))
  }

  /// Measures candidates from the best on, until enough are within the budget, or so many are not
  /// that the predictor has to learn first. The last round goes on until enough are within: measuring costs little
  /// beside validating, and a good network that fits must not be missed because better ones did not.
  ///
  /// - Returns: Those measured now that took too long.
  private func measureBest(
    of trials: [Trial], _ measured: inout [Candidate], isLast: Bool
  ) throws -> [Candidate] {
    let order = try trials.filter { $0.state == .complete }.map(unmeasured).sorted { $0.isBetter(than: $1) }
    var within = 0
    var tooSlow: [Candidate] = []
    for next in order {
      guard within < settings.measured, isLast || tooSlow.count < Self.patience * settings.measured else { break }
      if let known = measured.first(where: { $0.architecture == next.architecture }) {
        within += isWithin(known) ? 1 : 0
        continue
      }
      if try !bench.latency.isKnown(.artifact, next.architecture.hash) { try bench.monitor.checkInterruption() }
      let candidate = next.measured(try bench.measure(next.architecture))
      measured.append(candidate)
      if isWithin(candidate) { within += 1 } else { tooSlow.append(candidate) }
    }
    return tooSlow
  }

  private func unmeasured(_ trial: Trial) throws -> UnmeasuredCandidate {
    let architecture = try bench.space.architecture(fromJSON: trial.architecture)
    return UnmeasuredCandidate(
      architecture: architecture, method: trial.sampler, validation: try bench.accuracy.validate(architecture),
      predicted: trial.values[Self.predicted] ?? .nan)
  }
}

/// A candidate before its artifact is measured.
private struct UnmeasuredCandidate {
  let architecture: Architecture
  let method: String
  let validation: SupernetEvaluator.Result
  let predicted: Double

  func isBetter(than other: UnmeasuredCandidate) -> Bool {
    validation.isBetter(than: other.validation) ?? (predicted < other.predicted)
  }

  func measured(_ sample: LatencySample) -> Candidate {
    Candidate(
      architecture: architecture, method: method, validation: validation, predicted: predicted, measured: sample)
  }
}

extension Candidate {
  /// Whether it did better on the validation images, or is faster where equal.
  func isBetter(than other: Candidate) -> Bool {
    validation.isBetter(than: other.validation) ?? (measured.latency.median < other.measured.latency.median)
  }
}
