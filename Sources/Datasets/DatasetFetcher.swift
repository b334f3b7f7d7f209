import Diagnostics
import Foundation

/// How far a download is.
public struct FetchProgress: Hashable, Sendable {
  /// The file that is on its way.
  public var file: String
  /// Bytes that are here, those of an earlier, interrupted run included.
  public var received: Int
  /// Bytes that the file has.
  public var total: Int
}

/// Downloads published data sets: resumable, checked, unpacked.
///
///     let folder = DatasetCatalog.defaultFolder(for: "mnist")
///     try await DatasetFetcher().fetch("mnist", into: folder) { print($0.file, $0.received, $0.total) }
///
/// A file grows under the name `FILE.part` and takes its own name when its checksum holds, so that whatever
/// stands in the folder is whole. Fetching again is quick when nothing is missing.
public struct DatasetFetcher: Sendable {
  private let sources: [DatasetSource]
  private let mirror: String?
  private let timeout: TimeInterval
  private let attempts: Int

  /// Creates a fetcher.
  ///
  /// - Parameters:
  ///   - sources: what can be fetched.
  ///   - mirror: an address that takes the place of every source's own.
  ///   - timeout: seconds of silence after which a connection counts as broken.
  ///   - attempts: how often a transfer may break without a new byte before it is given up.
  public init(
    sources: [DatasetSource] = DatasetSource.known, mirror: String? = nil, timeout: TimeInterval = 60,
    attempts: Int = 3
  ) {
    self.sources = sources
    self.mirror = mirror
    self.timeout = timeout
    self.attempts = max(attempts, 1)
  }

  /// Downloads what is missing of a data set into `folder`.
  ///
  /// - Parameter progress: called from another thread whenever bytes have arrived.
  /// - Throws: ``Diagnostic`` for an unknown name, a server that refuses, a connection that keeps breaking,
  ///   content that does not match its checksum, a folder that cannot be written, and a cancelled task
  ///   (`interrupted`). What has arrived is kept except where its checksum is wrong.
  public func fetch(
    _ name: String, into folder: String, progress: @escaping @Sendable (FetchProgress) -> Void = { _ in }
  ) async throws {
    let source = try source(named: name)
    guard source.unpacked.isEmpty || !isUnpacked(source, in: folder) else { return }
    try makeFolder(folder)
    for file in source.files {
      let path = "\(folder)/\(file.name)"
      if try !isComplete(file, at: path) { try await fetch(file, of: source, to: path, progress: progress) }
      if !source.unpacked.isEmpty { try unpack(path, of: source, into: folder) }
    }
  }

  private func source(named name: String) throws -> DatasetSource {
    if let source = sources.first(where: { $0.name == name }) { return source }
    let names = sources.map(\.name)
    throw Diagnostic(
      .usage,
      name == Glyphs.name
        ? "this data set is generated and needs no download" : "this data set cannot be fetched",
      value: name, rule: "there are " + names.joined(separator: ", "),
      nearest: nearestName(to: name, among: names))
  }

