import MixedInteger

/// Selections whose sums keep limits with a probability, by way of problems without probabilities.
///
/// With a given variance V, a sum T keeps a limit with the probability if T is at most h(V)
/// (``Chance/largestSum(limit:variance:)``), and h is convex. So wherever V lies between a and b, T lies below the
/// chord of h between them: a linear row in T and V, which any solver takes. The best selection under the chords bounds
/// the answer. Where it does not keep the true limit, the range is cut at its variance, where both new chords exclude
/// it; the range with the best bound is looked at first, until its best selection is true.
struct ChanceSearch {
  /// One limit of a sum: `sign * sum` is at most `limit` with a probability.
  private struct Side {
    let row: BudgetRow
    let chance: Chance
    let sign: Double
    let limit: Double
  }

  /// Ranges of the sides' variances, and the best selection under their chords.
  private struct Box {
    var ranges: [ClosedRange<Double>]
    var answer: SelectionSession.Answer
  }

  private let session: SelectionSession
  private let sides: [Side]
  private var question: SelectionSession.Question
  private let tables: SelectionTables
  private var goal: Goal { question.goal }
  private var best: (selection: [Int], value: Double)?
  private var solver = SelectionResult.Solver.search

  init(_ session: SelectionSession, _ question: SelectionSession.Question) {
    (self.session, self.question) = (session, question)
    tables = Self.tables(session, question)
    sides = question.rows.flatMap { row -> [Side] in
      guard let chance = row.chance else { return [] }
      return row.sides.map { Side(row: row, chance: chance, sign: $0.sign, limit: $0.bound) }
    }
  }

  /// The session's tables; without choices that no selection takes where these would make ranges and rows too coarse.
  private static func tables(_ session: SelectionSession, _ question: SelectionSession.Question) -> SelectionTables {
    let (tables, goal) = (session.tables, question.goal)
    let all = SelectionReduction(
      tables, tables.allowed.map { allowed in allowed.indices.filter { allowed[$0] } }, goal: goal, rows: question.rows)
    let start = question.start.flatMap { tables.isFeasible($0, question.rows) ? $0 : nil }
    let left = all.reduced(incumbent: start.map { tables.total(goal.measure, of: $0) })
    return left.isMuchFiner(than: all) ? tables.keeping(left.candidates) : tables
  }

  /// The answer.
  mutating func run() throws -> SelectionSession.Answer {
    offer(question.start)
    let first = sides.map(wholeRange)
    var open = [Box(ranges: first, answer: try solve(first))]
    var candidateCount = open[0].answer.candidateCount
    solver = open[0].answer.solver
    while let index = bestBox(open) {
      let box = open[index]
      offer(box.answer.selection)
      let isStopped = box.answer.stopped == .timeLimit || box.answer.stopped == .interrupted
      guard !isStopped, !isGoodEnough(box), let selection = box.answer.selection else {
        return finish(box, candidateCount)
      }
      open.remove(at: index)
      // The best of a box that is feasible is what the box is worth; within a gap it was good enough above.
      if tables.isFeasible(selection, question.rows) { continue }
      for ranges in parts(box, selection) {
        let answer = try solve(ranges)
        candidateCount = max(candidateCount, answer.candidateCount)
        open.append(Box(ranges: ranges, answer: answer))
      }
    }
    return finish(nil, candidateCount)
  }

  // MARK: Boxes

  /// The box that may hold the best selection; `nil` where none holds any.
  private func bestBox(_ open: [Box]) -> Int? {
    func isBefore(_ a: SelectionSession.Answer, _ b: SelectionSession.Answer) -> Bool {
      guard let x = a.bound else { return true }
      guard let y = b.bound else { return false }
      return goal.isBetter(x, than: y)
    }
    return open.indices.filter { !open[$0].answer.isInfeasible }.min { isBefore(open[$0].answer, open[$1].answer) }
  }

