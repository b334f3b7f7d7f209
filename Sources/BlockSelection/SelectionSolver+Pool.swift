import Diagnostics

extension SelectionSolver {
  /// The largest pool: each element is a search of its own, with one row more than the one before.
  private static let largestPool = 10_000

  /// The `count` best selections, distinct and in order; fewer where no more exist or the search was stopped.
  ///
  /// Each element is the optimum once those before it are excluded, so that `.optimal` is proved for each. A time
  /// limit holds for each element.
  ///
  /// - Throws: ``Diagnostic`` as ``solve(_:options:)`` does, and where `count` is not within 1 ... 10,000.
  public static func pool(
    _ problem: SelectionProblem, count: Int, options: SelectionOptions = SelectionOptions()
  ) throws -> SelectionPool {
    guard (1...largestPool).contains(count) else {
      throw Diagnostic(
        .usage, "the pool's size cannot be used", value: "\(count)",
        rule: "a number within 1 ... \(largestPool)")
    }
    let session = try SelectionSession(problem, options)
    let baselines = session.baselines(session.rows)
    var excluded: [[Int]] = []
    var pool = SelectionPool(pool: [], isExhausted: false)
    while pool.pool.count < count, !pool.isExhausted {
      let result = try session.result(session.rows, excluding: excluded, baselines: baselines)
      if pool.pool.isEmpty || result.objective != nil { pool.pool.append(result) }
      pool.isExhausted = result.status == .infeasible
      guard result.objective != nil, result.stopped == .proved || result.stopped == .gap else { break }
      excluded.append(session.selection(of: result))
    }
    if pool.pool.allSatisfy({ $0.status == .optimal }) { sort(&pool.pool, problem.sense) }
    return pool
  }

  /// GLPK may give two selections that differ by less than its tolerance in the wrong order.
  private static func sort(_ pool: inout [SelectionResult], _ sense: SelectionProblem.Sense) {
    let goal = Goal(measure: SelectionTables.score, sense: sense)
    let order = pool.indices.sorted { a, b in
      guard let x = pool[a].objective, let y = pool[b].objective, x != y else { return a < b }
      return goal.isBetter(x, than: y)
    }
    pool = order.map { pool[$0] }
  }
}

extension SelectionSession {
  /// The places of the choices that a result names.
  func selection(of result: SelectionResult) -> [Int] {
    problem.groups.map { group in group.choices.firstIndex { $0.name == result.choices[group.name] } ?? 0 }
  }
}
