/// The greedy method: mend what is broken at the smallest loss, then improve what may be improved.
struct GreedySelection {
  private let tables: SelectionTables
  /// -1 where the goal is to be large: differences are counted so that less is better.
  private let sign: Double
  private let rows: [BudgetRow]
  /// What a unit of each row counts: one over its limit's magnitude, or over what selections weigh where that is next
  /// to 0.
  private let upperUnit: [Double]
  private let lowerUnit: [Double]
  /// The choices that may be taken, group by group.
  private let places: [(group: Int, choice: Int)]
  /// What the choices add to each row, `values[place * rows + row]`, and to the goal.
  private let values: [Double]
  private let goals: [Double]
  private let goalMeasure: Int
  private var selection: [Int]
  /// Where the selected choices stand in `places`.
  private var taken: [Int]
  /// The totals of the rows, kept up to date by differences.
  private var totals: [Double]
  private var forbiddenPairs: Int
  /// How many more times a swap may be looked at, times rows.
  private var effort: Int

  private struct Swap {
    let place: Int
    /// How much worse the goal becomes; negative where it becomes better.
    let loss: Double
    let mended: Double
  }

  /// The selection after at most `effort` looks at a row of a swap.
  static func selection(_ tables: SelectionTables, _ goal: Goal, _ rows: [BudgetRow], effort: Int) -> [Int] {
    var method = GreedySelection(tables, goal, rows, start: nil, effort: effort)
    method.run(exchanges: false)
    return method.selection
  }

  /// The selection that begins with another one, and where no swap helps any more goes on with two at once: one that
  /// improves the goal and breaks rows, and one that mends them at a smaller loss.
  static func exchanged(
    _ start: [Int], _ tables: SelectionTables, _ goal: Goal, _ rows: [BudgetRow], effort: Int
  ) -> [Int] {
    var method = GreedySelection(tables, goal, rows, start: start, effort: effort)
    method.run(exchanges: true)
    return method.selection
  }

  private mutating func run(exchanges: Bool) {
    var steps = 8 * tables.groupCount + 16
    while steps > 0, effort > 0, violation() > 0, mend() { steps -= 1 }
    while steps > 0, effort > 0, violation() == 0, improve() || (exchanges && exchange()) { steps -= 1 }
  }

  private init(_ tables: SelectionTables, _ goal: Goal, _ rows: [BudgetRow], start: [Int]?, effort: Int) {
    (self.tables, self.rows, self.effort, goalMeasure) = (tables, rows, effort, goal.measure)
    let sign = goal.sign
    self.sign = sign
    let weights = rows.map { Self.weight(tables, $0.measure) }
    upperUnit = zip(rows, weights).map { Self.unit($0.upper, $1) }
    lowerUnit = zip(rows, weights).map { Self.unit($0.lower, $1) }
    let places = tables.allowed.enumerated().flatMap { group, allowed in
      allowed.indices.filter { allowed[$0] }.map { (group: group, choice: $0) }
    }
    self.places = places
    let table = tables.values[goal.measure]
    let goals = places.map { sign * table[$0.group][$0.choice] }
    self.goals = goals
    var values = [Double](repeating: 0, count: places.count * rows.count)
    for (row, measure) in rows.map(\.measure).enumerated() {
      let table = tables.values[measure]
      for (index, place) in places.enumerated() { values[index * rows.count + row] = table[place.group][place.choice] }
    }
    self.values = values
    var taken = [Int](repeating: -1, count: tables.groupCount)
    for (index, place) in places.enumerated() {
      let isFirst = taken[place.group] < 0
      let isWanted =
        start.map { $0[place.group] == place.choice } ?? (isFirst || goals[index] < goals[taken[place.group]])
      if isFirst || isWanted { taken[place.group] = index }
    }
    self.taken = taken
    let start = taken.map { $0 < 0 ? 0 : places[$0].choice }
    selection = start
    totals = rows.map { tables.total($0.measure, of: start) }
    forbiddenPairs = tables.interactions.count {
      $0.forbids(start[$0.first], start[$0.second])
    }
  }

