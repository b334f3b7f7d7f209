import Diagnostics
import Foundation
import Logging

/// How far a long piece of work has come.
public struct ProgressUpdate: Sendable, Hashable {
  /// What is being done, such as `training`.
  public var phase: String
  /// Units done, including those found already done.
  public var completed: Int
  /// Units in all.
  public var total: Int
  /// Units that an earlier run had done, which say nothing about the rate.
  public var resumed: Int
  /// A few words about the latest unit, such as a loss.
  public var detail: String

  /// Creates an update.
  public init(phase: String, completed: Int, total: Int, resumed: Int = 0, detail: String = "") {
    self.phase = phase
    self.completed = completed
    self.total = total
    self.resumed = resumed
    self.detail = detail
  }
}

/// What a workflow tells its caller while it runs, and how the caller stops it.
public struct WorkMonitor: Sendable {
  /// Called after every unit of work.
  public var report: @Sendable (ProgressUpdate) -> Void
  /// Takes what is worth keeping: measurements that were disturbed, candidates that took too long.
  public var logger: Logger
  /// Whether the user asked to stop.
  public var isInterrupted: @Sendable () -> Bool

  /// Creates a monitor; by default it says nothing and never interrupts.
  public init(
    report: @escaping @Sendable (ProgressUpdate) -> Void = { _ in },
    logger: Logger = Logger(label: "quoin") { _ in SwiftLogNoOpLogHandler() },
    isInterrupted: @escaping @Sendable () -> Bool = { false }
  ) {
    self.report = report
    self.logger = logger
    self.isInterrupted = isInterrupted
  }

  /// - Throws: ``Diagnostic`` of the category `interrupted` where the user asked to stop.
  public func checkInterruption(remedy: String = "run the same command with --resume to go on") throws {
    guard isInterrupted() else { return }
    throw Diagnostic(.interrupted, "interrupted", remedy: remedy)
  }
}

/// Seconds since the stopwatch was made, on a clock that no time change moves.
public struct Stopwatch: Sendable {
  private let start = ContinuousClock.now

  /// Starts the watch.
  public init() {}

  /// Seconds so far.
  public var seconds: Double {
    let elapsed = (ContinuousClock.now - start).components
    return Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
  }
}
