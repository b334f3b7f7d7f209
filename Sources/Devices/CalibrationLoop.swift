import Compute
import Synchronization

/// A fixed amount of integer work of about a millisecond, in registers only: its time tells how much of the processor this
/// process gets, and leaves the caches as they are.
package enum CalibrationLoop {
  private static let rounds = 300_000
  /// Where results go, so that the work cannot be left out.
  private static let sink = Atomic<UInt64>(0)

  /// Does the work and returns the milliseconds it took.
  package static func milliseconds() -> Double {
    1e3 * MonotonicClock.seconds(work)
  }

  /// Does the work.
  package static func work() {
    var state = sink.load(ordering: .relaxed)
    // Every round needs the one before: no vector unit, no second core, no cache makes it faster.
    for _ in 0..<rounds {
      state ^= state >> 29
      state = state &* 0xbf58_476d_1ce4_e5b9 &+ 1
    }
    sink.store(state, ordering: .relaxed)
  }
}
