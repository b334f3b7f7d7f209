import CKernels
import Foundation
import Synchronization

/// A fixed set of threads that run the pieces of one job after the other's.
///
///     let pool = ThreadPool(threads: 2)
///     pool.run(rows) { row in … }      // returns when all pieces are done; the caller works too
///
/// Pieces are handed out in order to whoever is free, so a piece must not depend on who runs it; then results do not
/// depend on the number of threads. Threads that find no work spin for a few microseconds, because the next layer of
/// a network follows at once, and then sleep, because cores are shared.
///
/// `run` is for one caller at a time; a piece must not call `run` of its own pool.
public final class ThreadPool: Sendable {
  /// The number of threads that work on a job, the caller among them.
  public let threads: Int

  /// One piece of a job in C's calling convention, for callers that may not allocate. `worker` in 0 ..< threads tells
  /// who runs it, so that a piece can use scratch memory of its worker's own.
  public typealias Piece =
    @convention(c) (_ context: UnsafeMutableRawPointer?, _ index: Int, _ worker: Int) -> Void

  private let state: JobBoard
  private let workers: [WorkerThread]

  /// Starts the threads.
  ///
  /// - Parameters:
  ///   - threads: How many work on a job, the caller among them; at least 1.
  ///   - pinned: Whether worker i is bound to the i-th processor. The caller, number 0, binds itself with
  ///     ``CPU/pinCurrentThread(to:)`` where it wants to.
  public init(threads: Int, pinned: Bool = false) {
    precondition(threads >= 1, "a pool needs a thread")
    let board = JobBoard()
    let workers = (1..<threads).map { WorkerThread(board, number: $0, isPinned: pinned) }
    self.threads = threads
    self.workers = workers
    state = board
  }

  deinit {
    state.stop()
    for worker in workers { worker.join() }
  }

  /// Runs `body` for 0 ..< count and returns when all have finished.
  public func run(_ count: Int, _ body: (Int) -> Void) {
    guard threads > 1, count > 1 else {
      for index in 0..<max(0, count) { body(index) }
      return
    }
    withoutActuallyEscaping(body) { body in
      var context = body
      withUnsafeMutablePointer(to: &context) { context in
        run(count, context: context) { context, index, _ in
          context?.assumingMemoryBound(to: ((Int) -> Void).self).pointee(index)
        }
      }
    }
  }

  /// Runs `piece` for 0 ..< count and returns when all have finished. Allocates nothing.
  public func run(_ count: Int, context: UnsafeMutableRawPointer?, _ piece: Piece) {
    guard threads > 1, count > 1 else {
      for index in 0..<max(0, count) { piece(context, index, 0) }
      return
    }
    state.run(count, context, piece)
  }
}

/// What the threads share: the job of the moment and the protocol by which its pieces are claimed.
private final class JobBoard: Sendable {
  /// The generation of the job in the upper half and the next unclaimed piece in the lower one. A thread that wakes
  /// up late holds an old generation, so it can never claim a piece of a newer job.
  private let ticket = Atomic<UInt64>(0)
  private let count = Atomic<Int>(0)
  /// Addresses of the job's context and function.
  private let context = Atomic<UInt>(0)
  private let piece = Atomic<UInt>(0)
  private let unfinished = Atomic<Int>(0)
  private let stopping = Atomic<Bool>(false)
  private let idle = Sleepers()
  private let finished = Sleepers()

  func run(_ pieces: Int, _ argument: UnsafeMutableRawPointer?, _ function: ThreadPool.Piece) {
    precondition(pieces < 1 << 31, "a job has fewer than 2^31 pieces")
    let last = ticket.load(ordering: .relaxed) >> 32
    // Closed under a generation of its own while the job is written: a late thread must not take the old ticket for the
    // new job.
    ticket.store((last &+ 1) << 32 | 0xffff_ffff, ordering: .sequentiallyConsistent)
    count.store(pieces, ordering: .releasing)
    context.store(UInt(bitPattern: argument), ordering: .releasing)
    piece.store(unsafeBitCast(function, to: UInt.self), ordering: .releasing)
    unfinished.store(pieces, ordering: .releasing)
    let generation = (last &+ 2) & 0xffff_ffff
    ticket.store(generation << 32, ordering: .sequentiallyConsistent)
    idle.wake()
    work(generation, worker: 0)
    finished.wait(spins: 20_000) { unfinished.load(ordering: .sequentiallyConsistent) == 0 }
  }

