import Foundation

/// A study in a few numbers, for a list of studies.
public struct StudySummary: Hashable, Sendable, Codable {
  /// The study.
  public let study: Study
  /// The number of trials.
  public let trials: Int
  /// The number of trials in each state, by the state's name.
  public let states: [String: Int]
  /// The trials by sampler.
  public let samplers: [String: Int]
  /// The objective by which `best` is the best.
  public let objective: Objective
  /// The best complete trial; the earlier one of two equal ones.
  public let best: Trial?
  /// The time from the first trial's start to the last trial's end.
  public let seconds: Double

  /// Sums up a study.
  public init(_ study: Study, trials: [Trial], objective: Objective = .expectedAccuracy) {
    self.study = study
    self.trials = trials.count
    states = Dictionary(grouping: trials, by: \.state.rawValue).mapValues(\.count)
    samplers = Dictionary(grouping: trials, by: \.sampler).mapValues(\.count)
    self.objective = objective
    best = bestTrial(of: trials, by: objective)
    let start = trials.map(\.started).min()
    let end = trials.compactMap(\.finished).max()
    seconds = if let start, let end { max(0, end.timeIntervalSince(start)) } else { 0 }
  }
}

extension StudyStorage {
  /// The summaries of all studies, oldest first.
  public func summaries(objective: Objective = .expectedAccuracy) throws -> [StudySummary] {
    try studies().map { StudySummary($0, trials: try trials(of: $0.name), objective: objective) }
  }
}

/// The complete trial with the best value; the earlier of two equal ones, `nil` where no trial has the value.
public func bestTrial(of trials: [Trial], by objective: Objective) -> Trial? {
  var best: (trial: Trial, value: Double)?
  for trial in trials where trial.state == .complete {
    guard let value = trial.values[objective.name] else { continue }
    if best.map({ objective.direction.isBetter(value, than: $0.value) }) ?? true { best = (trial, value) }
  }
  return best?.trial
}
