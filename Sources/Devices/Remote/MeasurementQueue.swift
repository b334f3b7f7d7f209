import Foundation
import Synchronization

/// Requests that wait for the machine: a bounded number with a bounded size, served one at a time, first come, first served.
package final class MeasurementQueue: Sendable {
  /// A request that was let in.
  package struct Place: Hashable {
    fileprivate let number: Int
    fileprivate let bytes: Int
  }

  private struct State {
    var next = 0
    /// Those that were let in, which count from before their body is read, since its memory is what is scarce.
    var admitted = 0
    var bytes = 0
    /// Those that have all they need to measure; the first one does.
    var line: [Int] = []
    var isClosed = false
  }

  private let state = Mutex(State())
  private let waiting: Int
  private let bytes: Int

  /// A queue of so many requests with so many bytes in all.
  init(waiting: Int, bytes: Int) { (self.waiting, self.bytes) = (waiting, bytes) }

  /// Lets a request with a body of so many bytes in, or returns `nil` where it would be one too many.
  func enter(bytes count: Int) -> Place? {
    state.withLock { state in
      guard !state.isClosed, state.admitted < waiting, state.bytes + count <= bytes else { return nil }
      state.next += 1
      state.admitted += 1
      state.bytes += count
      return Place(number: state.next, bytes: count)
    }
  }

  /// Waits until those that lined up before have left.
  ///
  /// - Parameter isUseless: whether nobody waits for the result any more.
  /// - Returns: Whether it is this request's turn; otherwise it is useless, or the queue was closed.
  func waitForTurn(_ place: Place, isUseless: () -> Bool) -> Bool {
    state.withLock { $0.line.append(place.number) }
    while true {
      let (isFirst, isClosed) = state.withLock { ($0.line.first == place.number, $0.isClosed) }
      if isClosed || isUseless() { return false }
      if isFirst { return true }
      // Those who wait look rarely: the machine is being measured.
      usleep(50_000)
    }
  }

  /// Lets a request out, whatever became of it.
  func leave(_ place: Place) {
    state.withLock { state in
      state.line.removeAll { $0 == place.number }
      state.admitted -= 1
      state.bytes -= place.bytes
    }
  }

  /// Lets nobody begin any more.
  func close() { state.withLock { $0.isClosed = true } }

  /// How many were let in and have not left.
  package var count: Int { state.withLock { $0.admitted } }
}
