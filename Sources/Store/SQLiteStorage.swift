import Diagnostics
import Foundation
import GRDB
import Search

/// A storage in one SQLite file.
///
/// The file is in write-ahead mode and every transaction is synchronised to disk before the call returns, so that a
/// killed process, or a power failure, loses nothing that was recorded. Several processes may have the file open;
/// writers wait for each other. A finished study is moved from the write-ahead log into the file, which then may be
/// copied alone.
///
///     let storage = try SQLiteStorage(path: "runs/cifar10/study.sqlite")
///
/// Any SQLite tool can read the file; the tables are described in `StudySchema.swift`.
public final class SQLiteStorage: StudyStorage {
  /// What a storage may do with its file.
  public enum Access: Sendable {
    /// Creates the file, and the folders above it, where it is missing, and upgrades an older schema.
    case readWrite
    /// Reads a file that exists, and changes nothing: an older schema must be opened for writing once.
    case readOnly
  }

  /// The path of the file.
  public let path: String
  let database: DatabaseQueue

  /// Opens the file of a storage.
  ///
  /// - Throws: ``Diagnostic`` where the file is no SQLite database, belongs to another application, was written by a
  ///   newer version, is damaged, or cannot be opened.
  public init(path: String, access: Access = .readWrite) throws {
    self.path = path
    database = try describingErrors(of: path) {
      switch access {
      case .readWrite: try Self.openForWriting(path)
      case .readOnly: try Self.openForReading(path)
      }
    }
  }

  private static func openForWriting(_ path: String) throws -> DatabaseQueue {
    try checkIsFile(path)
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw Diagnostic(
        .failure, "the folder of the study cannot be created", at: .init(file: folder.path),
        remedy: "check the permissions of the folders above it")
    }
    let database = try DatabaseQueue(path: path, configuration: configuration(readOnly: false))
    // Whose file it is comes first: nothing of a stranger's file is changed, not even its journal mode.
    try database.writeWithoutTransaction { database in
      try StudySchema.checkIdentity(database, path: path)
      try StudySchema.checkContent(database, path: path)
      try database.execute(sql: "PRAGMA journal_mode = WAL")
      try database.execute(sql: "PRAGMA synchronous = FULL")
      try StudySchema.migrate(database)
    }
    return database
  }

  private static func openForReading(_ path: String) throws -> DatabaseQueue {
    try checkIsFile(path)
    guard FileManager.default.fileExists(atPath: path) else {
      throw Diagnostic(.unusableFile, "no such file", at: .init(file: path))
    }
    do {
      return try queueForReading(path, at: path)
    } catch let error as DatabaseError
      where [.SQLITE_CANTOPEN, .SQLITE_READONLY].contains(error.resultCode) && isWithoutLog(path)
    {
      // On a read-only disk SQLite cannot make the shared-memory file of the write-ahead mode. Without a log nobody
      // is writing, so the file may be read as it lies.
      return try queueForReading(path, at: immutableURI(of: path))
    }
  }

  private static func queueForReading(_ path: String, at location: String) throws -> DatabaseQueue {
    let database = try DatabaseQueue(path: location, configuration: configuration(readOnly: true))
    try database.read { database in
      try StudySchema.checkIdentity(database, path: path)
      try StudySchema.checkContent(database, path: path)
      try StudySchema.checkIsCurrent(database, path: path)
    }
    return database
  }

  package static func immutableURI(of path: String) -> String {
    let absolute = URL(fileURLWithPath: path).path
    let escaped = absolute.addingPercentEncoding(withAllowedCharacters: .urlPathAllowed) ?? absolute
    return "file:\(escaped)?immutable=1"
  }

  private static func isWithoutLog(_ path: String) -> Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path + "-wal")
    return (attributes?[.size] as? Int ?? 0) == 0
  }

  /// Checks that the path is free or a regular file's: opening a pipe would wait for ever.
  private static func checkIsFile(_ path: String) throws {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return }
    let kind = status.st_mode & S_IFMT == S_IFDIR ? "a folder" : "a pipe or device"
    throw Diagnostic(
      .unusableFile, "\(kind) stands where a study's file is needed", at: .init(file: path),
      remedy: "give another path for the study")
  }

  private static func configuration(readOnly: Bool) -> Configuration {
    var configuration = Configuration()
    configuration.readonly = readOnly
    configuration.foreignKeysEnabled = true
    // Writers of other processes hold the file for milliseconds; ten seconds mean that something is stuck.
    configuration.busyMode = .timeout(10)
    return configuration
  }

  /// Closes the file. Later calls throw.
  ///
  /// - Throws: ``Diagnostic`` where SQLite reports an error.
  public func close() throws { try describingErrors(of: path) { try database.close() } }

  func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
    try describingErrors(of: path) { try database.read(body) }
  }

  func write<Value>(_ body: (Database) throws -> Value) throws -> Value {
    try describingErrors(of: path) { try database.write(body) }
  }
}