  /// What a selection of the smallest numbers that are not 0 weighs, in magnitudes.
  private static func weight(_ tables: SelectionTables, _ measure: Int) -> Double {
    let sum = tables.values[measure].reduce(abs(tables.constants[measure])) { sum, values in
      let smallest = values.reduce(Double.infinity) { $1 == 0 ? $0 : min($0, abs($1)) }
      return smallest < .infinity ? sum + smallest : sum
    }
    return sum > 0 ? sum : 1
  }

  /// A limit of 0, of which nothing is a fraction, counts as what selections weigh.
  private static func unit(_ limit: Double, _ weight: Double) -> Double {
    1 / (abs(limit) > 1e-9 * weight ? abs(limit) : weight)
  }

  /// By how much the rows are broken, each relative to its limit; a forbidden pair counts as much as a whole limit.
  private func violation() -> Double {
    var sum = Double(forbiddenPairs)
    for row in rows.indices { sum += violation(row, totals[row]) }
    return sum
  }

  @inline(__always) private func violation(_ row: Int, _ total: Double) -> Double {
    if total > rows[row].upper { return (total - rows[row].upper) * upperUnit[row] }
    if total < rows[row].lower { return (rows[row].lower - total) * lowerUnit[row] }
    return 0
  }

  /// What a swap adds to a measure through the pairs that its group takes part in.
  private func pairDifference(_ measure: Int, _ group: Int, _ choice: Int) -> Double {
    var difference = 0.0
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
      sum + (forbids(index, group, choice) ? 1 : 0) - (forbids(index, group, selection[group]) ? 1 : 0)
    }
  }

  /// Whether an interaction forbids the group to take the choice.
  private func forbids(_ index: Int, _ group: Int, _ choice: Int) -> Bool {
    let interaction = tables.interactions[index]
    return interaction.first == group
      ? interaction.forbids(choice, selection[interaction.second])
      : interaction.forbids(selection[interaction.first], choice)
  }

  @inline(__always) private func swap(_ place: Int, from violation: Double) -> Swap {
    let (group, choice) = places[place]
    let interacts = !tables.interactionsOfGroup[group].isEmpty
    var (after, loss) = (Double(forbiddenPairs), goals[place] - goals[taken[group]])
    let (new, old) = (place * rows.count, taken[group] * rows.count)
    for row in 0..<rows.count {
      var change = values[new + row] - values[old + row]
      if interacts { change += pairDifference(rows[row].measure, group, choice) }
      after += self.violation(row, totals[row] + change)
    }
    if interacts {
      after += Double(forbiddenDifference(group, choice))
      loss += sign * pairDifference(goalMeasure, group, choice)
    }
    return Swap(place: place, loss: loss, mended: violation - after)
  }

  @inline(__always)
  private mutating func bestSwap(_ isBetter: (Swap, Swap) -> Bool, where isWanted: (Swap) -> Bool) -> Swap? {
    effort -= places.count * (rows.count + 2)
    let violation = violation()
    var best: Swap?
    for place in 0..<places.count where place != taken[places[place].group] {
      let swap = swap(place, from: violation)
      if isWanted(swap), best.map({ isBetter(swap, $0) }) ?? true { best = swap }
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

  /// Takes the first swap that improves the goal and breaks rows, with the best one that mends them, where both together
  /// improve the goal. Returns whether there were such two.
  private mutating func exchange() -> Bool {
    for place in places.indices where effort > 0 && place != taken[places[place].group] {
      let first = swap(place, from: 0)
      guard first.loss < 0 else { continue }
      let before = self
      _ = apply(first)
      let broken = violation()
      let second = bestSwap({ $0.loss < $1.loss }, where: { $0.mended >= broken && first.loss + $0.loss < 0 })
      if apply(second) { return true }
      let left = effort
      self = before
      effort = left
    }
    return false
  }

  private mutating func apply(_ swap: Swap?) -> Bool {
    guard let swap else { return false }
    let (group, choice) = places[swap.place]
    forbiddenPairs += forbiddenDifference(group, choice)
    for row in rows.indices {
      totals[row] += values[swap.place * rows.count + row] - values[taken[group] * rows.count + row]
      totals[row] += pairDifference(rows[row].measure, group, choice)
    }
    (selection[group], taken[group]) = (choice, swap.place)
    return true
  }
}
