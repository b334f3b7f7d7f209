import Foundation

/// The clock for timings: it never jumps, and reading it costs some tens of nanoseconds.
public enum MonotonicClock {
  /// Nanoseconds since a fixed moment.
  public static var nanoseconds: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// How long `body` takes, in seconds.
  public static func seconds(_ body: () throws -> Void) rethrows -> Double {
    let start = nanoseconds
    try body()
    return Double(nanoseconds - start) * 1e-9
  }
}
