import Diagnostics

extension SelectionSolver {
  /// The largest pool: each element is a search of its own, with one row more than the one before.
  private static let largestPool = 10_000

  /// The `count` best selections, distinct and in order; fewer where no more exist or the search was stopped.
  ///
  /// Where groups do not interact they come from one search, and a time limit holds for that. Elsewhere each element is
  /// the optimum once those before it are excluded, and a time limit holds for each.
  ///
  /// - Parameter maxOverlap: the largest fraction of groups in which an element may take the same as any one before it
  ///   (Puzzle's diversity constraint); `nil` asks for distinct selections only.
  /// - Throws: ``Diagnostic`` as ``solve(_:options:)`` does, where `count` is not within 1 ... 10,000, or above 200
  ///   with a largest overlap, or `maxOverlap` not
  ///   within 0 ... 1.
  public static func pool(
    _ problem: SelectionProblem, count: Int, maxOverlap: Double? = nil, options: SelectionOptions = SelectionOptions()
  ) throws -> SelectionPool {
    guard (1...largestPool).contains(count) else {
      throw Diagnostic(
        .usage, "the pool's size cannot be used", value: "\(count)",
        rule: "a number within 1 ... \(largestPool)")
    }
    let problem = try single(problem)
    let earlier = problem.diversity?.earlier.count ?? 0
    guard maxOverlap == nil || count + earlier <= SelectionProblem.mostEarlier else {
      throw Diagnostic(
        .usage, "the pool's size cannot be used", value: "\(count)",
        rule: "with a largest overlap, at most \(SelectionProblem.mostEarlier) selections, earlier ones included")
    }
    if let maxOverlap { return try diversePool(problem, count, maxOverlap, options) }
    let session = try SelectionSession(problem, options)
    return session.givesSeveral ? try poolOfOneSearch(session, count) : try poolByExclusion(session, count)
  }

  private static func poolOfOneSearch(_ session: SelectionSession, _ count: Int) throws -> SelectionPool {
    let found = try session.several(count)
    let isProved = found.first?.stopped == .proved
    let isEmpty = found.first?.objective == nil
    return SelectionPool(pool: found, isExhausted: isProved && (isEmpty || found.count < count))
  }

  private static func poolByExclusion(_ session: SelectionSession, _ count: Int) throws -> SelectionPool {
    let baselines = session.baselines(session.rows)
    var excluded: [[Int]] = []
    var pool = SelectionPool(pool: [], isExhausted: false)
    while pool.pool.count < count, !pool.isExhausted {
      let result = try session.result(session.rows, excluding: excluded, baselines: baselines)
      if pool.pool.isEmpty || result.objective != nil { pool.pool.append(result) }
      pool.isExhausted = result.status == .infeasible
      guard result.objective != nil, result.stopped == .proved || result.stopped == .gap else { break }
      excluded.append(session.selection(of: result))
      session.options.progress?(excluded.count, count)
    }
    if pool.pool.allSatisfy({ $0.status == .optimal }) { sort(&pool.pool, session.problem.sense) }
    return pool
  }

  /// Each element is the best one that has little in common with those before it.
  private static func diversePool(
    _ problem: SelectionProblem, _ count: Int, _ maxOverlap: Double, _ options: SelectionOptions
  ) throws -> SelectionPool {
    var problem = problem
    // All groups alike is no other selection.
    let most = Double(problem.groups.count - 1) / Double(max(1, problem.groups.count))
    problem.diversity = .init(earlier: problem.diversity?.earlier ?? [], maxOverlap: min(maxOverlap, most))
    var pool = SelectionPool(pool: [], isExhausted: false)
    while pool.pool.count < count, !pool.isExhausted {
      let result = try solve(problem, options: options)
      if pool.pool.isEmpty || result.objective != nil { pool.pool.append(result) }
      pool.isExhausted = result.status == .infeasible
      guard result.objective != nil, result.stopped == .proved || result.stopped == .gap else { break }
      options.progress?(pool.pool.count, count)
      problem.diversity?.earlier.append(result.choices)
    }
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
  /// The results of one search for several selections; where there is none, the only one says why.
  fileprivate func several(_ count: Int) throws -> [SelectionResult] {
    let clock = ContinuousClock()
    let began = clock.now
    let baselines = baselines(rows)
    let starts = [baselines.greedy, baselines.uniform, baselines.random].compactMap { $0 }
    let answer = try answer(
      Question(
        goal: scoreGoal, rows: rows, start: tables.best(of: starts, scoreGoal, rows), deadline: deadline, count: count))
    guard !answer.selections.isEmpty else { return [try result(rows, baselines: baselines)] }
    let seconds = (clock.now - began).seconds
    return answer.selections.enumerated().map { index, selection in
      var one = answer
      one.selections = [selection]
      one.value = tables.total(SelectionTables.score, of: selection)
      if answer.stopped == .proved { one.bound = one.value }
      var result = describe(one)
      if options.reportsBaselines { result.baselines = values(of: baselines) }
      result.solveSeconds = seconds
      return result
    }
  }

  /// The places of the choices that a result names.
  func selection(of result: SelectionResult) -> [Int] {
    problem.groups.map { group in group.choices.firstIndex { $0.name == result.choices[group.name] } ?? 0 }
  }
}
