import Diagnostics
import Foundation

/// The right to measure on a machine: held by one measurement of one process at a time, among a user's processes.
///
/// It is an advisory lock on a file (`flock`), which the system drops when its holder ends in whatever way.
package struct DeviceLock: ~Copyable {
  private let descriptor: Int32

  /// Waits until the lock is free and takes it.
  ///
  /// - Parameters:
  ///   - name: what is locked; becomes part of the file's name.
  ///   - folder: where the file stands.
  ///   - patience: the seconds to wait.
  /// - Throws: ``Diagnostic`` where the file cannot be made, or others hold the lock for too long.
  package init(_ name: String, folder: String = NSTemporaryDirectory(), patience: Double = 600) throws {
    let path = URL(fileURLWithPath: folder).appendingPathComponent("quoin-\(getuid())-\(name).lock").path
    // The folder may be open to all users: a link that somebody else left there is not followed.
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else {
      throw Diagnostic(
        .failure, "cannot make the lock file: \(String(cString: strerror(errno)))", at: .init(file: path),
        remedy: "check the folder's permissions, or set TMPDIR to another folder")
    }
    // Short sleeps rather than a blocking call, so that waiting ends.
    let pause = 0.02
    for _ in 0...Int(patience / pause) {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return }
      usleep(UInt32(pause * 1e6))
    }
    close(descriptor)
    throw Diagnostic(
      .failure, "the device is busy with other measurements", at: .init(file: path), value: name,
      rule: "measurements of one machine never overlap", remedy: "wait until the other process is done")
  }

  /// What the last holder left in the file, or nothing where there is more than `limit` bytes.
  func note(limit: Int) -> Data {
    var status = stat()
    guard fstat(descriptor, &status) == 0, (1...limit).contains(Int(status.st_size)) else { return Data() }
    var data = Data(count: Int(status.st_size))
    let count = data.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
    return count == data.count ? data : Data()
  }

  /// Leaves a note for the next holder; one that is cut short by a crash does not decode.
  func setNote(_ data: Data) {
    guard ftruncate(descriptor, 0) == 0 else { return }
    _ = data.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
  }

  deinit {
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }
}
