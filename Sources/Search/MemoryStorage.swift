import Foundation
import Synchronization

/// A storage that lasts as long as the process: for tests and for searches that need no record.
public final class MemoryStorage: StudyStorage {
  private struct FactKey: Hashable {
    var kind: String
    var key: String
  }

  private struct Content {
    var studies: [Study] = []
    var trials: [String: [Trial]] = [:]
    var facts: [FactKey: String] = [:]

    func trials(of study: String) throws -> [Trial] {
      guard let trials = trials[study] else {
        throw StorageRule.unknownStudy(study, among: studies.map(\.name))
      }
      return trials
    }

    func trial(_ number: Int, of study: String) throws -> Trial? {
      let trials = try trials(of: study)
      return trials.indices.contains(number) ? trials[number] : nil
    }
  }

  private let content = Mutex(Content())

  /// Creates an empty storage.
  public init() {}

  /// Adds a study; the contract is that of ``StudyStorage``.
  public func create(_ study: Study) throws {
    try study.validate()
    try content.withLock { content in
      guard content.trials[study.name] == nil else { throw StorageRule.takenName(study.name) }
      content.studies.append(study)
      content.trials[study.name] = []
    }
  }

  /// All studies, oldest first.
  public func studies() -> [Study] { content.withLock { $0.studies } }

  /// Marks a study as done.
  public func finish(study name: String, at date: Date) throws {
    try content.withLock { content in
      _ = try content.trials(of: name)
      for index in content.studies.indices where content.studies[index].name == name {
        content.studies[index] = content.studies[index].finished(at: date)
      }
    }
  }

  /// Records a running trial, or takes up the one that was begun before.
  public func begin(_ trial: Trial, in study: String) throws -> Trial {
    try content.withLock { content in
      let count = try content.trials(of: study).count
      let stored = try content.trial(trial.number, of: study)
      if let taken = try StorageRule.takenUp(trial, stored: stored, count: count) { return taken }
      content.trials[study, default: []].append(trial)
      return trial
    }
  }

  /// Records the end of a trial, once.
  public func finish(_ trial: Trial, in study: String) throws {
    try content.withLock { content in
      let stored = try content.trial(trial.number, of: study)
      guard try StorageRule.mustRecordEnd(of: trial, stored: stored) else { return }
      content.trials[study]?[trial.number] = trial
    }
  }

  /// The trials of a study, by number.
  public func trials(of study: String) throws -> [Trial] { try content.withLock { try $0.trials(of: study) } }

  /// Records a fact unless one stands, and returns the one that stands.
  @discardableResult public func record(fact json: String, kind: String, key: String) throws -> String {
    try StorageRule.checkFact(json, kind: kind, key: key)
    return content.withLock { content in
      let key = FactKey(kind: kind, key: key)
      let standing = content.facts[key] ?? json
      content.facts[key] = standing
      return standing
    }
  }

  /// The fact of a kind and key, or `nil`.
  public func fact(kind: String, key: String) -> String? {
    content.withLock { $0.facts[FactKey(kind: kind, key: key)] }
  }

  /// All facts of a kind, by key.
  public func facts(ofKind kind: String) -> [String: String] {
    content.withLock { content in
      content.facts.reduce(into: [:]) { if $1.key.kind == kind { $0[$1.key.key] = $1.value } }
    }
  }
}
