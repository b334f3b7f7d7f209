import Dispatch
import Synchronization

extension SelectionSession {
  /// Solves for the score within the rows of every point of some paths, on all cores. A point begins with what is known
  /// of the one before it on its path, so that the answers do not depend on how many cores there are.
  ///
  /// - Returns: the results by path; one that was interrupted is the last of its path.
  func solve(along paths: [[[BudgetRow]]]) throws -> [[SelectionResult]] {
    let (problem, tables, options) = (problem, tables, options)
    let count = paths.reduce(0) { $0 + $1.count }
    let done = Mutex(0)
    let found = Mutex([Result<[SelectionResult], any Error>](repeating: .success([]), count: paths.count))
    DispatchQueue.concurrentPerform(iterations: paths.count) { index in
      // What a session remembers is for one thread.
      let session = SelectionSession(problem, tables, options)
      let results = Result {
        try session.solve(along: paths[index]) {
          let done = done.withLock { done in
            done += 1
            return done
          }
          options.progress?(done, count)
        }
      }
      found.withLock { $0[index] = results }
    }
    return try found.withLock { try $0.map { try $0.get() } }
  }

  private func solve(along path: [[BudgetRow]], report: () -> Void) throws -> [SelectionResult] {
    var results: [SelectionResult] = []
    var neighbour: [Int]?
    for rows in path {
      let solved = try solved(rows, near: neighbour, explains: false)
      results.append(solved.result)
      report()
      if solved.result.stopped == .interrupted { break }
      if solved.result.objective != nil { neighbour = solved.selection }
    }
    return results
  }
}
