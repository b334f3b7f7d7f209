import MixedInteger

/// The greedy method: mend what is broken at the smallest loss, then improve what may be improved.
struct GreedySelection {
  /// Limits that are looked at at once.
  private typealias Limits = SIMD4<Double>

  private let tables: SelectionTables
  /// -1 where the goal is to be large: differences are counted so that less is better.
  private let sign: Double
  private let goalMeasure: Int
  private let sides: [BudgetSide]
  /// How many vectors hold a number for every limit.
  private let width: Int
  /// The limits, infinite in what is left over of the last vector, and what a unit of each counts: one over its
  /// magnitude, or over what selections weigh where that is next to 0.
  private let bounds: [Limits]
  private let units: [Limits]
  /// The choices that may be taken, group by group; a group's are `first[group] ..< first[group + 1]`.
  private let places: [(group: Int, choice: Int)]
  private let first: [Int]
  /// What the choices alone add to each limit's sum, `own[place * width + part]`, and to the goal.
  private let own: [Limits]
  private let ownGoals: [Double]
  /// The same with what pairs with the present choices of other groups add, and how many of these pairs are forbidden.
  private var values: [Limits]
  private var goals: [Double]
  private var forbidden: [Double]
  private var selection: [Int]
  /// Where the selected choices stand in `places`.
  private var taken: [Int]
  /// The sums that are limited, kept up to date by differences.
  private var totals: [Limits]
  private var forbiddenPairs: Double
  /// How many more times a swap or a pair may be looked at, times limits.
  private var effort: Int
  private let mustStop: () -> StopReason?

  private struct Swap {
    let place: Int
    /// How much worse the goal becomes; negative where it becomes better.
    let loss: Double
    let mended: Double
  }

  /// The selection after at most `effort` looks at a limit of a swap.
  static func selection(
    _ tables: SelectionTables, _ goal: Goal, _ rows: [BudgetRow], effort: Int, mustStop: @escaping () -> StopReason?
  ) -> [Int] {
    var method = GreedySelection(tables, goal, rows, start: nil, effort: effort, mustStop)
    method.run(exchanges: false)
    return method.selection
  }

  /// The selection that begins with another one, and where no swap helps any more goes on with two at once: one that
  /// improves the goal and breaks rows, and one that mends them at a smaller loss.
  static func exchanged(
    _ start: [Int], _ tables: SelectionTables, _ goal: Goal, _ rows: [BudgetRow], effort: Int,
    mustStop: @escaping () -> StopReason?
  ) -> [Int] {
    var method = GreedySelection(tables, goal, rows, start: start, effort: effort, mustStop)
    method.run(exchanges: true)
    return method.selection
  }

  private mutating func run(exchanges: Bool) {
    var steps = 8 * tables.groupCount + 16
    while steps > 0, effort > 0, violation() > 0, mend() { steps -= 1 }
    while steps > 0, effort > 0, violation() == 0, improve() || (exchanges && exchange()) { steps -= 1 }
  }

  private init(
    _ tables: SelectionTables, _ goal: Goal, _ rows: [BudgetRow], start: [Int]?, effort: Int,
    _ mustStop: @escaping () -> StopReason?
  ) {
    (self.tables, self.effort, goalMeasure, sign) = (tables, effort, goal.measure, goal.sign)
    self.mustStop = mustStop
    let sides = rows.sides
    bounds = Self.vectors(sides.map(\.bound), rest: .infinity)
    (self.sides, width) = (sides, bounds.count)
    units = Self.vectors(sides.map { Self.unit($0.bound, Self.weight(tables, $0.measure)) }, rest: 0)
    let places = tables.allowed.enumerated().flatMap { group, allowed in
      allowed.indices.filter { allowed[$0] }.map { (group: group, choice: $0) }
    }
    self.places = places
    first = tables.allowed.reduce(into: [0]) { first, allowed in
      first.append(first[first.count - 1] + allowed.count { $0 })
    }
    let goals = places.map { goal.sign * tables.values[goal.measure][$0.group][$0.choice] }
    (ownGoals, self.goals, forbidden) = (goals, goals, goals.map { _ in 0 })
    own = places.flatMap { place in
      Self.vectors(sides.map { $0.sign * tables.values[$0.measure][place.group][place.choice] }, rest: 0)
    }
    values = own
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
    totals = Self.vectors(sides.map { $0.sign * tables.total($0.measure, of: start) }, rest: 0)
    forbiddenPairs = Double(tables.interactions.count { $0.forbids(start[$0.first], start[$0.second]) })
    for group in tables.allowed.indices where !tables.interactionsOfGroup[group].isEmpty { addPairs(group) }
  }

