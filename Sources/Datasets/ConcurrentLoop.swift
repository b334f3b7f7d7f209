import Diagnostics
import Dispatch
import Foundation

/// Equal pieces of one buffer that several threads fill at once.
///
/// It is sound as `Sendable` because a piece is written by the one iteration that owns its index, and read
/// after all iterations have ended.
struct DisjointPieces: @unchecked Sendable {
  private let buffer: UnsafeMutableBufferPointer<UInt8>
  private let size: Int

  init(_ buffer: UnsafeMutableBufferPointer<UInt8>, size: Int) {
    self.buffer = buffer
    self.size = size
  }

  /// The memory of one piece, not yet initialised.
  func piece(_ index: Int) -> UnsafeMutableBufferPointer<UInt8> {
    UnsafeMutableBufferPointer(rebasing: buffer[(index * size)..<((index + 1) * size)])
  }

  func fill(_ index: Int, with bytes: [UInt8]) {
    precondition(bytes.count == size, "\(bytes.count) bytes do not fill a piece of \(size)")
    _ = piece(index).initialize(from: bytes)
  }
}

/// Runs `body` for `0 ..< count` on all cores; the failure of the lowest index is returned, whatever order
/// they ran in.
///
/// After a failure later indices are skipped.
func firstFailure(count: Int, _ body: @Sendable (Int) throws -> Void) -> Diagnostic? {
  let first = FirstFailure()
  DispatchQueue.concurrentPerform(iterations: count) { index in
    guard first.matters(index) else { return }
    do {
      try body(index)
    } catch let diagnostic as Diagnostic {
      first.note(diagnostic, at: index)
    } catch {
      first.note(Diagnostic(.failure, String(describing: error)), at: index)
    }
  }
  return first.diagnostic
}

/// The failure with the lowest index so far. Sound as `Sendable` because a lock guards its state.
private final class FirstFailure: @unchecked Sendable {
  private let lock = NSLock()
  private var index = Int.max
  private var failure: Diagnostic?

  var diagnostic: Diagnostic? { lock.withLock { failure } }

  func matters(_ index: Int) -> Bool { lock.withLock { index < self.index } }

  func note(_ diagnostic: Diagnostic, at index: Int) {
    lock.withLock {
      guard index < self.index else { return }
      self.index = index
      failure = diagnostic
    }
  }
}
