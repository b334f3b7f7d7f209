import Compute
import Testing

@Suite struct CalibrationWorkTests {
  @Test("A number goes around two threads again and again, and the clock runs meanwhile")
  func handovers() {
    let (work, pool) = (CalibrationWork(threads: 2), ThreadPool(threads: 2))
    for _ in 0..<3 { #expect(work.handOver { pool.run(2, $0) } > 0) }
  }
}
