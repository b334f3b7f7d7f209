import Compute
import Foundation
import Networks

/// A measurement on this machine: its turn among others, pinned threads, calibrations between blocks of runs.
struct MachineTiming {
  /// Runs a network until as many milliseconds have passed, at most so often, and returns the milliseconds of every run.
  /// `processor` is the number of the processor that a network of one thread shall run on.
  typealias Block = (_ milliseconds: Double, _ atMost: Int, _ processor: Int) throws -> [Double]

  /// A network that is ready to run.
  struct Runner {
    /// Runs it.
    var block: Block
    /// Runs it some times with a clock at every operator: their milliseconds by name. The latency of the whole network says
    /// how often that is affordable.
    var operators: (_ latency: Double) throws -> [String: Double]
  }

  /// The number of threads that the network runs on, and that calibrations are made on.
  let threads: Int
  /// How the network is timed.
  let rules: MeasurementProtocol
  /// What to do between runs and a calibration, such as waiting until another process sleeps.
  var beforeCalibration: @Sendable () -> Void = {}

  /// Measures.
  ///
  /// A network of one thread runs on the first processor that is calm: neighbours differ by processor. Several threads stay
  /// on one processor each.
  ///
  /// - Parameter prepare: makes what runs the network, on the thread that it will run on.
  /// - Throws: what `prepare` and the runs throw, or ``Diagnostic`` where other measurements keep the machine busy.
  func run(_ prepare: @escaping @Sendable (ThreadPool) throws -> Runner) throws -> LatencySummary {
    // All devices of a machine share its processors, so they share one lock.
    let turn = try DeviceLock("cpu")
    var references = CalibrationReference(turn)
    let kind = "\(threads)t, version \(CalibrationWork.version)"
    let known = references.fastest(kind)
    let (summary, reference) = try onPinnedThread { [self] in
      let pool = ThreadPool(threads: threads, pinned: true)
      let calibrator = Calibrator(pool: pool)
      let runner = try prepare(pool)
      var (reference, processor, waits) = (known, 0, 0)
      let timing = try rules.measure(
        reference: &reference, block: { try runner.block($0, $1, processor) },
        calibrate: { disturbance in
          switch disturbance {
          case .neighbours where threads == 1:
            processor = (processor + 1) % CPU.current.cores
            CPU.pinCurrentThread(to: processor)
          case .threadsApart: calibrator.gather()
          default: break
          }
          if disturbance != nil {
            waits += 1
            // Calm often lasts for some thousandths of a second, but who waits for minutes need not keep a processor busy.
            if waits > Self.eagerWaits { usleep(Self.lazyPause) }
          }
          beforeCalibration()
          return calibrator.measure()
        }, now: { Double(MonotonicClock.nanoseconds) / 1e6 })
      var summary = timing.summary
      summary.operators = Self.scaled(try runner.operators(summary.median), to: summary.median)
      return (summary, reference)
    }
    if let reference { references.keep(reference, of: kind, in: turn) }
    _ = consume turn
    return summary
  }

  /// Timings of operators as parts of a latency: clocks between operators cost time, and the moment may have been another.
  private static func scaled(_ operators: [String: Double], to milliseconds: Double) -> [String: Double]? {
    let sum = operators.values.reduce(0, +)
    return sum > 0 ? operators.mapValues { $0 / sum * milliseconds } : nil
  }

  /// Calibrations that are made one after the other while waiting, some ten seconds, and the microseconds between later ones.
  /// Pauses cost calm: a host gives processors that sleep to others.
  private static let (eagerWaits, lazyPause): (Int, UInt32) = (20_000, 10_000)

  /// How often operators are timed: for some hundredths of a second, and not so seldom that a median means nothing.
  static func operatorRuns(_ milliseconds: Double) -> Int { max(5, min(50, Int(50 / max(milliseconds, 0.1)))) }
}
