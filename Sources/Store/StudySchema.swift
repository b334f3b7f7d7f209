import Diagnostics
import Foundation
import GRDB

/// The tables of a study's file, and how older files become newer ones.
///
/// The version stands in `PRAGMA user_version`; version n is reached from n - 1 by migration n, in one transaction.
/// A migration that was published is never changed: a change of the schema is a new one at the end.
package enum StudySchema {
  /// Marks a file as a study's: "QUON" as SQLite's `application_id`.
  static let applicationID = 0x5155_4F4E

  /// The version that this program writes.
  package static let version = migrations.count

  /// Migration n at position n - 1.
  private static let migrations = [tables1]

  /// Dates are milliseconds since 1970, `seed` is the bit pattern of an unsigned number, `outcome` and `attributes`
  /// are JSON objects.
  private static let tables1 = """
    CREATE TABLE study (
      id INTEGER PRIMARY KEY,
      name TEXT NOT NULL UNIQUE,
      space TEXT NOT NULL,
      device TEXT NOT NULL,
      configuration TEXT NOT NULL,
      seed INTEGER NOT NULL,
      created INTEGER NOT NULL,
      finished INTEGER
    ) STRICT;
    CREATE TABLE trial (
      study INTEGER NOT NULL REFERENCES study(id),
      number INTEGER NOT NULL CHECK (number >= 0),
      architecture TEXT NOT NULL,
      hash TEXT NOT NULL,
      sampler TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('running', 'complete', 'failed', 'infeasible')),
      outcome TEXT NOT NULL,
      attributes TEXT NOT NULL,
      started INTEGER NOT NULL,
      finished INTEGER CHECK ((finished IS NULL) = (state = 'running')),
      PRIMARY KEY (study, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE fact (
      kind TEXT NOT NULL,
      key TEXT NOT NULL,
      json TEXT NOT NULL,
      PRIMARY KEY (kind, key)
    ) STRICT, WITHOUT ROWID;
    """

  /// Checks that the file is empty or a study's, and not of a newer version.
  static func checkIdentity(_ database: Database, path: String) throws {
    let found = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
    let isEmpty = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") == 0
    guard found == applicationID || (found == 0 && isEmpty) else {
      throw Diagnostic(
        .unusableFile, "an SQLite database of another application stands where a study is needed",
        at: .init(file: path), remedy: "give another path for the study")
    }
    let stored = try storedVersion(database)
    guard (0...version).contains(stored) else {
      throw Diagnostic(
        .unusableFile, "the study was written by a newer version of this program", at: .init(file: path),
        value: "schema \(stored)", rule: "this version reads schemas up to \(version)",
        remedy: "install the newer version")
    }
  }

  /// Checks that SQLite finds no damage. Studies are small, so the whole file is looked at.
  static func checkContent(_ database: Database, path: String) throws {
    let answers = try String.fetchAll(database, sql: "PRAGMA integrity_check(1)")
    guard answers == ["ok"] else { throw damaged(path, answers.first ?? "no answer") }
  }

  /// Checks that there is a schema, and that it needs no upgrade.
  static func checkIsCurrent(_ database: Database, path: String) throws {
    let stored = try storedVersion(database)
    guard stored > 0 else {
      throw Diagnostic(
        .unusableFile, "the file holds no study", at: .init(file: path),
        rule: "a search writes study.sqlite into its folder")
    }
    guard stored == version else {
      throw Diagnostic(
        .unusableFile, "the study was written by an older version of this program", at: .init(file: path),
        value: "schema \(stored)", rule: "this version reads schema \(version)",
        remedy: "resume the study once, which upgrades its file")
    }
  }

  /// Brings the file to the current version.
  static func migrate(_ database: Database) throws {
    while try storedVersion(database) < version {
      try database.inTransaction(.immediate) {
        // Read again under the lock: another process may have done this step meanwhile.
        let stored = try storedVersion(database)
        guard stored < version else { return .commit }
        try database.execute(sql: migrations[stored])
        try database.execute(sql: "PRAGMA application_id = \(applicationID)")
        try database.execute(sql: "PRAGMA user_version = \(stored + 1)")
        return .commit
      }
    }
  }

  private static func storedVersion(_ database: Database) throws -> Int {
    try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
  }
}
