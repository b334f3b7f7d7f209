import Diagnostics
import Foundation

#if canImport(FoundationNetworking)
  import FoundationNetworking
#endif

/// One HTTP transfer into a file, from wherever the file ends.
///
/// Sound as `Sendable`: its state is touched only by the session's delegate queue, which runs one call at a
/// time, and by `run`, before the transfer starts.
final class Download: NSObject, URLSessionDataDelegate, @unchecked Sendable {
  /// How a transfer ended that broke no rule.
  enum Outcome: Sendable {
    /// The server sent all that it announced.
    case finished
    /// The connection broke; what has arrived is kept.
    case interrupted(String)
    /// The server cannot go on from where the file ends; the file has to be removed.
    case unresumable
  }

  private let url: URL
  private let path: String
  private let expected: Int
  private let progress: @Sendable (Int) -> Void
  private var handle: FileHandle?
  private var received = 0
  private var failure: Diagnostic?
  private var isUnresumable = false
  private var continuation: CheckedContinuation<Outcome, any Error>?

  /// Prepares a transfer of `expected` bytes in all from `url` to `path`; `progress` hears how many the file
  /// has.
  init(url: URL, path: String, expected: Int, progress: @escaping @Sendable (Int) -> Void) {
    self.url = url
    self.path = path
    self.expected = expected
    self.progress = progress
  }

  /// Transfers once. Cancelling the task stops it and keeps what has arrived.
  func run(timeout: TimeInterval) async throws -> Outcome {
    try open()
    defer { try? handle?.close() }
    var request = URLRequest(
      url: url, cachePolicy: .reloadIgnoringLocalAndRemoteCacheData, timeoutInterval: timeout)
    // A server that compresses on the way would change lengths and checksums.
    request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
    if received > 0 { request.setValue("bytes=\(received)-", forHTTPHeaderField: "Range") }
    let session = URLSession(configuration: .ephemeral, delegate: self, delegateQueue: nil)
    defer { session.finishTasksAndInvalidate() }
    let task = session.dataTask(with: request)
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        self.continuation = continuation
        task.resume()
      }
    } onCancel: {
      task.cancel()
    }
  }

  private func open() throws {
    if !FileManager.default.fileExists(atPath: path) {
      guard FileManager.default.createFile(atPath: path, contents: nil) else {
        throw Diagnostic(
          .failure, "cannot write the file", at: .init(file: path), remedy: "check the folder's permissions")
      }
    }
    guard let handle = FileHandle(forUpdatingAtPath: path) else {
      throw Diagnostic(
        .failure, "cannot write the file", at: .init(file: path), remedy: "check its permissions")
    }
    self.handle = handle
    received = Int(try handle.seekToEnd())
  }

  /// Decides by the status line whether the body is the rest, the whole, or an error page.
  func urlSession(
    _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
    completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
  ) {
    let status = (response as? HTTPURLResponse)?.statusCode ?? 0
    switch status {
    case 206 where continues(response): break
    case 206, 416: isUnresumable = true
    case 200: restart()
    default:
      failure = Diagnostic(
        .failure, "the server refuses the file", at: .init(file: url.absoluteString), value: "HTTP \(status)",
        remedy: remedy)
    }
    completionHandler(failure == nil && !isUnresumable ? .allow : .cancel)
  }

  /// Whether the partial answer starts where the file ends.
  private func continues(_ response: URLResponse) -> Bool {
    let range = (response as? HTTPURLResponse)?.value(forHTTPHeaderField: "Content-Range") ?? ""
    return range.hasPrefix("bytes \(received)-")
  }

  /// The server sends everything, though asked for the rest.
  private func restart() {
    do {
      try handle?.truncate(atOffset: 0)
      received = 0
    } catch {
      failure = unwritable
    }
  }

  /// The way round a server that does not give the file: to get it elsewhere and put it beside `path`.
  static func byHand(_ name: String, to path: String) -> String {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    return "put \(name) into \(folder) by other means and run the command again"
  }

  private var remedy: String { "try again later, or \(Self.byHand(url.lastPathComponent, to: path))" }

  private var unwritable: Diagnostic {
    Diagnostic(.failure, "cannot write the file", at: .init(file: path), remedy: "check the free space")
  }

  /// Writes what has arrived; never more than expected.
  func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
    guard failure == nil, !isUnresumable else { return }
    guard received + data.count <= expected else {
      failure = Diagnostic(
        .unusableFile, "the server sends more than the file has", at: .init(file: url.absoluteString),
        rule: "it has \(expected) bytes", remedy: remedy)
      dataTask.cancel()
      return
    }
    do {
      try handle?.write(contentsOf: data)
      received += data.count
      progress(received)
    } catch {
      failure = unwritable
      dataTask.cancel()
    }
  }

  /// Hands the outcome over.
  func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
    let continuation = self.continuation
    self.continuation = nil
    if let failure {
      continuation?.resume(throwing: failure)
    } else if isUnresumable {
      continuation?.resume(returning: .unresumable)
    } else if let error {
      continuation?.resume(returning: .interrupted(error.localizedDescription))
    } else {
      continuation?.resume(returning: .finished)
    }
  }
}
