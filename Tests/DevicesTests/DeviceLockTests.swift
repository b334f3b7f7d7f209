import Devices
import Diagnostics
import Foundation
import Testing

@Suite struct DeviceLockTests {
  @Test("A lock that is held is refused after the patience, and free again when it is dropped")
  func exclusive() throws {
    let name = "test-\(UUID())"
    do {
      let held = try DeviceLock(name)
      let error = try #require(throws: Diagnostic.self) { _ = try DeviceLock(name, patience: 0.03) }
      #expect(error.problem.contains("busy"))
      _ = consume held
    }
    _ = try DeviceLock(name, patience: 0)
  }

  @Test("Locks of different devices do not meet")
  func independent() throws {
    let first = try DeviceLock("test-\(UUID())")
    let second = try DeviceLock("test-\(UUID())", patience: 0)
    _ = consume first
    _ = consume second
  }

  @Test("A folder that does not exist is an error that names the file")
  func noFolder() throws {
    let error = try #require(throws: Diagnostic.self) { _ = try DeviceLock("x", folder: "/nowhere/at/all") }
    #expect(error.place?.file?.hasPrefix("/nowhere/at/all/") == true)
  }

  @Test("A link in place of the lock file is not followed")
  func link() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("lock-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let target = folder.appendingPathComponent("target")
    try FileManager.default.createSymbolicLink(
      at: folder.appendingPathComponent("quoin-\(getuid())-cpu.lock"), withDestinationURL: target)
    #expect(throws: Diagnostic.self) { _ = try DeviceLock("cpu", folder: folder.path) }
    #expect(!FileManager.default.fileExists(atPath: target.path))
  }
}
