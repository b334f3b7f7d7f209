import Foundation

/// Writes `data` to `path` so that a reader, or a process killed half-way, sees the old content or the new one.
///
/// Missing folders are created. Of several threads that write one file, the last one's content stays. Where `path` is a
/// symbolic link, the file that it leads to is written; a device or a named pipe takes the bytes as they come.
///
/// - Throws: ``Diagnostic`` that names the path where it cannot be written.
public func writeAtomically(_ data: Data, to path: String) throws {
  var status = stat()
  if stat(path, &status) == 0 {
    switch status.st_mode & S_IFMT {
    case S_IFREG: break
    case S_IFCHR, S_IFIFO:
      guard save(data, to: path, flags: 0) else { throw unwritable(path) }
      return
    case S_IFDIR: throw unwritable(path, "a folder stands there")
    default: throw unwritable(path, "it is not a regular file")
    }
  } else if errno != ENOENT {
    throw unwritable(path)
  }
  try replace(linkedFile(path), with: data, namedAs: path)
}

/// Puts a new regular file in the place of one that is there or missing.
private func replace(_ target: String, with data: Data, namedAs path: String) throws {
  let parent = folder(of: target)
  guard makeFolder(parent) else { throw unwritable(path) }
  let name = target.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(target[target.utf8.index(after: $0)...]) }
  // The name is this call's alone: other threads and processes may write the same file.
  let temporary = "\(parent)/.\(name ?? target).\(UUID().uuidString.prefix(13)).part"
  guard save(data, to: temporary, flags: O_CREAT | O_EXCL), rename(temporary, target) == 0 else {
    let failure = unwritable(path)
    unlink(temporary)
    throw failure
  }
}

/// That a file cannot be written, and why: by default what the last call of the system says.
private func unwritable(_ path: String, _ reason: String = String(cString: strerror(errno))) -> Diagnostic {
  Diagnostic(.failure, "cannot write the file: \(reason)", at: .init(file: path))
}

/// The file that symbolic links lead to, also where it is yet to be written; a path that is no link stays as it is.
private func linkedFile(_ path: String) -> String {
  var path = path
  // The caller knows that the links end; so many are the most that Linux follows.
  for _ in 0..<40 {
    guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { break }
    path = next.hasPrefix("/") ? next : "\(folder(of: path))/\(next)"
  }
  return path
}

/// The folder that holds a file.
private func folder(of path: String) -> String {
  guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
  return slash == path.startIndex ? "/" : String(path[..<slash])
}

/// Makes a folder and those above it that are missing; where it cannot, `errno` says why.
private func makeFolder(_ path: String) -> Bool {
  func isThere() -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
  if isThere() { return true }
  if errno == ENOENT, folder(of: path) != path, !makeFolder(folder(of: path)) { return false }
  // Another thread may have been quicker.
  if mkdir(path, 0o777) == 0 { return true }
  let reason = errno
  if isThere() { return true }
  errno = reason
  return false
}

/// Opens a file, writes all of `data` and closes it; where it cannot, `errno` says why.
///
/// A file that is created here is on the disk afterwards.
private func save(_ data: Data, to path: String, flags: Int32) -> Bool {
  let descriptor = open(path, O_WRONLY | O_CLOEXEC | flags, 0o666)
  guard descriptor >= 0 else { return false }
  let isWritten = writeAll(data, to: descriptor) && (flags & O_CREAT == 0 || fsync(descriptor) == 0)
  let reason = errno
  guard close(descriptor) == 0, isWritten else {
    if !isWritten { errno = reason }
    return false
  }
  return true
}

/// Writes all of `data` to an open file; where it cannot, it returns `false` and `errno` says why.
package func writeAll(_ data: Data, to descriptor: Int32) -> Bool {
  data.withUnsafeBytes { bytes in
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }
}

/// Reads a whole file of at most `limit` bytes.
///
/// - Throws: ``Diagnostic`` that names the path where it is missing, unreadable, a folder, or too large.
public func readFile(_ path: String, limit: Int = 4 << 30) throws -> Data {
  let place = Diagnostic.Place(file: path)
  var status = stat()
  guard stat(path, &status) == 0 else {
    guard errno != ENOENT, errno != ENOTDIR else { throw Diagnostic(.unusableFile, "no such file", at: place) }
    throw Diagnostic(.unusableFile, "the file cannot be read: \(String(cString: strerror(errno)))", at: place)
  }
  let kind = status.st_mode & S_IFMT
  guard kind != S_IFDIR else {
    throw Diagnostic(.unusableFile, "a folder stands where a file is needed", at: place)
  }
  guard status.st_size <= limit else {
    throw Diagnostic(
      .unusableFile, "the file is too large", at: place, value: "\(status.st_size) bytes",
      rule: "at most \(limit) bytes are read")
  }
  do {
    return try Data(contentsOf: URL(fileURLWithPath: path), options: .mappedIfSafe)
  } catch {
    guard kind == S_IFREG else {
      throw Diagnostic(
        .unusableFile, "this is not a regular file", at: place, remedy: "write its content to a file and name that")
    }
    throw Diagnostic(.unusableFile, "the file cannot be read", at: place, remedy: "check its permissions")
  }
}
