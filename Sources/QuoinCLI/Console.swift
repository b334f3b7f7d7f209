import Diagnostics
import Foundation
import Logging
import Quoin
import Synchronization

/// What the command line prints: results to standard output, everything else to standard error.
enum Console {
  private static let interrupted = Atomic<Bool>(false)
  private static let isTerminal = isatty(STDERR_FILENO) == 1

  /// Prepares the process for what may befall it: descriptors that are closed, a pipe that nobody reads, Ctrl-C.
  static func prepare() {
    // The next file to be opened would take a closed descriptor's number, and messages would end up in it. This one
    // refuses them.
    for descriptor in 0...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 { _ = open("/dev/null", O_RDONLY) }
    // Writing to a closed pipe fails then, in place of ending a long search without a word.
    signal(SIGPIPE, SIG_IGN)
    unblockSignals()
    signal(SIGINT) { _ in _exit(130) }
  }

  /// A line on standard error; where it cannot be written, nothing is left to tell that to.
  static func note(_ text: String) {
    clearProgress()
    message(text + "\n")
  }

  /// A line on standard output; ends the process with code 1 where it cannot be written.
  static func print(_ text: String) {
    clearProgress()
    guard writeAll(Data((text + "\n").utf8), to: STDOUT_FILENO) else {
      let failure = Diagnostic(.failure, "cannot write to standard output: \(String(cString: strerror(errno)))")
      // Whoever closed a pipe, such as `head`, has what they wanted.
      if errno != EPIPE { note("quoin: \(failure)") }
      exit(failure.exitCode)
    }
  }

  /// Text on standard error as it is.
  static func message(_ text: String) { _ = writeAll(Data(text.utf8), to: STDERR_FILENO) }

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
  /// The first Ctrl-C lets the unit of work under way finish; the second ends the process at once, which loses at most
  /// that unit.
  static func monitor() -> WorkMonitor {
    signal(SIGINT) { _ in
      if Console.interrupted.exchange(true, ordering: .relaxed) { _exit(130) }
    }
    let painter = ProgressPainter(isTerminal: isTerminal)
    return WorkMonitor(
      report: { painter.show($0) }, logger: Logger(label: "quoin") { _ in ConsoleLogHandler() },
      isInterrupted: { Console.interrupted.load(ordering: .relaxed) })
  }

  /// A parent may have started this process from a thread that blocks signals, which is inherited.
  private static func unblockSignals() {
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in [SIGINT, SIGTERM] { sigaddset(&signals, signal) }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  private static func clearProgress() {
    if isTerminal { message("\r\u{1B}[K") }
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
      Console.message(isTerminal ? "\r\u{1B}[K\(line)" + (isLast ? "\n" : "") : line + "\n")
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
