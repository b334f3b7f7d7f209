import CGLPK
import Diagnostics
import Foundation
import MixedInteger
import Testing

@Suite struct StoppingTests {
  @Test("without time, nothing is claimed") func noTime() throws {
    let solution = try Knapsack(seed: 1, items: 12).program.solve(SolveOptions(timeLimit: 0))
    #expect(solution.stopped == .timeLimit)
    #expect(solution.outcome == .unknown)
  }

  @Test("an interruption ends the search, with or without a point") func interruption() throws {
    let solution = try marketSplit(seed: 3).solve(SolveOptions(isInterrupted: countdown(from: 400)))
    #expect(solution.stopped == .interrupted)
    #expect(solution.outcome == .feasible || solution.outcome == .unknown)
    if let objective = solution.objective, let bound = solution.bound { #expect(bound <= objective) }
  }

  @Test("a time limit ends a search that would take ages") func timeLimit() throws {
    let solution = try marketSplit(seed: 4).solve(SolveOptions(timeLimit: 0.3))
    #expect(solution.stopped == .timeLimit)
    #expect(solution.outcome != .optimal)
  }

  @Test("a wide gap ends the search with a feasible point and a valid bound") func wideGap() throws {
    let knapsack = Knapsack(seed: 2, items: 12)
    let best = try #require(knapsack.best())
    let solution = try knapsack.program.solve(SolveOptions(gap: 0.5))
    let (objective, bound) = (try #require(solution.objective), try #require(solution.bound))
    #expect(objective <= best + 1e-9 && bound >= best - 1e-9)
    #expect((bound - objective) <= 0.5 * objective + 1e-9)
  }

  @Test("several threads solve at once and get what one thread gets") func threads() throws {
    let knapsacks = (0..<24).map { Knapsack(seed: UInt64(100 + $0), items: 12) }
    let wanted = try knapsacks.map { try $0.program.solve().objective }
    let programs = knapsacks.map(\.program)
    let results = Results(count: programs.count)
    DispatchQueue.concurrentPerform(iterations: programs.count) { index in
      results.set(index, try? programs[index].solve().objective)
    }
    #expect(results.values == wanted)
  }

  @Test("what GLPK regards as fatal comes back as a failure, and the thread goes on") func errorPath() throws {
    for (row, column) in [(5, 0), (0, 7), (-3, 0)] as [(Int32, Int32)] {
      let result = solveRaw(entryRows: [row], entryColumns: [column])
      #expect(result.stop == QUOIN_GLPK_FAILED)
      #expect(result.message.0 != 0)
      #expect(solveRaw(entryRows: [0], entryColumns: [0]).stop == QUOIN_GLPK_PROVED)
    }
    #expect(solveRaw(entryRows: [0, 0], entryColumns: [0, 0]).stop == QUOIN_GLPK_FAILED)
  }

  @Test("errors on several threads at once stay on their threads") func errorsOnThreads() {
    let results = Results(count: 16)
    DispatchQueue.concurrentPerform(iterations: 16) { index in
      let row: Int32 = index % 2 == 0 ? 9 : 0
      results.set(index, Double(solveRaw(entryRows: [row], entryColumns: [0]).stop.rawValue))
    }
    let failed = Double(QUOIN_GLPK_FAILED.rawValue), proved = Double(QUOIN_GLPK_PROVED.rawValue)
    #expect(results.values == (0..<16).map { $0 % 2 == 0 ? failed : proved })
  }
}

/// Calls the shim with one column, one row and the entries, which may be wrong.
private func solveRaw(entryRows: [Int32], entryColumns: [Int32]) -> quoin_glpk_result {
  var result = quoin_glpk_result()
  var point = [0.0]
  let (zero, one, whole) = ([0.0], [1.0], [true])
  let values = [Double](repeating: 1, count: entryRows.count)
  var options = quoin_glpk_options()
  options.time_limit = .infinity
  zero.withUnsafeBufferPointer { zero in
    one.withUnsafeBufferPointer { one in
      whole.withUnsafeBufferPointer { whole in
        entryRows.withUnsafeBufferPointer { rows in
          entryColumns.withUnsafeBufferPointer { columns in
            values.withUnsafeBufferPointer { values in
              var problem = quoin_glpk_problem(
                columns: 1, rows: 1, entries: Int32(rows.count), maximize: true, objective: one.baseAddress,
                column_lower: zero.baseAddress, column_upper: one.baseAddress, integer: whole.baseAddress,
                row_lower: zero.baseAddress, row_upper: one.baseAddress, entry_row: rows.baseAddress,
                entry_column: columns.baseAddress, entry_value: values.baseAddress)
              quoin_glpk_solve(&problem, &options, &result, &point)
            }
          }
        }
      }
    }
  }
  return result
}

/// Cornuéjols and Dawande's market split problems are tiny and hopeless for branch and bound.
private func marketSplit(seed: UInt64) -> IntegerProgram {
  var program = IntegerProgram()
  var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
  let variables = (0..<40).map { program.addBinary("x\($0)") }
  var objective = LinearExpression()
  for row in 0..<5 {
    var sum = LinearExpression()
    var total = 0.0
    for variable in variables {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      let weight = Double(state >> 32 % 100)
      total += (weight / 2).rounded(.down)
      sum.add(weight, variable)
    }
    let over = program.addContinuous("over\(row)"), under = program.addContinuous("under\(row)")
    objective = objective + (1 * over + 1 * under)
    program.add((sum + (1 * under - 1 * over)).equals((total / 2).rounded(.down)))
  }
  program.setObjective(.minimize, objective)
  return program
}

/// An interruption that comes after a number of questions.
private func countdown(from count: Int) -> @Sendable () -> Bool {
  let counter = Results(count: 1)
  return {
    counter.set(0, (counter.values[0] ?? 0) + 1)
    return (counter.values[0] ?? 0) > Double(count)
  }
}

/// Numbers that threads leave for the test.
private final class Results: @unchecked Sendable {
  // Sound: every access holds the lock.
  private let lock = NSLock()
  private var numbers: [Double?]

  init(count: Int) { numbers = [Double?](repeating: nil, count: count) }

  var values: [Double?] { lock.withLock { numbers } }

  func set(_ index: Int, _ number: Double?) { lock.withLock { numbers[index] = number } }
}
