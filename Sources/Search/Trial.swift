import Diagnostics
import Foundation
import SearchSpaces

/// One evaluation of one architecture: an immutable record.
///
/// A trial begins ``State/running`` and ends in one of the other states, once. ``validate()`` lists what holds for
/// every trial.
public struct Trial: Hashable, Sendable, Codable {
  /// Where a trial stands.
  public enum State: String, Hashable, Sendable, Codable, CaseIterable {
    /// It was begun and has no result yet; after a crash it is taken up again.
    case running
    /// It has the values of its objectives.
    case complete
    /// Its evaluation went wrong; the attributes may say why.
    case failed
    /// It was evaluated and broke a constraint, such as a measured latency over the budget.
    case infeasible
  }

  /// How a trial ended.
  public enum Outcome: Hashable, Sendable {
    /// The values of the objectives by name, such as `expected_accuracy` and `latency_ms`.
    case complete([String: Double])
    /// The reason in a sentence; it becomes the attribute `reason`.
    case failed(reason: String)
    /// What was found out before the constraint broke, and the reason.
    case infeasible([String: Double], reason: String)
  }

  /// The position in the study, counted from 0 without gaps.
  public let number: Int
  /// The architecture's canonical JSON.
  public let architecture: String
  /// The architecture's hash: the SHA-256 of `architecture`.
  public let hash: String
  /// The name of the sampler that proposed the architecture.
  public let sampler: String
  /// Where the trial stands.
  public let state: State
  /// The values found, by the name of the objective. All are finite.
  public let values: [String: Double]
  /// Whatever else a user wants to keep, by name.
  public let attributes: [String: String]
  /// When the trial began, to the millisecond.
  public let started: Date
  /// When the trial ended, to the millisecond; `nil` while it runs.
  public let finished: Date?

  /// Restores a recorded trial.
  ///
  /// - Throws: ``Diagnostic`` where an invariant does not hold.
  package init(
    number: Int, architecture: String, hash: String, sampler: String, state: State, values: [String: Double],
    attributes: [String: String], started: Date, finished: Date?
  ) throws {
    self.number = number
    self.architecture = architecture
    self.hash = hash
    self.sampler = sampler
    self.state = state
    self.values = values
    self.attributes = attributes
    self.started = started.roundedToMilliseconds
    self.finished = finished?.roundedToMilliseconds
    try validate()
  }

  /// Creates a running trial.
  ///
  /// - Throws: ``Diagnostic`` where an invariant does not hold, such as a negative number.
  public init(
    number: Int, architecture: Architecture, sampler: String, attributes: [String: String] = [:],
    started: Date
  ) throws {
    let json = architecture.json
    try self.init(
      number: number, architecture: json, hash: sha256(Data(json.utf8)), sampler: sampler, state: .running,
      values: [:], attributes: attributes, started: started, finished: nil)
  }

  /// The same trial with its result.
  ///
  /// New attributes join those that the trial has, and replace those of the same name.
  ///
  /// - Throws: ``Diagnostic`` where the trial has ended already or a value is not finite.
  public func ended(
    _ outcome: Outcome, attributes: [String: String] = [:], at date: Date
  ) throws -> Trial {
    try require(state == .running, "a trial ends once", value: state.rawValue)
    let (state, values, reason) = outcome.parts
    var attributes = self.attributes.merging(attributes) { $1 }
    if let reason { attributes["reason"] = reason }
    // A clock that was set back during the trial must not make the trial unusable.
    return try Trial(
      number: number, architecture: architecture, hash: hash, sampler: sampler, state: state, values: values,
      attributes: attributes, started: started, finished: max(date, started))
  }
}

extension Trial.Outcome {
  fileprivate var parts: (state: Trial.State, values: [String: Double], reason: String?) {
    switch self {
    case .complete(let values): (.complete, values, nil)
    case .failed(let reason): (.failed, [:], reason)
    case .infeasible(let values, let reason): (.infeasible, values, reason)
    }
  }
}

extension Trial {
  /// Checks every rule that holds for trials.
  ///
  /// - Throws: ``Diagnostic`` that names the trial, the offending value and the rule.
  public func validate() throws {
    try require(number >= 0, "trials are counted from 0", value: "\(number)")
    try require(isJSONObject(architecture), "an architecture is a JSON object", value: architecture)
    try require(
      hash == sha256(Data(architecture.utf8)), "the hash is the SHA-256 of the architecture", value: hash)
    try require(!sampler.isEmpty, "a trial names its sampler", value: sampler)
    for (name, value) in values.sorted(by: { $0.key < $1.key }) {
      try require(value.isFinite, "the value of '\(name)' is a finite number", value: "\(value)")
    }
    for date in [started, finished].compactMap({ $0 }) {
      try require(date.isRecordable, Date.recordableRule, value: "\(date.timeIntervalSince1970) s")
    }
    try validateState()
  }

  private func validateState() throws {
    switch state {
    case .running:
      try require(
        values.isEmpty, "a running trial has no values", value: values.keys.sorted().joined(separator: ", "))
      try require(finished == nil, "a running trial has no end", value: state.rawValue)
    case .complete:
      try require(!values.isEmpty, "a complete trial has a value", value: state.rawValue)
    case .failed:
      try require(
        values.isEmpty, "a failed trial has no values", value: values.keys.sorted().joined(separator: ", "))
    case .infeasible:
      break
    }
    guard state != .running else { return }
    try require(finished != nil, "a trial that ended has an end", value: state.rawValue)
    try require(finished.map { $0 >= started } ?? false, "a trial ends after it begins", value: "\(started)")
  }

  private func require(_ holds: Bool, _ rule: String, value: String) throws {
    guard holds else {
      throw Diagnostic(
        .failure, "not a valid trial", at: .init(path: "trial \(number)"), value: value, rule: rule)
    }
  }
}