  /// Whether the best selection known is as good as anything in the box, or within the wanted gap of it.
  private func isGoodEnough(_ box: Box) -> Bool {
    guard let best, let bound = box.answer.bound else { return false }
    let gap = question.wantsAny ? .infinity : session.options.gap
    return !goal.isBetter(bound, than: best.value) || SelectionSession.gap(best.value, bound) <= gap
  }

  private func wholeRange(_ side: Side) -> ClosedRange<Double> {
    let values = zip(tables.values[side.chance.variance], tables.allowed).map { values, allowed in
      values.indices.filter { allowed[$0] }.map { values[$0] }
    }
    let least = values.reduce(0) { $0 + ($1.min() ?? 0) }
    let largest = values.reduce(0) { $0 + ($1.max() ?? 0) }
    return least...max(least, largest) * (1 + BudgetSide.slackness)
  }

  /// The box cut at the selection's variance, on a side where the selection breaks the limit.
  private mutating func parts(_ box: Box, _ selection: [Int]) -> [[ClosedRange<Double>]] {
    for (index, side) in sides.enumerated() where !tables.holds(side.row, selection) {
      let variance = tables.total(side.chance.variance, of: selection)
      let range = box.ranges[index]
      guard range.lowerBound < variance, variance < range.upperBound else { continue }
      var (low, high) = (box.ranges, box.ranges)
      low[index] = range.lowerBound...variance
      high[index] = variance...range.upperBound
      return [low, high]
    }
    // Broken by less than the rows' slackness: this one selection goes.
    question.excluded.append(selection)
    return [box.ranges]
  }

  /// The best selection under the chords of a box.
  private func solve(_ ranges: [ClosedRange<Double>]) throws -> SelectionSession.Answer {
    var tables = tables
    var linear = question
    linear.rows = question.rows.filter { $0.chance == nil }
    linear.start = best?.selection
    for (side, range) in zip(sides, ranges) {
      let (low, high) = (
        side.chance.largestSum(limit: side.limit, variance: range.lowerBound),
        side.chance.largestSum(limit: side.limit, variance: range.upperBound)
      )
      let span = range.upperBound - range.lowerBound
      let slope = span > 0 ? max(0, low - high) / span : 0
      tables = tables.adding([(side.sign, side.row.measure), (slope, side.chance.variance)])
      let limit = low + slope * range.lowerBound
      let magnitude =
        side.chance.sensitivity(limit: side.limit, sum: high) * (abs(side.limit) + abs(low))
        + abs(limit) + slope * range.upperBound
      linear.rows.append(
        BudgetRow(measure: tables.measureCount - 1, upper: limit + BudgetSide.slackness * magnitude))
      // Below the range the chord is too strict, but what lies there is looked at elsewhere.
      linear.rows.append(
        BudgetRow(measure: side.chance.variance, upper: range.upperBound * (1 + BudgetSide.slackness)))
    }
    return try session.answer(linear, tables)
  }

  // MARK: Answering

  private mutating func offer(_ selection: [Int]?) {
    guard let selection, tables.isFeasible(selection, question.rows), !question.excluded.contains(selection) else {
      return
    }
    let value = tables.total(goal.measure, of: selection)
    if best.map({ goal.isBetter(value, than: $0.value) }) ?? true { best = (selection, value) }
  }

  /// - Parameter last: the box that holds the best bound, where it was not gone through.
  private func finish(_ last: Box?, _ candidateCount: Int) -> SelectionSession.Answer {
    var answer = SelectionSession.Answer(
      stopped: .proved, candidateCount: candidateCount, solver: last?.answer.solver ?? solver)
    if let best { (answer.selections, answer.value, answer.bound) = ([best.selection], best.value, best.value) }
    if let last, last.answer.bound.map({ bound in best.map { goal.isBetter(bound, than: $0.value) } ?? true }) ?? true {
      answer.stopped = last.answer.stopped == .proved ? .gap : last.answer.stopped
      answer.bound = last.answer.bound
    }
    answer.isInfeasible = best == nil && answer.stopped == .proved
    return answer
  }
}
