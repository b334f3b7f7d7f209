import CGLPK
import Dispatch
import MixedInteger
import Synchronization
import Testing

@Suite("GLPK's words") struct LogTests {
  /// Lines that solvers leave, perhaps on several threads at once.
  private final class Lines: Sendable {
    private let kept = Mutex<[String]>([])
    var all: [String] { kept.withLock { $0 } }
    func add(_ line: String) { kept.withLock { $0.append(line) } }
  }

  @Test("lines come whole, and the answer is the same as without a log") func lines() throws {
    let program = Knapsack(seed: 3, items: 12).program
    let lines = Lines()
    let logged = try program.solve(SolveOptions(log: { lines.add($0) }))
    #expect(logged == (try program.solve()))
    #expect(lines.all.allSatisfy { !$0.isEmpty && !$0.contains("\n") })
    #expect(lines.all.contains { $0.hasPrefix("GLPK Integer Optimizer") })
    #expect(lines.all.contains { $0.contains("INTEGER OPTIMAL SOLUTION FOUND") }, "\(lines.all)")
    #expect(!lines.all.contains { $0.contains("TIME LIMIT") })
  }

  @Test("each of several threads hears of its own program only") func threads() throws {
    let logs = (0..<16).map { _ in Lines() }
    DispatchQueue.concurrentPerform(iterations: logs.count) { index in
      let program = Knapsack(seed: UInt64(index), items: 5 + index).program
      _ = try? program.solve(SolveOptions(log: { logs[index].add($0) }))
    }
    for (index, log) in logs.enumerated() {
      let sizes = log.all.compactMap { $0.firstMatch(of: /(\d+) columns/).map { Int($0.1) } }
      #expect(!sizes.isEmpty && sizes.allSatisfy { $0 == 5 + index }, "\(index): \(log.all)")
    }
  }

  @Test("what GLPK regards as fatal is logged and comes back as a failure") func failure() {
    let lines = Lines()
    var (options, result, point) = (quoin_glpk_options(), quoin_glpk_result(), [0.0])
    options.time_limit = .infinity
    options.context = Unmanaged.passUnretained(lines).toOpaque()
    options.log = { context, line in
      guard let context, let line else { return }
      Unmanaged<Lines>.fromOpaque(context).takeUnretainedValue().add(String(cString: line))
    }
    // A row that does not exist.
    withOneEntry(row: 7) { quoin_glpk_solve(&$0, &options, &result, &point) }
    #expect(result.stop == QUOIN_GLPK_FAILED && result.message.0 != 0)
    #expect(!lines.all.isEmpty)
    withOneEntry(row: 0) { quoin_glpk_solve(&$0, &options, &result, &point) }
    #expect(result.stop == QUOIN_GLPK_PROVED)
    withExtendedLifetime(lines) {}
  }

  /// A problem of one binary column, one row and one entry.
  private func withOneEntry(row: Int32, _ body: (inout quoin_glpk_problem) -> Void) {
    let (zero, one, whole, rows, columns) = ([0.0], [1.0], [true], [row], [Int32(0)])
    var problem = quoin_glpk_problem()
    (problem.columns, problem.rows, problem.entries) = (1, 1, 1)
    zero.withUnsafeBufferPointer { zero in
      one.withUnsafeBufferPointer { one in
        whole.withUnsafeBufferPointer { whole in
          rows.withUnsafeBufferPointer { rows in
            columns.withUnsafeBufferPointer { columns in
              (problem.objective, problem.entry_value) = (one.baseAddress, one.baseAddress)
              (problem.column_lower, problem.row_lower) = (zero.baseAddress, zero.baseAddress)
              (problem.column_upper, problem.row_upper) = (one.baseAddress, one.baseAddress)
              (problem.integer, problem.entry_row) = (whole.baseAddress, rows.baseAddress)
              problem.entry_column = columns.baseAddress
              body(&problem)
            }
          }
        }
      }
    }
  }
}
