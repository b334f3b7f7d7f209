import Foundation
import GRDB
import Search
import Store
import Testing

/// Small files that earlier versions of the program wrote, one per schema.
@Suite("Files of every schema that was ever published can be opened", .serialized)
struct SchemaTests {
  private static let isRecording = ProcessInfo.processInfo.environment["QUOIN_RECORD_FIXTURES"] != nil

  private static func stored(_ version: Int) -> String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Fixtures/study-schema-\(version).sqlite").path
  }

  @Test("There is a stored file of every schema")
  func complete() {
    for version in 1...StudySchema.version {
      #expect(FileManager.default.fileExists(atPath: Self.stored(version)), "schema \(version)")
    }
  }

  @Test("Schema 1 opens with everything in it, is upgraded, and goes on")
  func schema1() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("study.sqlite")
    try FileManager.default.copyItem(atPath: Self.stored(1), toPath: path)
    let storage = try SQLiteStorage(path: path)
    let study = try storage.study(named: "stored")
    #expect(study.finished == Records.start.addingTimeInterval(60))
    #expect(study.seed == .max)
    #expect(
      try storage.trials(of: "stored") == [Records.complete(0), Records.complete(1), Records.running(2)])
    #expect(try storage.fact(kind: "accuracy", key: "k") == "0.5")
    try storage.finish(Records.complete(2), in: "stored")
    #expect(try SQLiteStorage(path: path, access: .readOnly).trials(of: "stored").last == Records.complete(2))
  }

  @Test(
    "Record the file of the newest schema", .enabled(if: isRecording, "set QUOIN_RECORD_FIXTURES to record"))
  func record() throws {
    let path = Self.stored(StudySchema.version)
    try? FileManager.default.removeItem(atPath: path)
    let storage = try SQLiteStorage(path: path)
    try storage.create(Records.study("stored", seed: .max))
    try Records.fill(storage, study: "stored", 0..<2)
    _ = try storage.begin(Records.running(2), in: "stored")
    try storage.record(fact: "0.5", kind: "accuracy", key: "k")
    try storage.finish(study: "stored", at: Records.start.addingTimeInterval(60))
    try storage.close()
    let database = try DatabaseQueue(path: path)
    // Small pages, so that a few rows take a few kilobytes; the size of pages changes outside the log only.
    try database.writeWithoutTransaction { database in
      try database.execute(sql: "PRAGMA journal_mode = DELETE; PRAGMA page_size = 512; VACUUM")
    }
    try database.close()
  }
}
