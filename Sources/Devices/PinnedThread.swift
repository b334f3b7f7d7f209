import Compute
import Foundation
import Synchronization

/// Runs `body` on a thread of its own that starts on the first processor, and returns when it is done.
///
/// Binding the calling thread instead would bind every thread that it starts later as well.
func onPinnedThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
  let outcome = Outcome<Value>()
  let done = DispatchSemaphore(value: 0)
  let thread = Thread {
    CPU.pinCurrentThread(to: 0)
    let result = Result { try body() }
    outcome.value.withLock { $0 = result }
    done.signal()
  }
  thread.stackSize = 8 << 20
  thread.start()
  done.wait()
  guard let result = outcome.value.withLock({ $0 }) else {
    preconditionFailure("the thread ended without a result")
  }
  return try result.get()
}

private final class Outcome<Value: Sendable>: Sendable {
  let value = Mutex<Result<Value, any Error>?>(nil)
}
