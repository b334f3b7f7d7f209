import Diagnostics
import Foundation
import GRDB
import Search
import Store
import Testing

@Suite("Files that are no study get a clear message")
struct SQLiteFileTests {
  private func sqlite(_ path: String, _ statements: String) throws {
    let database = try DatabaseQueue(path: path)
    try database.writeWithoutTransaction { try $0.execute(sql: statements) }
    try database.close()
  }

  private func study(_ path: String) throws {
    let storage = try SQLiteStorage(path: path)
    try storage.create(Records.study("a"))
    try Records.fill(storage, study: "a", 0..<50)
    try storage.finish(study: "a", at: .now)
    try storage.close()
  }

  @Test("A text file is not a database")
  func text() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("space.yaml")
    try Data(String(repeating: "version: 1\n", count: 200).utf8).write(to: URL(fileURLWithPath: path))
    let problem = failure { try SQLiteStorage(path: path) }
    #expect(problem?.category == .unusableFile)
    #expect(problem?.problem == "not an SQLite database")
    #expect(problem?.place?.file == path)
  }

  @Test("Another application's database is refused and left as it was")
  func foreign() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("places.sqlite")
    try sqlite(path, "CREATE TABLE bookmark (id INTEGER PRIMARY KEY)")
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    let problem = failure { try SQLiteStorage(path: path) }
    #expect(problem?.category == .unusableFile)
    #expect(problem?.problem.contains("another application") == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
  }

  @Test("A file of a newer version is refused, for writing and for reading")
  func newer() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("study.sqlite")
    try study(path)
    try sqlite(path, "PRAGMA user_version = 99")
    for access in [SQLiteStorage.Access.readWrite, .readOnly] {
      let problem = failure { try SQLiteStorage(path: path, access: access) }
      #expect(problem?.category == .unusableFile)
      #expect(problem?.value == "schema 99")
    }
  }

  @Test("Damage anywhere in the file is an error or leaves the records true, never a crash")
  func damage() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("study.sqlite")
    try study(path)
    let sound = try Data(contentsOf: URL(fileURLWithPath: path))
    var refused = 0
    for (index, offset) in stride(from: 100, to: sound.count - 64, by: sound.count / 40).enumerated() {
      let copy = folder.file("damaged-\(index).sqlite")
      var bytes = sound
      bytes.replaceSubrange(offset..<(offset + 64), with: Data(repeating: 0xA5, count: 64))
      try bytes.write(to: URL(fileURLWithPath: copy))
      do {
        let trials = try SQLiteStorage(path: copy).trials(of: "a")
        // What is read keeps every invariant, such as the hash of the architecture.
        for trial in trials { try trial.validate() }
      } catch {
        #expect(error is Diagnostic, "\(error)")
        refused += 1
      }
    }
    #expect(refused > 10)
  }

  @Test("A file that breaks off is damaged")
  func truncated() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("study.sqlite")
    try study(path)
    let sound = try Data(contentsOf: URL(fileURLWithPath: path))
    try sound.prefix(sound.count / 2).write(to: URL(fileURLWithPath: path))
    #expect(failure { try SQLiteStorage(path: path).trials(of: "a") }?.problem.contains("damaged") == true)
  }

  @Test("A record that was edited against its rules is damage")
  func edited() throws {
    let folder = try TemporaryFolder()
    let edits = [
      "UPDATE trial SET hash = 'x' WHERE number = 3", "UPDATE trial SET outcome = '{}' WHERE number = 3",
      "UPDATE trial SET outcome = '[1]' WHERE number = 3",
      "UPDATE trial SET finished = started - 1 WHERE number = 3",
    ]
    for (index, edit) in edits.enumerated() {
      let path = folder.file("edited-\(index).sqlite")
      try study(path)
      try sqlite(path, edit)
      let problem = failure { try SQLiteStorage(path: path).trials(of: "a") }
      #expect(problem?.value?.hasPrefix("trial 3: ") == true, "\(edit)")
    }
  }

  @Test("A date beyond all calendars, and a missing table or column, are damage")
  func brokenRecords() throws {
    let folder = try TemporaryFolder()
    let edits = [
      "UPDATE study SET created = 9223372036854775807", "UPDATE study SET finished = 9223372036854775807",
      "UPDATE study SET created = -9223372036854775807", "UPDATE trial SET started = -1 WHERE number = 3",
      "DROP TABLE trial", "PRAGMA foreign_keys = OFF; DROP TABLE study", "ALTER TABLE study DROP COLUMN seed",
      "ALTER TABLE trial DROP COLUMN attributes",
    ]
    for (index, edit) in edits.enumerated() {
      let path = folder.file("broken-\(index).sqlite")
      try study(path)
      try sqlite(path, edit)
      let problem = failure { try SQLiteStorage(path: path, access: .readOnly).summaries() }
      #expect(problem?.category == .unusableFile, "\(edit)")
      #expect(problem?.problem.contains("damaged") == true, "\(edit)")
    }
  }

  @Test("A pipe is refused at once, for writing and for reading")
  func pipe() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("pipe")
    try #require(mkfifo(path, 0o600) == 0)
    for access in [SQLiteStorage.Access.readWrite, .readOnly] {
      let problem = failure { try SQLiteStorage(path: path, access: access) }
      #expect(problem?.category == .unusableFile)
      #expect(problem?.problem.hasPrefix("a pipe") == true)
    }
  }

  @Test("An empty file is no study to read, and becomes one when it is written")
  func empty() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("study.sqlite")
    try Data().write(to: URL(fileURLWithPath: path))
    let problem = failure { try SQLiteStorage(path: path, access: .readOnly) }
    #expect(problem?.category == .unusableFile)
    #expect(problem?.problem == "the file holds no study")
    try study(path)
    #expect(try SQLiteStorage(path: path, access: .readOnly).studies().count == 1)
  }

  @Test("A missing file to read, a folder, and a path below a file are refused")
  func places() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("plain")
    try Data("x".utf8).write(to: URL(fileURLWithPath: file))
    #expect(
      failure { try SQLiteStorage(path: folder.file("no"), access: .readOnly) }?.problem == "no such file")
    #expect(failure { try SQLiteStorage(path: folder.path) }?.problem.hasPrefix("a folder stands") == true)
    #expect(
      failure { try SQLiteStorage(path: file + "/study.sqlite") }?.problem.contains("cannot be") == true)
  }

  @Test(
    "Errors of SQLite become diagnostics",
    arguments: [
      (ResultCode.SQLITE_READONLY, "read-only"), (.SQLITE_FULL, "disk is full"),
      (.SQLITE_BUSY, "another process"),
      (.SQLITE_CORRUPT, "damaged"), (.SQLITE_ERROR, "damaged"), (.SQLITE_CANTOPEN, "cannot be opened"),
      (.SQLITE_IOERR, "SQLite reports"),
    ])
  func errors(code: ResultCode, text: String) {
    let problem = diagnostic(for: DatabaseError(resultCode: code), path: "a.sqlite")
    #expect(problem.problem.contains(text))
    #expect(problem.place?.file == "a.sqlite")
  }

  @Test("A read-only file is refused for writing", .enabled(if: geteuid() != 0, "root may write anything"))
  func readOnlyFile() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("study.sqlite")
    try study(path)
    try FileManager.default.setAttributes([.posixPermissions: 0o444], ofItemAtPath: path)
    #expect(failure { try SQLiteStorage(path: path) }?.problem.contains("read-only") == true)
  }
}
