import Foundation

/// A study under way: takes architectures from a sampler, keeps every trial in a storage, and goes on after a crash.
///
/// Trials that a killed process left running are handed out again first, with the architectures that were recorded.
/// Since samplers are pure functions of the history, the study then goes on as if it had never stopped.
///
///     var session = try StudySession(study, in: storage)
///     while session.nextNumber < 100, let trial = try session.ask(sampler, at: .now) {
///       try session.tell(trial.ended(.complete(["expected_accuracy": evaluate(trial)]), at: .now))
///     }
///     try session.finish(at: .now)
public struct StudySession: Sendable {
  /// The study as it is stored.
  public let study: Study
  /// What samplers are shown.
  public private(set) var history: TrialHistory
  private let storage: any StudyStorage
  /// Trials that were begun by a process that is gone, by falling number.
  private var abandoned: [Trial]

  /// Creates a study, or takes up the stored one of the same name.
  ///
  /// - Throws: ``Diagnostic`` where the stored study has another configuration or seed, or cannot be read.
  public init(_ study: Study, in storage: any StudyStorage) throws {
    self.study = try storage.open(study)
    self.storage = storage
    let trials = try storage.trials(of: study.name)
    history = try TrialHistory(trials)
    abandoned = trials.filter { $0.state == .running }.reversed()
  }

  /// The number of the trial that ``ask(_:attributes:at:)`` gives out next: trials that a killed process began come first.
  public var nextNumber: Int { abandoned.last?.number ?? history.nextNumber }

  /// The next trial to evaluate: one that was left running, or a new one from the sampler.
  ///
  /// - Returns: `nil` where the sampler has nothing more to propose.
  /// - Throws: ``Diagnostic`` from the sampler or the storage.
  public mutating func ask(
    _ sampler: some Sampler, attributes: [String: String] = [:], at date: Date
  ) throws -> Trial? {
    if let trial = abandoned.popLast() { return trial }
    guard let architecture = try sampler.ask(history) else { return nil }
    let trial = try storage.begin(
      Trial(
        number: history.nextNumber, architecture: architecture, sampler: sampler.name, attributes: attributes,
        started: date),
      in: study.name)
    try history.tell(trial)
    return trial
  }

  /// Records the end of a trial.
  ///
  /// - Throws: ``Diagnostic`` where the trial is not one of this study, or cannot be written.
  public mutating func tell(_ trial: Trial) throws {
    try storage.finish(trial, in: study.name)
    try history.tell(trial)
  }

  /// Marks the study as done.
  public func finish(at date: Date) throws { try storage.finish(study: study.name, at: date) }
}
