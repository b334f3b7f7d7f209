import Diagnostics
import Foundation
import Search
import Store
import Testing

@Suite("A study survives what happens to its process and its file")
struct SQLiteDurabilityTests {
  /// The child of the test below: it finishes trials, notes each after the call returned, and is killed on the way.
  private static func writeUntilKilled() {
    let path = ProcessInfo.processInfo.environment["QUOIN_STORE_CHILD"] ?? ""
    let notes = open(path + ".notes", O_WRONLY | O_CREAT | O_APPEND, 0o644)
    Thread.detachNewThread {
      // Any moment will do; the process's number varies it from run to run.
      usleep(100_000 + UInt32(getpid() % 97) * 1000)
      kill(getpid(), SIGKILL)
    }
    guard let storage = try? SQLiteStorage(path: path), (try? storage.create(Records.study("a"))) != nil
    else {
      return
    }
    for number in 0..<1_000_000 {
      guard (try? Records.fill(storage, study: "a", number..<(number + 1))) != nil else { return }
      _ = write(notes, "x", 1)
    }
  }

  @Test("A process killed with signal 9 loses nothing that it had finished")
  func killed() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("study.sqlite")
    setenv("QUOIN_STORE_CHILD", path, 1)
    await #expect(processExitsWith: .signal(SIGKILL)) { Self.writeUntilKilled() }
    let finished = try Data(contentsOf: URL(fileURLWithPath: path + ".notes")).count
    let storage = try SQLiteStorage(path: path)
    let trials = try storage.trials(of: "a")
    #expect(finished > 0)
    #expect(trials.count { $0.state == .complete } >= finished)
    #expect(trials.count { $0.state == .running } <= 1)
    #expect(try trials.prefix(finished) == (0..<finished).map(Records.complete)[...])
  }

  @Test("A log that breaks off anywhere keeps every trial that was finished before the break")
  func tornLog() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("study.sqlite")
    let storage = try SQLiteStorage(path: path)
    try storage.create(Records.study("a"))
    var sizes: [Int] = []
    for number in 0..<10 {
      try Records.fill(storage, study: "a", number..<(number + 1))
      sizes.append(try Data(contentsOf: URL(fileURLWithPath: path + "-wal")).count)
    }
    let log = try Data(contentsOf: URL(fileURLWithPath: path + "-wal"))
    let file = try Data(contentsOf: URL(fileURLWithPath: path))
    for length in stride(from: sizes[0], through: log.count, by: 1777) + [log.count] {
      let copy = folder.file("copy-\(length).sqlite")
      try file.write(to: URL(fileURLWithPath: copy))
      try log.prefix(length).write(to: URL(fileURLWithPath: copy + "-wal"))
      let trials = try SQLiteStorage(path: copy).trials(of: "a")
      let finished = sizes.count { $0 <= length }
      #expect(try trials.prefix(finished) == (0..<finished).map(Records.complete)[...], "cut at \(length)")
    }
  }

  @Test("The file of a finished study is enough alone, and can be read where nothing can be written")
  func fileAlone() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("study.sqlite")
    let storage = try SQLiteStorage(path: path)
    try storage.create(Records.study("a"))
    try Records.fill(storage, study: "a", 0..<5)
    try storage.finish(study: "a", at: .now)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path + "-wal")).isEmpty)
    let copy = folder.file("copy #1?.sqlite")
    try FileManager.default.copyItem(atPath: path, toPath: copy)
    #expect(try SQLiteStorage(path: copy, access: .readOnly).trials(of: "a") == (0..<5).map(Records.complete))
    #expect(SQLiteStorage.immutableURI(of: copy).hasSuffix("/copy%20%231%3F.sqlite?immutable=1"))
  }

  @Test("Another connection sees at once what was recorded, and a read-only one cannot write")
  func secondConnection() throws {
    let folder = try TemporaryFolder()
    let writer = try SQLiteStorage(path: folder.file("study.sqlite"))
    let reader = try SQLiteStorage(path: folder.file("study.sqlite"), access: .readOnly)
    try writer.create(Records.study("a"))
    try Records.fill(writer, study: "a", 0..<2)
    #expect(try reader.trials(of: "a").count == 2)
    #expect(failure { try reader.create(Records.study("b")) }?.problem.contains("read-only") == true)
  }
}
