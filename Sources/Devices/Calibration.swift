import Compute

/// The milliseconds that two fixed pieces of work took: what the machine gave to a process at that moment.
public struct Calibration: Hashable, Sendable, Codable {
  /// Additions in registers: falls behind where another program shares the core, or the clock drops.
  public var additions: Double
  /// Reads of the second-level cache: falls behind where another program shares the core's caches.
  public var cache: Double

  /// Creates a calibration.
  public init(additions: Double, cache: Double) { (self.additions, self.cache) = (additions, cache) }

  /// The time of both pieces together.
  var milliseconds: Double { additions + cache }

  /// The piece by piece faster of two.
  func fastest(_ other: Calibration) -> Calibration {
    Calibration(additions: min(additions, other.additions), cache: min(cache, other.cache))
  }

  /// The piece by piece slower of two.
  func slowest(_ other: Calibration) -> Calibration {
    Calibration(additions: max(additions, other.additions), cache: max(cache, other.cache))
  }

  /// By how much the more disturbed piece is slower than in `reference`, as a fraction.
  package func slowdown(over reference: Calibration) -> Double {
    max(additions / reference.additions, cache / reference.cache) - 1
  }
}

/// Does the pieces of a ``Calibration`` on all threads of a pool.
final class Calibrator: Sendable {
  private let pool: ThreadPool
  private let work: CalibrationWork

  init(pool: ThreadPool) {
    self.pool = pool
    work = CalibrationWork(threads: pool.threads)
  }

  /// The faster of two attempts at each piece: what is looked for lasts, a single interruption does not.
  func measure() -> Calibration { attempt().fastest(attempt()) }

  private func attempt() -> Calibration {
    Calibration(
      additions: 1e3 * MonotonicClock.seconds { pool.run(pool.threads) { work.add(thread: $0) } },
      cache: 1e3 * MonotonicClock.seconds { pool.run(pool.threads) { work.read(thread: $0) } })
  }
}
