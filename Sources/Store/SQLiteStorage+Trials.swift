import Diagnostics
import Foundation
import GRDB
import Search

extension SQLiteStorage {
  /// Records a running trial, or takes up the one that was begun before.
  public func begin(_ trial: Trial, in study: String) throws -> Trial {
    try write { database in
      let study = try identifier(of: study, database)
      let count = try Int.fetchOne(
        database, sql: "SELECT count(*) FROM trial WHERE study = ?", arguments: [study])
      let stored = try self.trial(trial.number, of: study, database)
      if let taken = try StorageRule.takenUp(trial, stored: stored, count: count ?? 0) { return taken }
      try insert(trial, study, database)
      return trial
    }
  }

  private func insert(_ trial: Trial, _ study: Int64, _ database: Database) throws {
    try database.execute(
      sql: """
        INSERT INTO trial
          (study, number, architecture, hash, sampler, state, outcome, attributes, started, finished)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, NULL)
        """,
      arguments: [
        study, trial.number, trial.architecture, trial.hash, trial.sampler, trial.state.rawValue,
        try canonicalJSON(trial.values), try canonicalJSON(trial.attributes),
        trial.started.millisecondsSince1970,
      ])
  }

  /// Records the end of a trial, once.
  public func finish(_ trial: Trial, in study: String) throws {
    try write { database in
      let study = try identifier(of: study, database)
      let stored = try self.trial(trial.number, of: study, database)
      guard try StorageRule.mustRecordEnd(of: trial, stored: stored) else { return }
      try database.execute(
        sql: """
          UPDATE trial SET sampler = ?, state = ?, outcome = ?, attributes = ?, started = ?, finished = ?
          WHERE study = ? AND number = ?
          """,
        arguments: [
          trial.sampler, trial.state.rawValue, try canonicalJSON(trial.values),
          try canonicalJSON(trial.attributes),
          trial.started.millisecondsSince1970, trial.finished?.millisecondsSince1970, study, trial.number,
        ])
    }
  }

  /// The trials of a study, by number.
  public func trials(of study: String) throws -> [Trial] {
    try read { database in
      let sql = "SELECT * FROM trial WHERE study = ? ORDER BY number"
      return try Row.fetchAll(database, sql: sql, arguments: [try identifier(of: study, database)]).map(trial)
    }
  }

  private func trial(_ number: Int, of study: Int64, _ database: Database) throws -> Trial? {
    let sql = "SELECT * FROM trial WHERE study = ? AND number = ?"
    return try Row.fetchOne(database, sql: sql, arguments: [study, number]).map(trial)
  }

  private func trial(_ row: Row) throws -> Trial {
    try readable("trial", row.decode(forColumn: "number")) { try Trial(row: row) }
  }
}

extension Trial {
  fileprivate init(row: Row) throws {
    let finished: Int64? = try row.decode(forColumn: "finished")
    guard let state = State(rawValue: try row.decode(forColumn: "state")) else {
      throw Diagnostic(.unusableFile, "unknown state of a trial")
    }
    try self.init(
      number: row.decode(forColumn: "number"), architecture: row.decode(forColumn: "architecture"),
      hash: row.decode(forColumn: "hash"), sampler: row.decode(forColumn: "sampler"), state: state,
      values: parsedJSON(row.decode(forColumn: "outcome")),
      attributes: parsedJSON(row.decode(forColumn: "attributes")),
      started: Date(millisecondsSince1970: row.decode(forColumn: "started")),
      finished: finished.map(Date.init(millisecondsSince1970:)))
  }
}

/// Keys are sorted, so that equal records are equal bytes.
private func canonicalJSON(_ value: [String: some Encodable]) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}

private func parsedJSON<Value: Decodable>(_ text: String) throws -> [String: Value] {
  do {
    return try JSONDecoder().decode([String: Value].self, from: Data(text.utf8))
  } catch {
    throw Diagnostic(.unusableFile, "not a JSON object of values: \(text.prefix(60))")
  }
}