  /// Numbers as vectors, at least one, filled up with `rest`.
  private static func vectors(_ numbers: [Double], rest: Double) -> [Limits] {
    var vectors = [Limits](repeating: Limits(repeating: rest), count: max(1, (numbers.count + 3) / 4))
    for (index, number) in numbers.enumerated() {
      vectors[index / Limits.scalarCount][index % Limits.scalarCount] = number
    }
    return vectors
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

  /// By how much the limits are broken, each relative to itself; a forbidden pair counts as much as a whole limit.
  private func violation() -> Double {
    var sum = forbiddenPairs
    for part in 0..<width { sum += violation(totals[part], part) }
    return sum
  }

  @inline(__always) private func violation(_ totals: Limits, _ part: Int) -> Double {
    let excess = totals - bounds[part]
    return (excess.replacing(with: 0, where: excess .< 0) * units[part]).sum()
  }

  /// What a group's choices add together with what the other groups take now.
  private mutating func addPairs(_ group: Int) {
    let interactions = tables.interactionsOfGroup[group].map { tables.interactions[$0] }
    let others = interactions.map { selection[$0.first == group ? $0.second : $0.first] }
    effort -= interactions.count * (first[group + 1] - first[group]) * (sides.count + 2)
    for place in first[group]..<first[group + 1] {
      goals[place] = ownGoals[place]
      forbidden[place] = 0
      for part in 0..<width { values[place * width + part] = own[place * width + part] }
      for (interaction, other) in zip(interactions, others) {
        let choice = places[place].choice
        let (a, b) = interaction.first == group ? (choice, other) : (other, choice)
        if interaction.forbids(a, b) { forbidden[place] += 1 }
        guard !interaction.pairs.isEmpty, let pair = interaction.pair(a, b) else { continue }
        goals[place] += sign * pair.values[goalMeasure]
        for (index, side) in sides.enumerated() {
          let lane = index % Limits.scalarCount
          values[place * width + index / Limits.scalarCount][lane] += side.sign * pair.values[side.measure]
        }
      }
    }
  }

  /// What taking the choice at a place instead of its group's present one does.
  private func swap(_ place: Int, from violation: Double) -> Swap {
    let old = taken[places[place].group]
    var after = forbiddenPairs + forbidden[place] - forbidden[old]
    for part in 0..<width {
      after += self.violation(totals[part] + (values[place * width + part] - values[old * width + part]), part)
    }
    return Swap(place: place, loss: goals[place] - goals[old], mended: violation - after)
  }

  /// The best swap among those that are wanted; none where the time is over.
  @inline(__always)
  private mutating func bestSwap(_ isBetter: (Swap, Swap) -> Bool, where isWanted: (Swap) -> Bool) -> Swap? {
    effort -= places.count * (sides.count + 2)
    guard mustStop() == nil else {
      effort = 0
      return nil
    }
    let violation = violation()
    var best: Swap?
    func consider(_ swap: Swap) { if isWanted(swap), best.map({ isBetter(swap, $0) }) ?? true { best = swap } }
    for group in taken.indices {
      if width == 1 {
        eachSwap(group, from: violation, consider)
      } else {
        for place in first[group]..<first[group + 1] where place != taken[group] {
          consider(swap(place, from: violation))
        }
      }
    }
    return best
  }

  /// The swaps of a group under at most four limits: what most of the time goes into.
  @inline(__always)
  private func eachSwap(_ group: Int, from violation: Double, _ consider: (Swap) -> Void) {
    guard first[group] < first[group + 1] else { return }
    let (old, bound, unit) = (taken[group], bounds[0], units[0])
    let (without, goal, most) = (totals[0] - values[old], goals[old], violation - forbiddenPairs + forbidden[old])
    let places = first[group]..<first[group + 1]
    values.withUnsafeBufferPointer { values in
      goals.withUnsafeBufferPointer { goals in
        forbidden.withUnsafeBufferPointer { forbidden in
          for place in places where place != old {
            let excess = without + values[place] - bound
            let after = forbidden[place] + (excess.replacing(with: 0, where: excess .< 0) * unit).sum()
            consider(Swap(place: place, loss: goals[place] - goal, mended: most - after))
          }
        }
      }
    }
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
      let (group, before) = (places[place].group, totals)
      let old = taken[group]
      take(place)
      let broken = violation()
      let second = bestSwap({ $0.loss < $1.loss }, where: { $0.mended >= broken && first.loss + $0.loss < 0 })
      if apply(second) { return true }
      take(old)
      totals = before
    }
    return false
  }

  private mutating func apply(_ swap: Swap?) -> Bool {
    if let swap { take(swap.place) }
    return swap != nil
  }

  /// Takes the choice at a place, and brings up to date what the groups that interact with it would add.
  private mutating func take(_ place: Int) {
    let (group, choice) = places[place]
    let old = taken[group]
    forbiddenPairs += forbidden[place] - forbidden[old]
    for part in 0..<width { totals[part] += values[place * width + part] - values[old * width + part] }
    (selection[group], taken[group]) = (choice, place)
    for index in tables.interactionsOfGroup[group] {
      let interaction = tables.interactions[index]
      addPairs(interaction.first == group ? interaction.second : interaction.first)
    }
  }
}
