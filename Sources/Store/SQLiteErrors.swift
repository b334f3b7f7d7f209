import Diagnostics
import GRDB

/// Runs `body`, and turns what SQLite throws into what a user can act on.
func describingErrors<Value>(of path: String, _ body: () throws -> Value) throws -> Value {
  do {
    return try body()
  } catch let error as DatabaseError {
    throw diagnostic(for: error, path: path)
  } catch let error as RowDecodingError {
    throw damaged(path, "\(error)")
  } catch is CancellationError {
    throw Diagnostic(.interrupted, "interrupted while using the study", at: .init(file: path))
  }
}

/// The diagnostic for an error of SQLite.
package func diagnostic(for error: DatabaseError, path: String) -> Diagnostic {
  let place = Diagnostic.Place(file: path)
  let reason = error.message ?? "error \(error.extendedResultCode.rawValue)"
  switch error.resultCode {
  case .SQLITE_NOTADB:
    return Diagnostic(
      .unusableFile, "not an SQLite database", at: place, rule: "a study is kept in an SQLite file",
      remedy: "give another path for the study")
  case .SQLITE_CORRUPT, .SQLITE_ERROR:
    // The statements are fixed, so that one which cannot be run misses a table or a column that the schema has.
    return damaged(path, reason)
  case .SQLITE_READONLY:
    return Diagnostic(
      .unusableFile, "the study's file is read-only", at: place,
      remedy: "make the file and its folder writable, or copy the file elsewhere")
  case .SQLITE_CANTOPEN, .SQLITE_PERM:
    return Diagnostic(
      .unusableFile, "the study's file cannot be opened: \(reason)", at: place,
      remedy: "check the permissions of the file and its folder")
  case .SQLITE_FULL:
    return Diagnostic(
      .failure, "the disk is full", at: place, remedy: "free some space and resume; nothing recorded is lost")
  case .SQLITE_BUSY, .SQLITE_LOCKED:
    return Diagnostic(
      .failure, "another process has kept the study locked for 10 seconds", at: place,
      remedy: "end the other process, and resume")
  default:
    return Diagnostic(.failure, "SQLite reports: \(reason)", at: place)
  }
}

/// The diagnostic for content that cannot have been written by this program.
func damaged(_ path: String, _ reason: String) -> Diagnostic {
  Diagnostic(
    .unusableFile, "the study's file is damaged", at: .init(file: path), value: reason,
    remedy: "restore a copy, or recover what is left with 'sqlite3 FILE .recover'")
}
