import CKernels
import Dispatch
import Synchronization
import Tensors

/// Fixed pieces of work whose times tell what threads get of the machine at the moment: additions in registers, as
/// many as the core can issue, reads from the second-level cache, and a number that threads hand to each other.
///
/// A neighbour on the other half of a physical core takes issue slots and cache bandwidth. A chain of dependent operations,
/// which leaves most of a core idle, hardly notices; vector multiply-adds notice what they did themselves, since a processor
/// that switches its widest units on and off is slower for a while.
package final class CalibrationWork: Sendable {
  /// 256 KiB: far larger than a first-level cache and far inside a second-level one.
  private static let bytes = 1 << 18
  /// 2 MiB, of which the first part is read. So much memory is one huge page where the system has them, so that the
  /// addresses do not collide in the cache.
  private static let allocatedBytes = 1 << 21
  /// Each piece takes about a fifth of a millisecond on a server of 2023.
  private static let (additionRounds, reads) = (220_000, 40)
  /// Of the work: times of different versions are not compared.
  package static let version = 3

  /// How often the number comes around, before and while the clock runs.
  private static let (arrivals, rounds) = (20, 1_000)

  /// How often a thread is woken to gather them: some thousandths of a second.
  private static let awakenings = 30

  private let memory: [AlignedBuffer]
  /// A cache line per thread.
  private let sinks: AlignedBuffer

  /// Allocates what the threads of a pool read.
  package init(threads: Int) {
    memory = (0..<threads).map { _ in AlignedBuffer(byteCount: Self.allocatedBytes) }
    sinks = AlignedBuffer(byteCount: 64 * threads)
  }

  /// Additions in registers.
  package func add(thread: Int) { qn_probe_issue(Self.additionRounds, sink(thread)) }

  /// Reads of the cache.
  package func read(thread: Int) {
    for _ in 0..<Self.reads { sink(thread).pointee |= qn_probe_load(memory[thread].bytes, Self.bytes / 16) }
  }

  /// The seconds in which a number goes around all threads a thousand times.
  ///
  /// - Parameter run: runs a piece per thread, all at the same time.
  package func handOver(_ run: ((Int) -> Void) -> Void) -> Double {
    let number = Atomic(0)
    let start = Atomic<UInt64>(0)
    let end = Atomic<UInt64>(0)
    let threads = memory.count
    run { thread in
      for round in 0..<Self.arrivals + Self.rounds {
        // Threads arrive late; only then does it go around without a pause.
        if thread == 0, round == Self.arrivals { start.store(MonotonicClock.nanoseconds, ordering: .relaxed) }
        while number.load(ordering: .acquiring) != round * threads + thread { qn_cpu_relax() }
        number.store(round * threads + thread + 1, ordering: .releasing)
      }
      if thread == threads - 1 { end.store(MonotonicClock.nanoseconds, ordering: .relaxed) }
    }
    return Double(end.load(ordering: .relaxed) - start.load(ordering: .relaxed)) / 1e9
  }

  /// Lets the threads sleep and wake each other in turn, for some thousandths of a second.
  ///
  /// A scheduler draws a thread that is woken towards the one that wakes it, and so does a host with its virtual processors; threads
  /// that only spin are spread.
  ///
  /// - Parameter run: runs a piece per thread, all at the same time.
  package func gather(_ run: ((Int) -> Void) -> Void) {
    let turns = memory.map { _ in DispatchSemaphore(value: 0) }
    turns.first?.signal()
    run { thread in
      for _ in 0..<Self.awakenings {
        turns[thread].wait()
        turns[(thread + 1) % turns.count].signal()
      }
    }
  }

  private func sink(_ thread: Int) -> UnsafeMutablePointer<UInt64> {
    (sinks.bytes + 64 * thread).assumingMemoryBound(to: UInt64.self)
  }
}
