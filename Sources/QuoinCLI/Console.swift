import Diagnostics
import Foundation
import Logging
import Quoin
import Synchronization

/// What the command line prints: results to standard output, everything else to standard error.
enum Console {
  private static let interrupted = Atomic<Bool>(false)
  private static let isTerminal = isatty(STDERR_FILENO) == 1

  /// A line on standard error.
  static func note(_ text: String) {
    clearProgress()
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }

  /// A line on standard output.
  static func print(_ text: String) {
    clearProgress()
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
  }

  /// One JSON document on standard output, its keys as they are or `inSnakeCase`.
  static func print(json value: some Encodable, snakeCase: Bool = false) throws {
    let encoder = JSONEncoder()
    if snakeCase { encoder.keyEncodingStrategy = .convertToSnakeCase }
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    let data: Data
    do {
      data = try encoder.encode(value)
    } catch {
      throw Diagnostic(.failure, "the result holds a number that JSON cannot hold: \(error)")
    }
    print(String(decoding: data, as: UTF8.self))
  }

  /// A monitor that draws progress on a terminal, writes a line now and then elsewhere, and stops on Ctrl-C.
  ///
  /// The first Ctrl-C lets the unit of work under way finish; the second ends the process at once, which loses at most that
  /// unit.
  static func monitor() -> WorkMonitor {
    // A parent may have started this process from a thread that blocks signals, which is inherited.
    var interrupt = sigset_t()
    sigemptyset(&interrupt)
    sigaddset(&interrupt, SIGINT)
    pthread_sigmask(SIG_UNBLOCK, &interrupt, nil)
    signal(SIGINT) { _ in
      if Console.interrupted.exchange(true, ordering: .relaxed) { _exit(130) }
    }
    let painter = ProgressPainter(isTerminal: isTerminal)
    return WorkMonitor(
      report: { painter.show($0) }, logger: Logger(label: "quoin") { _ in ConsoleLogHandler() },
      isInterrupted: { Console.interrupted.load(ordering: .relaxed) })
  }

  private static func clearProgress() {
    if isTerminal { FileHandle.standardError.write(Data("\r\u{1B}[K".utf8)) }
  }
}

/// Draws progress with rate and time left.
private final class ProgressPainter: Sendable {
  private struct State {
    var phase = ""
    var watch = Stopwatch()
    /// The units that were done when the phase's first update came, which say nothing about the rate.
    var first = 0
    var lastShown = -Double.infinity
  }

  private let state = Mutex(State())
  private let isTerminal: Bool

  init(isTerminal: Bool) { self.isTerminal = isTerminal }

  func show(_ update: ProgressUpdate) {
    state.withLock { state in
      if state.phase != update.phase { state = State(phase: update.phase, first: update.completed) }
      let elapsed = state.watch.seconds
      let isLast = update.completed >= update.total
      guard isLast || elapsed - state.lastShown >= (isTerminal ? 0.2 : 15) else { return }
      state.lastShown = elapsed
      let line = Self.line(update, since: state.first, elapsed: elapsed)
      let text = isTerminal ? "\r\u{1B}[K\(line)" + (isLast ? "\n" : "") : line + "\n"
      FileHandle.standardError.write(Data(text.utf8))
    }
  }

  private static func line(_ update: ProgressUpdate, since first: Int, elapsed: Double) -> String {
    let percent = update.total > 0 ? 100 * Double(update.completed) / Double(update.total) : 100
    var line = "\(update.phase): \(String(format: "%3.0f", percent)) %  \(update.completed)/\(update.total)"
    let done = update.completed - max(first, update.resumed)
    if done > 0, elapsed > 0 {
      let rate = Double(done) / elapsed
      line += String(format: "  %.3g/s", rate)
      if update.completed < update.total {
        line += "  \(duration(Double(update.total - update.completed) / rate)) left"
      }
    }
    return update.detail.isEmpty ? line : line + "  " + update.detail
  }

  private static func duration(_ seconds: Double) -> String {
    let seconds = Int(seconds.rounded())
    if seconds < 90 { return "\(seconds) s" }
    return seconds < 5400 ? "\((seconds + 30) / 60) min" : String(format: "%.1f h", Double(seconds) / 3600)
  }
}
