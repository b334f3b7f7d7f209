import Diagnostics
import Foundation
import GRDB
import Search

extension SQLiteStorage {
  /// Adds a study; the contract is that of ``StudyStorage``.
  public func create(_ study: Study) throws {
    try study.validate()
    try write { database in
      guard
        try Int64.fetchOne(database, sql: "SELECT id FROM study WHERE name = ?", arguments: [study.name])
          == nil
      else { throw StorageRule.takenName(study.name) }
      try database.execute(
        sql: """
          INSERT INTO study (name, space, device, configuration, seed, created, finished)
          VALUES (?, ?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          study.name, study.space, study.device, study.configuration, Int64(bitPattern: study.seed),
          study.created.millisecondsSince1970, study.finished?.millisecondsSince1970,
        ])
    }
  }

  /// All studies, oldest first.
  public func studies() throws -> [Study] {
    try read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM study ORDER BY id").map { row in
        try readable("study", row.decode(forColumn: "id")) { try Study(row: row) }
      }
    }
  }

  /// Marks a study as done, and moves everything from the write-ahead log into the file.
  public func finish(study name: String, at date: Date) throws {
    try write { database in
      try database.execute(
        sql: "UPDATE study SET finished = max(?, created) WHERE id = ?",
        arguments: [date.millisecondsSince1970, try identifier(of: name, database)])
    }
    try emptyLog()
  }

  /// Moves everything from the write-ahead log into the file.
  private func emptyLog() throws {
    try describingErrors(of: path) {
      try database.writeWithoutTransaction { database in
        do {
          try database.checkpoint(.truncate)
        } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY {
          // Another process is reading; SQLite empties the log when the last closes.
        }
      }
    }
  }

  /// The row of a study.
  func identifier(of name: String, _ database: Database) throws -> Int64 {
    let sql = "SELECT id FROM study WHERE name = ?"
    guard let identifier = try Int64.fetchOne(database, sql: sql, arguments: [name]) else {
      throw StorageRule.unknownStudy(
        name, among: try String.fetchAll(database, sql: "SELECT name FROM study"))
    }
    return identifier
  }

  /// Reads a record; a record that breaks its own rules means that the file was damaged or edited.
  func readable<Value>(_ kind: String, _ number: Int64, _ body: () throws -> Value) throws -> Value {
    do {
      return try body()
    } catch let error as Diagnostic {
      throw damaged(path, "\(kind) \(number): \(error.rule ?? error.problem)")
    }
  }
}

extension Study {
  fileprivate init(row: Row) throws {
    let study = try Study(
      name: row.decode(forColumn: "name"), space: row.decode(forColumn: "space"),
      device: row.decode(forColumn: "device"), configuration: row.decode(forColumn: "configuration"),
      seed: UInt64(bitPattern: row.decode(forColumn: "seed")),
      created: Date(millisecondsSince1970: row.decode(forColumn: "created")))
    let finished: Int64? = try row.decode(forColumn: "finished")
    self = finished.map { study.finished(at: Date(millisecondsSince1970: $0)) } ?? study
    try validate()
  }
}
