import Compute
import Synchronization
import Testing

@Suite struct CalibrationWorkTests {
  @Test("A number goes around two threads again and again, and the clock runs meanwhile")
  func handovers() {
    let (work, pool) = (CalibrationWork(threads: 2), ThreadPool(threads: 2))
    for _ in 0..<3 { #expect(work.handOver { pool.run(2, $0) } > 0) }
  }

  @Test("Threads that wake each other in turn all come to an end", arguments: 1...3)
  func gathering(threads: Int) {
    let (work, pool) = (CalibrationWork(threads: threads), ThreadPool(threads: threads))
    let finished = Atomic(0)
    work.gather { piece in
      pool.run(threads) {
        piece($0)
        finished.add(1, ordering: .relaxed)
      }
    }
    #expect(finished.load(ordering: .relaxed) == threads)
  }
}
