/// The greedy method: mend what is broken at the smallest loss, then improve what may be improved.
struct GreedySelection {
  private let tables: SelectionTables
  private let goal: Goal
  private let rows: [BudgetRow]
  private var selection: [Int]
  /// The totals of the rows, kept up to date by differences.
  private var totals: [Double]
  private var forbiddenPairs: Int

  private struct Swap {
    let group: Int
    let choice: Int
    /// How much worse the goal becomes; negative where it becomes better.
    let loss: Double
    let mended: Double
  }

  /// The selection after at most `effort` looks at a row of a swap.
  static func selection(_ tables: SelectionTables, _ goal: Goal, _ rows: [BudgetRow], effort: Int) -> [Int] {
    var method = GreedySelection(tables, goal, rows)
    let looks = tables.allowed.reduce(0) { $0 + $1.count } * (rows.count + 2)
    var steps = min(effort / max(looks, 1), 8 * tables.groupCount + 16)
    while steps > 0, method.violation() > 0, method.mend() { steps -= 1 }
    while steps > 0, method.violation() == 0, method.improve() { steps -= 1 }
    return method.selection
  }

  private init(_ tables: SelectionTables, _ goal: Goal, _ rows: [BudgetRow]) {
    self.tables = tables
    self.goal = goal
    self.rows = rows
    selection = tables.allowed.indices.map { group in
      let values = tables.values[goal.measure][group]
      let allowed = tables.allowed[group].indices.filter { tables.allowed[group][$0] }
      return allowed.min { goal.isBetter(values[$0], than: values[$1]) } ?? 0
    }
    let start = selection
    totals = rows.map { tables.total($0.measure, of: start) }
    forbiddenPairs = tables.interactions.count {
      $0.pair(start[$0.first], start[$0.second])?.isForbidden == true
    }
  }

  private func violation() -> Double { violation(totals, forbiddenPairs) }

  /// By how much the rows are broken, each relative to its limit; a forbidden pair counts as much as a whole limit.
  private func violation(_ totals: [Double], _ forbiddenPairs: Int) -> Double {
    var sum = Double(forbiddenPairs)
    for (row, total) in zip(rows, totals) {
      if total > row.upper { sum += (total - row.upper) / max(abs(row.upper), .leastNormalMagnitude) }
      if total < row.lower { sum += (row.lower - total) / max(abs(row.lower), .leastNormalMagnitude) }
    }
    return sum
  }

  /// What a swap adds to a measure.
  private func difference(_ measure: Int, _ group: Int, _ choice: Int) -> Double {
    let values = tables.values[measure][group]
    var difference = values[choice] - values[selection[group]]
    for interaction in tables.interactionsOfGroup[group] {
      difference += pair(interaction, group, choice)?.values[measure] ?? 0
      difference -= pair(interaction, group, selection[group])?.values[measure] ?? 0
    }
    return difference
  }

  /// The pair that an interaction has if the group takes the choice.
  private func pair(_ index: Int, _ group: Int, _ choice: Int) -> SelectionTables.Pair? {
    let interaction = tables.interactions[index]
    return interaction.first == group
      ? interaction.pair(choice, selection[interaction.second])
      : interaction.pair(selection[interaction.first], choice)
  }

  private func forbiddenDifference(_ group: Int, _ choice: Int) -> Int {
    tables.interactionsOfGroup[group].reduce(0) { sum, index in
      sum + (pair(index, group, choice)?.isForbidden == true ? 1 : 0)
        - (pair(index, group, selection[group])?.isForbidden == true ? 1 : 0)
    }
  }

  private func swap(_ group: Int, _ choice: Int, from violation: Double) -> Swap {
    var after = totals
    for (index, row) in rows.enumerated() { after[index] += difference(row.measure, group, choice) }
    let change = difference(goal.measure, group, choice)
    return Swap(
      group: group, choice: choice, loss: goal.sense == .minimize ? change : -change,
      mended: violation - self.violation(after, forbiddenPairs + forbiddenDifference(group, choice)))
  }

  private func bestSwap(_ isBetter: (Swap, Swap) -> Bool, where isWanted: (Swap) -> Bool) -> Swap? {
    let violation = violation()
    var best: Swap?
    for group in tables.allowed.indices {
      for choice in tables.allowed[group].indices
      where tables.allowed[group][choice] && choice != selection[group] {
        let swap = swap(group, choice, from: violation)
        if isWanted(swap), best.map({ isBetter(swap, $0) }) ?? true { best = swap }
      }
    }
    return best
  }

  /// Takes the swap that mends most per loss; swaps without a loss come first. Returns whether there was one.
  private mutating func mend() -> Bool {
    let better: (Swap, Swap) -> Bool = { a, b in
      if a.loss <= 0 || b.loss <= 0 { return a.loss <= 0 && (b.loss > 0 || a.mended > b.mended) }
      return a.mended * b.loss > b.mended * a.loss
    }
    return apply(bestSwap(better) { $0.mended > 1e-12 })
  }

  /// Takes the swap that improves the goal most and breaks nothing. Returns whether there was one.
  private mutating func improve() -> Bool {
    apply(bestSwap({ $0.loss < $1.loss }) { $0.loss < 0 && $0.mended >= 0 })
  }

  private mutating func apply(_ swap: Swap?) -> Bool {
    guard let swap else { return false }
    forbiddenPairs += forbiddenDifference(swap.group, swap.choice)
    for (index, row) in rows.enumerated() {
      totals[index] += difference(row.measure, swap.group, swap.choice)
    }
    selection[swap.group] = swap.choice
    return true
  }
}
