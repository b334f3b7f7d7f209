import Diagnostics
import Foundation

/// One search: its name, what it was asked to do, and when.
///
/// A study is a record; its trials lie beside it in a ``StudyStorage``. Whatever decides the outcome of the search
/// stands in `configuration`, so that a study is resumed only by the search that began it.
public struct Study: Hashable, Sendable, Codable {
  enum CodingKeys: String, CodingKey {
    case name, space, device, configuration, seed, created, finished
    case configurationHash = "configuration_hash"
  }

  /// The name, unique in a storage.
  public let name: String
  /// The name of the search space.
  public let space: String
  /// The name of the device that latencies are about.
  public let device: String
  /// The settings of the search as a JSON text. Compared as text, so write its keys sorted.
  public let configuration: String
  /// The SHA-256 of `configuration`.
  public let configurationHash: String
  /// The seed of every random decision.
  public let seed: UInt64
  /// When the study began, to the millisecond.
  public let created: Date
  /// When the search was done, to the millisecond; `nil` while it is not.
  public internal(set) var finished: Date?

  /// Creates a study that has not finished.
  ///
  /// - Throws: ``Diagnostic`` where the name is empty, the configuration is not a JSON object, or the date is beyond
  ///   the year 9999 or before 1970.
  public init(
    name: String, space: String, device: String, configuration: String, seed: UInt64, created: Date
  ) throws {
    self.name = name
    self.space = space
    self.device = device
    self.configuration = configuration
    configurationHash = sha256(Data(configuration.utf8))
    self.seed = seed
    self.created = created.roundedToMilliseconds
    try validate()
  }

  /// The same study, done.
  public func finished(at date: Date) -> Study {
    var study = self
    study.finished = date.roundedToMilliseconds
    return study
  }

  /// Checks what holds for every study: it has a name, its configuration is a JSON object whose hash is the
  /// recorded one, its dates can be recorded, and it did not finish before it began.
  public func validate() throws {
    try require(!name.isEmpty, "a study has a name", value: name)
    try require(isJSONObject(configuration), "a configuration is a JSON object", value: configuration)
    try require(
      configurationHash == sha256(Data(configuration.utf8)), "the hash is the SHA-256 of the configuration",
      value: configurationHash)
    for date in [created, finished].compactMap({ $0 }) {
      try require(date.isRecordable, Date.recordableRule, value: "\(date.timeIntervalSince1970) s")
    }
    try require(
      finished.map { $0 >= created } ?? true, "a study finishes after it begins", value: "\(created)")
  }

  private func require(_ holds: Bool, _ rule: String, value: String) throws {
    guard holds else {
      throw Diagnostic(
        .failure, "not a valid study", at: .init(path: "study \(name)"), value: value, rule: rule)
    }
  }
}

func isJSONObject(_ text: String) -> Bool {
  (try? JSONSerialization.jsonObject(with: Data(text.utf8))) is [String: Any]
}

extension Date {
  /// Dates are kept to the millisecond, so that every storage gives back the date that it was given.
  package var roundedToMilliseconds: Date { Date(millisecondsSince1970: millisecondsSince1970) }

  /// Whole milliseconds since 1970; a date too far away for that gives the largest or smallest number.
  package var millisecondsSince1970: Int64 {
    let milliseconds = (timeIntervalSince1970 * 1000).rounded()
    return Int64(exactly: milliseconds) ?? (milliseconds > 0 ? .max : .min)
  }

  /// Whether the date can stand in a record. The years are those since computers count time, of the four digits that
  /// ISO 8601 gives them.
  var isRecordable: Bool { (0...253_402_300_799_999).contains(millisecondsSince1970) }

  /// What ``isRecordable`` asks for.
  static let recordableRule = "dates lie in the years 1970 to 9999 (seconds since 1970)"

  /// Creates a date from whole milliseconds since 1970.
  package init(millisecondsSince1970 milliseconds: Int64) {
    self.init(timeIntervalSince1970: Double(milliseconds) / 1000)
  }
}
