import Foundation

/// Writes `data` to `path` so that a reader, or a process killed half-way, sees the old content or the new one.
///
/// Missing folders are created. Of several threads that write one file, the last one's content stays.
///
/// - Throws: ``Diagnostic`` that names the path where it cannot be written.
public func writeAtomically(_ data: Data, to path: String) throws {
  let url = URL(fileURLWithPath: path)
  // The name is this call's alone: other threads and processes may write the same file.
  let temporary = url.deletingLastPathComponent()
    .appendingPathComponent(".\(url.lastPathComponent).\(UUID().uuidString.prefix(13)).part")
  do {
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: temporary)
    let handle = try FileHandle(forWritingTo: temporary)
    try handle.synchronize()
    try handle.close()
  } catch {
    try? FileManager.default.removeItem(at: temporary)
    throw Diagnostic(
      .failure, "cannot write the file", at: .init(file: path), remedy: "check the folder's permissions and free space")
  }
  guard rename(temporary.path, path) == 0 else {
    let reason = String(cString: strerror(errno))
    try? FileManager.default.removeItem(at: temporary)
    throw Diagnostic(.failure, "cannot write the file: \(reason)", at: .init(file: path))
  }
}

/// Reads a whole file of at most `limit` bytes.
///
/// - Throws: ``Diagnostic`` that names the path where it is missing, unreadable, a folder, or too large.
public func readFile(_ path: String, limit: Int = 4 << 30) throws -> Data {
  var isFolder: ObjCBool = false
  guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
    throw Diagnostic(.unusableFile, "no such file", at: .init(file: path))
  }
  guard !isFolder.boolValue else {
    throw Diagnostic(.unusableFile, "a folder stands where a file is needed", at: .init(file: path))
  }
  let size = (try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int) ?? 0
  guard size <= limit else {
    throw Diagnostic(
      .unusableFile, "the file is too large", at: .init(file: path), value: "\(size) bytes",
      rule: "at most \(limit) bytes are read")
  }
  do {
    return try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
  } catch {
    throw Diagnostic(.unusableFile, "the file cannot be read", at: .init(file: path), remedy: "check its permissions")
  }
}
