import Diagnostics
import Foundation

/// The right to work in a folder, held by one process at a time: an advisory lock on the folder (`flock`), which the
/// system drops when its holder ends in whatever way.
struct FolderLock {
  private let descriptor: Int32

  /// Makes the folder where it is missing, and takes the lock.
  ///
  /// - Throws: `Diagnostic` where another process holds it.
  init(_ path: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw Diagnostic(
        .failure, "the folder cannot be made", at: .init(file: path),
        rule: "no file stands in its place, and the folder above it may be written to",
        remedy: "choose another folder with --out")
    }
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      if descriptor >= 0 { close(descriptor) }
      throw Diagnostic(
        .usage, "another process is at work in this folder", at: .init(file: path),
        remedy: "wait until it is done, or choose another folder with --out")
    }
  }

  /// Gives the lock back.
  func release() { close(descriptor) }
}
