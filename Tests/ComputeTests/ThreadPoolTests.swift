import Compute
import Synchronization
import Testing

@Suite struct ThreadPoolTests {
  @Test("Every piece runs exactly once, for any number of threads and pieces", arguments: [1, 2, 3, 5])
  func runsEveryPieceOnce(threads: Int) {
    let pool = ThreadPool(threads: threads)
    for count in [0, 1, 2, 3, 7, 64, 1000] {
      let hits = UnsafeMutableBufferPointer<Int>.allocate(capacity: max(1, count))
      defer { hits.deallocate() }
      hits.initialize(repeating: 0)
      pool.run(count) { hits[$0] += 1 }
      #expect(hits.prefix(count).allSatisfy { $0 == 1 })
    }
  }

  @Test("Many short jobs in a row never mix their pieces")
  func shortJobs() {
    let pool = ThreadPool(threads: 3)
    let slots = UnsafeMutableBufferPointer<Int>.allocate(capacity: 16)
    defer { slots.deallocate() }
    var wrong = 0
    for job in 0..<20_000 {
      let count = 2 + job % 15
      slots.initialize(repeating: -1)
      pool.run(count) { slots[$0] = job }
      for index in 0..<16 where slots[index] != (index < count ? job : -1) { wrong += 1 }
    }
    #expect(wrong == 0)
  }

  @Test("A pool whose threads went to sleep wakes up again")
  func wakesUp() async throws {
    let pool = ThreadPool(threads: 2)
    let total = Atomic<Int>(0)
    for _ in 0..<5 {
      try await Task.sleep(for: .milliseconds(5))
      pool.run(10) { total.add($0, ordering: .relaxed) }
    }
    #expect(total.load(ordering: .relaxed) == 5 * 45)
  }

  @Test("Results do not depend on the number of threads")
  func deterministic() {
    let results = [1, 2, 4].map { threads -> [Float] in
      let values = UnsafeMutableBufferPointer<Float>.allocate(capacity: 100)
      defer { values.deallocate() }
      ThreadPool(threads: threads).run(100) { piece in
        values[piece] = (0..<1000).reduce(Float(piece)) { $0 + 1 / Float($1 + 1 + piece) }
      }
      return Array(values)
    }
    #expect(results[0] == results[1] && results[0] == results[2])
  }
}
