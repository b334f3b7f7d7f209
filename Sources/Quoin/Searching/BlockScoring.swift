import BlockSelection
import Latency
import SearchSpaces

/// Block selection over a supernet: every alternative of every slot is scored by the loss that it adds on validation
/// images when it alone stands in the largest network, and the solver picks one per slot within the budget.
///
/// Solved for each resolution and width, since these change every slot at once. The sum of the scores is a first-order
/// estimate of a network's loss (Bercovich et al., "Puzzle", 2024), good enough to compare networks of one resolution
/// and width, but not across them: so all of them are represented, and the supernet judges the solutions.
struct BlockScoring {
  /// Seconds for one solution; a feasible one that is not proved best is as good a proposal.
  private static let timeLimit = 10.0

  /// The kind of fact under which solutions are kept.
  static let solutionsKind = "selection"

  let space: SearchSpace
  let accuracy: AccuracyMemory
  let monitor: WorkMonitor

  /// Scores all alternatives under all global choices.
  func run() throws {
    let wanted = try networks()
    var resumed = 0
    for (position, architecture) in wanted.enumerated() {
      if try accuracy.isScored(architecture) {
        resumed += 1
        continue
      }
      try monitor.checkInterruption()
      _ = try accuracy.scoringLoss(architecture)
      monitor.report(
        .init(
          phase: "scoring blocks", completed: position + 1, total: wanted.count, resumed: resumed,
          detail: architecture.hash.prefix(8).description))
    }
  }

  /// Every network that a score compares, once.
  func networks() throws -> [Architecture] {
    var seen: Set<Architecture> = []
    var networks: [Architecture] = []
    for fixed in try space.globalAssignments() {
      let table = try space.slots(fixing: fixed)
      for (position, slot) in table.slots.enumerated() {
        for alternative in slot.alternatives.indices {
          let replacement = table.replacement(slot: position, alternative: alternative)
          networks += [replacement.reference, replacement.architecture].filter { seen.insert($0).inserted }
        }
      }
    }
    return networks
  }

  private func score(_ replacement: SlotTable.Replacement) throws -> Double {
    guard replacement.architecture != replacement.reference else { return 0 }
    return try accuracy.scoringLoss(replacement.architecture) - accuracy.scoringLoss(replacement.reference)
  }

  /// The most promising networks within a latency, of all resolutions and widths in turn; recorded under `key`.
  ///
  /// - Throws: `Diagnostic` of category `interrupted`.
  func proposals(
    latency limit: Double, count: Int, predictor: LatencyPredictor, key: String
  ) throws -> [Architecture] {
    try accuracy.facts(Self.solutionsKind, "\(key) within \(limit)") {
      try solve(latency: limit, count: count, predictor: predictor)
    }
  }

  private func solve(latency limit: Double, count: Int, predictor: LatencyPredictor) throws -> [Architecture] {
    var found: [[(architecture: Architecture, loss: Double)]] = []
    let assignments = try space.globalAssignments()
    for (position, fixed) in assignments.enumerated() where count > 0 {
      let blocks = try BlockTable(space, fixing: fixed, predictor: predictor)
      let base = try accuracy.scoringLoss(blocks.table.base)
      let pool = try SelectionSolver.pool(
        blocks.problem(latency: limit, score: score), count: max(1, count / 2),
        options: .init(timeLimit: Self.timeLimit, reportsBaselines: false, isInterrupted: monitor.isInterrupted))
      // An interrupted solver returns what it has, which must not be recorded as the answer.
      try monitor.checkInterruption()
      found.append(
        try pool.pool.compactMap { result in
          try result.objective.map { (try blocks.architecture(of: result), base + $0) }
        })
      monitor.report(.init(phase: "selecting blocks", completed: position + 1, total: assignments.count))
    }
    // The best of every resolution and width, then the second best, and so on.
    let turns = (0..<count).flatMap { turn in
      found.filter { turn < $0.count }.map { $0[turn] }.sorted {
        ($0.loss, $0.architecture.json) < ($1.loss, $1.architecture.json)
      }
    }
    return turns.prefix(count).map(\.architecture)
  }
}
