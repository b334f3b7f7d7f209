import Compute

/// The milliseconds that fixed pieces of work took: what the machine gave to a process at that moment.
public struct Calibration: Hashable, Sendable, Codable {
  /// Additions in registers: falls behind where another program shares the core, or the clock drops.
  public var additions: Double
  /// Reads of the second-level cache: falls behind where another program shares the core's caches.
  public var cache: Double
  /// A number that several threads hand to each other, 0 for one thread: falls behind where their processors have no cache in
  /// common any more, since a host moved them apart.
  public var handovers: Double

  /// Creates a calibration.
  public init(additions: Double, cache: Double, handovers: Double = 0) {
    (self.additions, self.cache, self.handovers) = (additions, cache, handovers)
  }

  /// The time of all pieces together.
  var milliseconds: Double { additions + cache + handovers }

  /// The piece by piece faster of two.
  ///
  /// Threads hand over fastest where they add slowest, on the two halves of one core. So handovers are those of the
  /// calibration with the faster additions where these differ much.
  package func fastest(_ other: Calibration) -> Calibration {
    let (one, two) = additions < other.additions ? (self, other) : (other, self)
    return Calibration(
      additions: one.additions, cache: min(cache, other.cache),
      handovers: one.additions < Self.sharedCore * two.additions ? one.handovers : min(handovers, other.handovers))
  }

  /// The piece by piece slower of two.
  func slowest(_ other: Calibration) -> Calibration {
    Calibration(
      additions: max(additions, other.additions), cache: max(cache, other.cache),
      handovers: max(handovers, other.handovers))
  }

  /// Additions on a core that nobody shares take less than this part of what they take on half a core.
  private static let sharedCore = 0.8

  /// Handovers take up to twice the fastest time when nothing is wrong, and from four times on when processors are apart.
  private static let handoverSlack = 3.0

  /// By how much the most disturbed piece is slower than in `reference`, as a fraction.
  package func slowdown(over reference: Calibration) -> Double {
    max(additions / reference.additions, cache / reference.cache, distance(over: reference)) - 1
  }

  /// What is the matter where a machine is slower than in `reference`.
  func disturbance(over reference: Calibration) -> Disturbance {
    distance(over: reference) > 1 ? .threadsApart : .neighbours
  }

  /// The time of handovers over the longest that they take where nothing is wrong.
  private func distance(over reference: Calibration) -> Double {
    reference.handovers > 0 ? handovers / (Self.handoverSlack * reference.handovers) : 0
  }
}

/// What a measurement waits for to end.
public enum Disturbance: Sendable {
  /// Other programs share the cores.
  case neighbours
  /// Threads are where they have no cache in common.
  case threadsApart
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

  /// Brings threads together that were moved apart.
  func gather() { work.gather { pool.run(pool.threads, $0) } }

  private func attempt() -> Calibration {
    Calibration(
      additions: 1e3 * MonotonicClock.seconds { pool.run(pool.threads) { work.add(thread: $0) } },
      cache: 1e3 * MonotonicClock.seconds { pool.run(pool.threads) { work.read(thread: $0) } },
      handovers: pool.threads > 1 ? 1e3 * work.handOver { pool.run(pool.threads, $0) } : 0)
  }
}