  private func makeFolder(_ folder: String) throws {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw Diagnostic(
        .failure, "the folder cannot be made", at: .init(file: folder), remedy: "check the permissions")
    }
  }

  private func fetch(
    _ file: DatasetSource.RemoteFile, of source: DatasetSource, to path: String,
    progress: @escaping @Sendable (FetchProgress) -> Void
  ) async throws {
    let url = try address(of: file, in: source)
    let partial = path + ".part"
    try await transfer(file, from: url, to: partial, progress: progress)
    try Task.checkCancellationAsDiagnostic()
    guard try isComplete(file, at: partial) else {
      let (bytes, checksum) = (size(of: partial) ?? 0, try sha256(ofFile: partial))
      try? FileManager.default.removeItem(atPath: partial)
      throw Diagnostic(
        .unusableFile, "what the server sent is not \(file.name)", at: .init(file: url.absoluteString),
        value: "\(bytes) bytes, SHA-256 \(checksum.prefix(16))…",
        rule: "\(file.bytes) bytes with SHA-256 \(file.sha256)",
        remedy: "try again later, or \(Download.byHand(file.name, to: path))")
    }
    guard rename(partial, path) == 0 else {
      throw Diagnostic(
        .failure, "cannot write the file", at: .init(file: path), remedy: "check the permissions")
    }
  }

  /// Transfers and goes on after interruptions; every new byte renews the patience.
  private func transfer(
    _ file: DatasetSource.RemoteFile, from url: URL, to partial: String,
    progress: @escaping @Sendable (FetchProgress) -> Void
  ) async throws {
    var failures = 0
    if size(of: partial) ?? 0 > file.bytes { try? FileManager.default.removeItem(atPath: partial) }
    while size(of: partial) != file.bytes {
      let before = size(of: partial) ?? 0
      let download = Download(url: url, path: partial, expected: file.bytes) {
        progress(FetchProgress(file: file.name, received: $0, total: file.bytes))
      }
      let outcome = try await download.run(timeout: timeout)
      try Task.checkCancellationAsDiagnostic()
      if case .unresumable = outcome { try? FileManager.default.removeItem(atPath: partial) }
      failures = size(of: partial) ?? 0 > before ? 0 : failures + 1
      if failures >= attempts { throw givenUp(outcome, file, from: url, to: partial) }
    }
  }

  private func givenUp(
    _ outcome: Download.Outcome, _ file: DatasetSource.RemoteFile, from url: URL, to partial: String
  ) -> Diagnostic {
    var reason = "the server ends the file too early"
    if case .interrupted(let text) = outcome { reason = "the download broke off: \(text)" }
    return Diagnostic(
      .failure, reason, at: .init(file: url.absoluteString),
      value: "\(size(of: partial) ?? 0) of \(file.bytes) bytes",
      remedy: "run the command again to go on from there, or \(Download.byHand(file.name, to: partial))")
  }

  private func address(of file: DatasetSource.RemoteFile, in source: DatasetSource) throws -> URL {
    let base = mirror ?? source.base
    let trimmed = base.hasSuffix("/") ? String(base.dropLast()) : base
    guard let url = URL(string: "\(trimmed)/\(file.name)"), let scheme = url.scheme,
      ["http", "https"].contains(scheme),
      url.host != nil
    else {
      throw Diagnostic(
        .usage, "the mirror is no address", value: base,
        rule: "it starts with http:// or https:// and names a host")
    }
    return url
  }
}

// MARK: - Files on disk

extension DatasetFetcher {
  private func size(of path: String) -> Int? {
    (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
  }

  private func isComplete(_ file: DatasetSource.RemoteFile, at path: String) throws -> Bool {
    try size(of: path) == file.bytes && sha256(ofFile: path) == file.sha256
  }

  private func sha256(ofFile path: String) throws -> String {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw Diagnostic(.unusableFile, "the file cannot be read", at: .init(file: path))
    }
    defer { try? handle.close() }
    let checksum = SHA256Checksum()
    do {
      while let data = try handle.read(upToCount: 1 << 20), !data.isEmpty { checksum.update(with: data) }
    } catch {
      throw Diagnostic(.unusableFile, "the file cannot be read", at: .init(file: path))
    }
    return checksum.finish()
  }

  private func isUnpacked(_ source: DatasetSource, in folder: String) -> Bool {
    source.unpacked.allSatisfy { size(of: "\(folder)/\($0.key)") == $0.value }
  }

  /// Unpacks a `.tar.gz`, checks that everything has arrived, and removes the archive.
  private func unpack(_ path: String, of source: DatasetSource, into folder: String) throws {
    let archive = try TarArchive(Gzip.unpack(readFile(path), path: path), path: path)
    for entry in archive.entries { try writeAtomically(entry.content, to: "\(folder)/\(entry.path)") }
    if let missing = source.unpacked.keys.sorted().first(where: {
      size(of: "\(folder)/\($0)") != source.unpacked[$0]
    }) {
      throw Diagnostic(
        .unusableFile, "the archive does not hold what it should", at: .init(file: path), value: missing,
        rule: "the file has \(source.unpacked[missing] ?? 0) bytes")
    }
    try? FileManager.default.removeItem(atPath: path)
  }
}

extension Task where Success == Never, Failure == Never {
  /// Cancelling is the user's wish, and has an exit code of its own.
  fileprivate static func checkCancellationAsDiagnostic() throws {
    guard isCancelled else { return }
    throw Diagnostic(.interrupted, "the download was interrupted", remedy: "run the command again to go on")
  }
}
