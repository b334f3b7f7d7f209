import Diagnostics
import Foundation

/// Where studies, their trials and facts are kept.
///
/// The contract, for every storage:
///
/// - **Durability.** When a call that writes returns, what it wrote survives a killed process (for a storage that
///   outlives its process at all), and what it did not write is not half there.
/// - **Copies.** Everything returned is a value; nothing changes behind the caller's back.
/// - **Concurrency.** Every method may be called from several threads at once; each call is one transaction.
/// - **Order.** A trial is begun before it is finished; numbers are given without gaps, from 0. One driver runs a
///   study at a time, so that a running trial which the driver did not begin belongs to a driver that died.
/// - **Once.** A trial ends once, and a fact never changes. Saying the same again is not an error, so that a rerun
///   over what is stored needs no special case.
/// - **Errors.** Every error is a ``Diagnostic`` that names the study, the trial or the file.
public protocol StudyStorage: Sendable {
  /// Adds a study. Throws where its name is taken.
  func create(_ study: Study) throws

  /// All studies, oldest first.
  func studies() throws -> [Study]

  /// Marks a study as done and brings its records to rest, so that the storage's file alone holds all of them.
  /// The study may be taken up again afterwards.
  func finish(study name: String, at date: Date) throws

  /// Records a running trial and returns what is recorded.
  ///
  /// A trial of this number that was begun with the same architecture and has not ended is returned as it was
  /// recorded. Throws where the study is unknown, the trial is not running, its number is taken by another
  /// architecture or by a trial that ended, or numbers would have a gap.
  func begin(_ trial: Trial, in study: String) throws -> Trial

  /// Records the end of a trial.
  ///
  /// Throws where the trial is still running, was not begun, was begun with another architecture, or has ended
  /// differently.
  func finish(_ trial: Trial, in study: String) throws

  /// The trials of a study, by number. Throws where the study is unknown.
  func trials(of study: String) throws -> [Trial]

  /// Records a fact and returns what stands recorded: the given JSON, or the one that was recorded first.
  ///
  /// Throws where `json` is not JSON.
  @discardableResult func record(fact json: String, kind: String, key: String) throws -> String

  /// The fact of a kind and key, or `nil`.
  func fact(kind: String, key: String) throws -> String?

  /// All facts of a kind, by key.
  func facts(ofKind kind: String) throws -> [String: String]
}

extension StudyStorage {
  /// The study of a name.
  ///
  /// - Throws: ``Diagnostic`` with the nearest name where there is none.
  public func study(named name: String) throws -> Study {
    let studies = try studies()
    guard let study = studies.first(where: { $0.name == name }) else {
      throw StorageRule.unknownStudy(name, among: studies.map(\.name))
    }
    return study
  }

  /// Creates a study, or takes up the one that is stored under its name.
  ///
  /// - Throws: ``Diagnostic`` where the stored study was made with another configuration or seed.
  public func open(_ study: Study) throws -> Study {
    if let stored = try studies().first(where: { $0.name == study.name }) {
      try StorageRule.checkSame(stored, study)
      return stored
    }
    try create(study)
    return study
  }

  /// An expensive result: the recorded one where there is one, otherwise computed and recorded.
  ///
  /// The result is always what the recorded JSON says, so that a rerun sees the same value to the last bit.
  public func memoised<Value: Codable>(
    kind: String, key: String, _ compute: () throws -> Value
  ) throws -> Value {
    let recorded = try fact(kind: kind, key: key)
    let json =
      try recorded ?? record(fact: encodedJSON(compute(), kind: kind, key: key), kind: kind, key: key)
    do {
      return try JSONDecoder().decode(Value.self, from: Data(json.utf8))
    } catch {
      throw Diagnostic(
        .unusableFile, "a recorded fact has another form than expected", at: .init(path: "\(kind) \(key)"),
        value: json, remedy: "it was recorded by another version; start a new study")
    }
  }
}

/// The canonical JSON of a value: keys sorted, no spaces.
private func encodedJSON(_ value: some Encodable, kind: String, key: String) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  do {
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  } catch {
    throw Diagnostic(
      .failure, "a fact cannot be recorded", at: .init(path: "\(kind) \(key)"), value: "\(value)",
      rule: "facts are JSON, which has finite numbers only")
  }
}
