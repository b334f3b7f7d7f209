import MixedInteger

/// Selections of few kinds, by way of problems in which only some kinds may be taken.
///
/// A selection with at most N kinds lies within some set of exactly N of them. Each set is a problem without a limit of kinds, and
/// has to beat the best selection so far, so that most sets are left at their root.
struct KindSearch {
  /// More sets are not tried.
  private static let mostSets = 1000

  private let session: SelectionSession
  private let tables: SelectionTables
  private let sets: [Set<Int>]

  /// `nil` where nothing but GLPK solves the sets' problems, or where there are too many.
  init?(_ session: SelectionSession, _ tables: SelectionTables) {
    guard let maxKinds = tables.maxKinds, tables.interactions.isEmpty || SelectionChain(tables, widest: 1) != nil else {
      return nil
    }
    let kinds = Set(tables.kinds.joined().filter { $0 >= 0 }).sorted()
    guard let sets = Self.sets(of: kinds, count: maxKinds) else { return nil }
    (self.session, self.tables, self.sets) = (session, tables, sets)
  }

  /// All sets of so many kinds; `nil` where they are too many.
  private static func sets(of kinds: [Int], count: Int) -> [Set<Int>]? {
    var sets: [Set<Int>] = [[]]
    // After each kind, the sets that can still be filled with those that follow.
    for (place, kind) in kinds.enumerated() {
      sets = sets.flatMap { set in set.count < count ? [set.union([kind]), set] : [set] }
      sets = sets.filter { $0.count + kinds.count - place - 1 >= count }
      guard sets.count <= mostSets else { return nil }
    }
    return sets
  }

  /// The best selection over all sets.
  func answer(_ question: SelectionSession.Question) throws -> SelectionSession.Answer {
    var question = question
    var best: SelectionSession.Answer?
    var bound: Double?
    // A start is within one set only.
    question.start = nil
    var candidateCount = 0
    for set in sets {
      let answer = try session.answer(question, tables.allowing(kinds: set))
      candidateCount = max(candidateCount, answer.candidateCount)
      if !answer.isInfeasible {
        guard let limit = answer.bound else {
          return finish(best, stopped: answer.stopped, bound: nil, candidateCount, answer)
        }
        bound = bound.map { question.goal.isBetter(limit, than: $0) ? limit : $0 } ?? limit
      }
      if let value = answer.value, best?.value.map({ question.goal.isBetter(value, than: $0) }) ?? true {
        (best, question.mustBeat) = (answer, value)
      }
      if answer.stopped == .timeLimit || answer.stopped == .interrupted {
        // Of the sets that were not reached nothing is known.
        return finish(best, stopped: answer.stopped, bound: set == sets.last ? bound : nil, candidateCount, answer)
      }
      if answer.stopped == .gap { best?.stopped = .gap }
    }
    return finish(best, stopped: best?.stopped ?? .proved, bound: bound, candidateCount, best)
  }

  private func finish(
    _ best: SelectionSession.Answer?, stopped: StopReason, bound: Double?, _ candidateCount: Int,
    _ last: SelectionSession.Answer?
  ) -> SelectionSession.Answer {
    var answer = SelectionSession.Answer(
      stopped: stopped, isInfeasible: best == nil && stopped == .proved, candidateCount: candidateCount,
      solver: last?.solver ?? .search)
    (answer.selections, answer.value, answer.bound) = (best?.selections ?? [], best?.value, bound)
    if stopped == .proved { answer.bound = answer.value }
    return answer
  }
}

extension SelectionTables {
  /// The tables where only choices of some kinds, and those of none, may be taken.
  func allowing(kinds set: Set<Int>) -> SelectionTables {
    var result = self
    result.isMasked = true
    result.maxKinds = nil
    for group in kinds.indices {
      for (choice, kind) in kinds[group].enumerated() where kind >= 0 && !set.contains(kind) {
        result.allowed[group][choice] = false
      }
    }
    return result
  }
}
