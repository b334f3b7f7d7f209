import Foundation

/// A process that answers a line with a line.
final class WorkerPipes {
  /// What can go wrong with it.
  enum Failure: Error {
    case notStarted
    case ended(status: Int32)
    case silent
    case endless
  }

  /// More than any answer: 20,000 timings are half of it.
  private static let longestAnswer = 1 << 20

  private let process = Process()
  private let questions = Pipe()
  private let answers = Pipe()
  private var received = Data()

  /// Starts a command, found as a shell would find it.
  init(_ command: [String]) throws(Failure) {
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = command
    process.standardInput = questions
    process.standardOutput = answers
    // Libraries warn a lot; what matters comes as an answer.
    process.standardError = FileHandle.nullDevice
    // Writing to a worker that has died is an error, and must not end this process, too.
    signal(SIGPIPE, SIG_IGN)
    do { try process.run() } catch { throw .notStarted }
  }

  deinit {
    // The end of its input ends a worker; one that hangs is ended.
    try? questions.fileHandleForWriting.close()
    if process.isRunning { process.terminate() }
  }

  /// Sends a line and waits for as many seconds for one.
  func ask(_ line: Data, patience: Double) throws(Failure) -> Data {
    do { try questions.fileHandleForWriting.write(contentsOf: line + [UInt8(ascii: "\n")]) } catch { throw ended() }
    let deadline = Date.now.addingTimeInterval(patience)
    while true {
      if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
        defer { received = Data(received[(end + 1)...]) }
        return Data(received[..<end])
      }
      guard received.count < Self.longestAnswer else { throw .endless }
      guard wait(until: deadline) else { throw .silent }
      guard let more = readAvailable() else { throw ended() }
      received += more
    }
  }

  /// Whether there is something to read before the deadline.
  private func wait(until deadline: Date) -> Bool {
    while true {
      let rest = deadline.timeIntervalSinceNow
      guard rest > 0 else { return false }
      var waiting = pollfd(fd: answers.fileHandleForReading.fileDescriptor, events: Int16(POLLIN), revents: 0)
      if poll(&waiting, 1, Int32(min(rest * 1e3, 1e6)) + 1) > 0 { return true }
    }
  }

  private func readAvailable() -> Data? {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(answers.fileHandleForReading.fileDescriptor, &buffer, buffer.count)
    return count > 0 ? Data(buffer[..<count]) : nil
  }

  private func ended() -> Failure {
    process.waitUntilExit()
    return .ended(status: process.terminationStatus)
  }
}