  /// Claims and runs pieces of a job until none is left.
  private func work(_ generation: UInt64, worker: Int) {
    // These may be of a newer job already; then no claim succeeds and they are not used.
    let pieces = count.load(ordering: .acquiring)
    let argument = UnsafeMutableRawPointer(bitPattern: context.load(ordering: .acquiring))
    let address = piece.load(ordering: .acquiring)
    guard address != 0 else { return }
    let function = unsafeBitCast(address, to: ThreadPool.Piece.self)
    while let index = claim(generation, of: pieces) {
      function(argument, index, worker)
      if unfinished.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 { finished.wake() }
    }
  }

  private func claim(_ generation: UInt64, of pieces: Int) -> Int? {
    var current = ticket.load(ordering: .acquiring)
    while current >> 32 == generation, Int(current & 0xffff_ffff) < pieces {
      let (done, seen) = ticket.weakCompareExchange(
        expected: current, desired: current + 1, ordering: .acquiringAndReleasing)
      if done { return Int(current & 0xffff_ffff) }
      current = seen
    }
    return nil
  }

  /// A worker's life.
  func serve(worker: Int) {
    var last: UInt64 = 0
    while true {
      idle.wait(spins: 4_000) {
        ticket.load(ordering: .sequentiallyConsistent) >> 32 != last || stopping.load(ordering: .relaxed)
      }
      if stopping.load(ordering: .relaxed) { return }
      last = ticket.load(ordering: .acquiring) >> 32
      work(last, worker: worker)
    }
  }

  func stop() {
    stopping.store(true, ordering: .sequentiallyConsistent)
    idle.wake()
  }
}

/// Threads that wait for a condition: they spin for a while, then sleep until someone wakes them.
///
/// Whoever makes the condition true must do so by a sequentially consistent store and then call `wake`: either it sees
/// the sleeper, or the sleeper sees the store.
///
/// `@unchecked Sendable`: the mutex and the condition variable are made for sharing, and their addresses stay fixed.
private final class Sleepers: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
  private let sleeping = Atomic<Int>(0)

  init() {
    pthread_mutex_init(mutex, nil)
    pthread_cond_init(condition, nil)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  @inline(__always)
  func wait(spins: Int, until holds: () -> Bool) {
    for _ in 0..<spins {
      if holds() { return }
      qn_cpu_relax()
    }
    pthread_mutex_lock(mutex)
    sleeping.add(1, ordering: .sequentiallyConsistent)
    while !holds() { pthread_cond_wait(condition, mutex) }
    sleeping.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(mutex)
  }

  @inline(__always)
  func wake() {
    guard sleeping.load(ordering: .sequentiallyConsistent) > 0 else { return }
    pthread_mutex_lock(mutex)
    pthread_cond_broadcast(condition)
    pthread_mutex_unlock(mutex)
  }
}

/// A thread that serves a board until it stops.
private struct WorkerThread: Sendable {
  private let handle: pthread_t

  /// What a thread needs to know at its start.
  private struct Duty {
    let board: JobBoard
    let number: Int
    let isPinned: Bool
  }

  init(_ board: JobBoard, number: Int, isPinned: Bool) {
    let duty = UnsafeMutablePointer<Duty>.allocate(capacity: 1)
    duty.initialize(to: Duty(board: board, number: number, isPinned: isPinned))
    var thread = pthread_t()
    let failure = pthread_create(&thread, nil, enterWorker, duty)
    precondition(failure == 0, "the system refuses another thread (error \(failure))")
    handle = thread
  }

  static func serve(_ argument: UnsafeMutableRawPointer) {
    let pointer = argument.assumingMemoryBound(to: Duty.self)
    let duty = pointer.move()
    pointer.deallocate()
    if duty.isPinned { CPU.pinCurrentThread(to: duty.number) }
    duty.board.serve(worker: duty.number)
  }

  func join() { pthread_join(handle, nil) }
}

private func enterWorker(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  if let argument { WorkerThread.serve(argument) }
  return nil
}
