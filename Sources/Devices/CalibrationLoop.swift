import Foundation
import Synchronization

/// A fixed amount of integer work of about a millisecond, in registers only: its time tells how much of the processor this
/// process gets, and leaves the caches as they are.
package enum CalibrationLoop {
  private static let rounds = 300_000
  /// Where results go, so that the work cannot be left out.
  private static let sink = Atomic<UInt64>(0)

  /// Does the work and returns the milliseconds it took.
  package static func milliseconds() -> Double {
    let start = Clock.nanoseconds()
    work()
    return Double(Clock.nanoseconds() - start) / 1e6
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

/// The machine's steady clock.
package enum Clock {
  /// Nanoseconds since an arbitrary moment, unaffected by changes of the date.
  package static func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// The milliseconds that a call takes.
  package static func milliseconds(_ body: () throws -> Void) rethrows -> Double {
    let start = nanoseconds()
    try body()
    return Double(nanoseconds() - start) / 1e6
  }
}
