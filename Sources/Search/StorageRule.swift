import Diagnostics
import Foundation

/// The rules of ``StudyStorage`` that do not depend on how a storage keeps its records.
package enum StorageRule {
  /// A name that no study has.
  package static func unknownStudy(_ name: String, among names: [String]) -> Diagnostic {
    Diagnostic(
      .usage, "there is no such study", value: name, nearest: nearestName(to: name, among: names),
      remedy: names.isEmpty ? "the storage holds no study" : "list the studies to see their names")
  }

  /// A name that a study has already.
  package static func takenName(_ name: String) -> Diagnostic {
    Diagnostic(
      .usage, "there is a study of this name already", value: name, remedy: "resume it or choose another name"
    )
  }

  /// Checks that a study is taken up by the search that began it.
  package static func checkSame(_ stored: Study, _ study: Study) throws {
    func differs(_ what: String, _ value: String, _ rule: String) -> Diagnostic {
      Diagnostic(
        .usage, "the study was begun with another \(what)", at: .init(path: "study \(stored.name)"),
        value: value,
        rule: rule, remedy: "use the same \(what), or give the new study another name or folder")
    }
    guard stored.seed == study.seed else {
      throw differs("seed", "\(study.seed)", "the stored seed is \(stored.seed)")
    }
    guard stored.configurationHash == study.configurationHash else {
      throw differs(
        "configuration", study.configurationHash,
        "the stored configuration's hash is \(stored.configurationHash)")
    }
  }

  /// Decides what beginning a trial means, given the stored trial of its number and how many trials there are:
  /// the stored trial where it is taken up again, `nil` where the trial is to be added.
  package static func takenUp(_ trial: Trial, stored: Trial?, count: Int) throws -> Trial? {
    try trial.validate()
    try require(trial.state == .running, trial, "only a running trial is begun", value: trial.state.rawValue)
    guard let stored else {
      try require(trial.number == count, trial, "the next trial is number \(count)", value: "\(trial.number)")
      return nil
    }
    try require(
      stored.hash == trial.hash, trial, "the number was begun with \(stored.hash)", value: trial.hash)
    try require(
      stored.state == .running, trial, "a trial that ended is not begun again", value: stored.state.rawValue)
    return stored
  }

  /// Whether the end of a trial is to be recorded; it is not where the same end is recorded already.
  package static func mustRecordEnd(of trial: Trial, stored: Trial?) throws -> Bool {
    try trial.validate()
    try require(trial.state != .running, trial, "a finished trial has a result", value: trial.state.rawValue)
    guard let stored else { throw broken(trial, "only a trial that was begun can finish", value: trial.hash) }
    try require(
      stored.hash == trial.hash, trial, "the number was begun with \(stored.hash)", value: trial.hash)
    if stored == trial { return false }
    try require(
      stored.state == .running, trial, "the trial has ended with another result", value: trial.state.rawValue)
    return true
  }

  /// Checks the JSON of a fact.
  package static func checkFact(_ json: String, kind: String, key: String) throws {
    guard (try? JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)) != nil else {
      throw Diagnostic(
        .failure, "not a valid fact", at: .init(path: "\(kind) \(key)"), value: json,
        rule: "a fact is a JSON text")
    }
  }

  private static func require(_ holds: Bool, _ trial: Trial, _ rule: String, value: String) throws {
    guard holds else { throw broken(trial, rule, value: value) }
  }

  private static func broken(_ trial: Trial, _ rule: String, value: String) -> Diagnostic {
    Diagnostic(
      .failure, "the trial cannot be recorded", at: .init(path: "trial \(trial.number)"), value: value,
      rule: rule)
  }
}
