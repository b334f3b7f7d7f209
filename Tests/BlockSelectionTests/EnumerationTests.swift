import BlockSelection
import Foundation
import Testing

@Suite struct EnumerationTests {
  @Test("the optimum equals enumeration on random problems") func optimum() throws {
    var feasible = 0, infeasible = 0
    for seed in 0..<1000 as Range<UInt64> {
      let problem = RandomProblem(seed: seed).problem
      let truth = Enumeration(problem)
      let result = try SelectionSolver.solve(problem)
      #expect(result.stopped == .proved, "seed \(seed)")
      if let best = truth.feasible.first {
        feasible += 1
        #expect(result.status == .optimal, "seed \(seed)")
        #expect(abs((result.objective ?? .nan) - best.objective) < 1e-9, "seed \(seed)")
        #expect(truth.feasible.contains { $0.choices == result.choices }, "seed \(seed)")
        #expect(result.bound == result.objective && result.gap == 0, "seed \(seed)")
        checkBaselines(result, truth, problem.sense, seed)
      } else {
        infeasible += 1
        #expect(result.status == .infeasible, "seed \(seed)")
        checkAttainable(result, truth, problem, seed)
      }
    }
    // The generator has to offer both kinds.
    #expect(feasible > 400 && infeasible > 100, "\(feasible) feasible, \(infeasible) infeasible")
  }

  private func checkBaselines(
    _ result: SelectionResult, _ truth: Enumeration, _ sense: SelectionProblem.Sense, _ seed: UInt64
  ) {
    for value in [result.baselines?.greedy, result.baselines?.uniform, result.baselines?.random] {
      guard let value = value ?? nil else { continue }
      #expect(truth.feasible.contains { $0.objective == value }, "seed \(seed)")
    }
    #expect(
      result.baselines?.random != nil, "1000 draws from so few selections find a feasible one; seed \(seed)")
  }

  private func checkAttainable(
    _ result: SelectionResult, _ truth: Enumeration, _ problem: SelectionProblem, _ seed: UInt64
  ) {
    #expect(Set((result.attainable ?? [:]).keys) == Set(problem.budgets.keys), "seed \(seed)")
    for (name, budget) in problem.budgets {
      let value = result.attainable?[name] ?? nil
      guard let range = truth.extremes[name] else {
        #expect(value == nil, "seed \(seed)")
        continue
      }
      let misses = range.upperBound < budget.min ?? -.infinity
      let wantsLargest = budget.max == nil || (misses && range.lowerBound <= budget.max ?? .infinity)
      let wanted = wantsLargest ? range.upperBound : range.lowerBound
      #expect(abs((value ?? .nan) - wanted) <= 1e-9 * max(1, abs(wanted)), "seed \(seed), \(name)")
    }
  }

  @Test("the pool equals the head of the enumeration") func pool() throws {
    for seed in 1000..<1080 as Range<UInt64> {
      let problem = RandomProblem(seed: seed).problem
      let truth = Enumeration(problem)
      let pool = try SelectionSolver.pool(problem, count: 7, options: .init(reportsBaselines: false))
      if truth.feasible.isEmpty {
        #expect(pool.pool.map(\.status) == [.infeasible], "seed \(seed)")
        #expect(pool.pool[0].attainable != nil && pool.isExhausted, "seed \(seed)")
        continue
      }
      let wanted = truth.feasible.prefix(7).map(\.objective)
      #expect(pool.pool.count == wanted.count, "seed \(seed)")
      for (result, objective) in zip(pool.pool, wanted) {
        #expect(result.status == .optimal, "seed \(seed)")
        #expect(abs((result.objective ?? .nan) - objective) < 1e-9, "seed \(seed)")
        #expect(truth.feasible.contains { $0.choices == result.choices }, "seed \(seed)")
      }
      #expect(Set(pool.pool.map(\.choices)).count == pool.pool.count, "seed \(seed)")
      #expect(pool.isExhausted == (truth.feasible.count < 7), "seed \(seed)")
    }
  }

  @Test("a sweep goes from the tightest value to the one without the budget, each point optimal") func sweep()
    throws
  {
    for seed in 2000..<2030 as Range<UInt64> {
      let problem = RandomProblem(seed: seed).problem
      let sweep = try SelectionSolver.sweep(problem, budget: "latency_ms", count: 5)
      let budget = problem.budgets["latency_ms"]
      let movesUpper = budget?.max != nil
      guard let first = sweep.points.first else {
        var free = problem
        free.budgets["latency_ms"] = movesUpper ? .init(min: budget?.min ?? -1e9) : .init(max: 1e9)
        #expect(Enumeration(free).feasible.isEmpty && sweep.failure?.status == .infeasible, "seed \(seed)")
        continue
      }
      #expect(sweep.points.count == 5, "seed \(seed)")
      for point in sweep.points {
        var limited = problem
        limited.budgets["latency_ms"] =
          movesUpper ? .init(max: point.limit, min: budget?.min) : .init(max: budget?.max, min: point.limit)
        let best = Enumeration(limited).feasible.first?.objective
        #expect(abs((point.result.objective ?? .nan) - (best ?? .infinity)) < 1e-9, "seed \(seed)")
      }
      let tightest = first.result.costs["latency_ms"] ?? .nan
      #expect(abs(tightest - first.limit) <= 1e-9 * max(1, abs(first.limit)), "seed \(seed)")
    }
  }

  @Test("several threads solve at once") func threads() throws {
    let problems = (3000..<3024).map { RandomProblem(seed: $0).problem }
    let results = ThreadResults(count: problems.count)
    DispatchQueue.concurrentPerform(iterations: problems.count) { index in
      results.set(index, try? SelectionSolver.solve(problems[index]))
    }
    for (problem, result) in zip(problems, results.values) {
      #expect(try SelectionSolver.solve(problem).objective == result?.objective)
    }
  }
}

/// Results that threads leave for the test.
private final class ThreadResults: @unchecked Sendable {
  // Sound: every access holds the lock.
  private let lock = NSLock()
  private var results: [SelectionResult?]

  init(count: Int) { results = [SelectionResult?](repeating: nil, count: count) }

  var values: [SelectionResult?] { lock.withLock { results } }

  func set(_ index: Int, _ result: SelectionResult?) { lock.withLock { results[index] = result } }
}
