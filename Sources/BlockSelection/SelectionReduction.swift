/// What is left of a question once choices and pairs are gone that no wanted selection can take, whatever the other
/// groups take: because a row would be broken, or because the goal would be worse than a selection that is known.
///
/// Solvers have tolerances that are relative to the numbers they are given. A cost of 1e9 beside a limit of 2, or a
/// score of 1e10 that says "never", would make differences of 0.01 look like rounding; so such numbers go before a
/// solver sees them. A choice only goes where that cannot be an error of rounding.
struct SelectionReduction {
  /// The tables, with further pairs forbidden.
  private(set) var tables: SelectionTables
  /// The choices left, by group, in order. A group without any says that there is no wanted selection.
  private(set) var candidates: [[Int]]
  private let goal: Goal
  private let rows: [BudgetRow]

  /// The least of a measure, times a sign, that choices add, groups, and all together.
  ///
  /// What a pair adds counts half with the one choice and half with the other: so a choice adds at least half of the
  /// least that its pairs add, in each of its group's interactions.
  private struct Least {
    /// What each choice adds with its halves of pairs: infinite where it has no partner left.
    var choices: [[Double]]
    /// The halves, by interaction, of each choice of its first and of its second group.
    var halves: [(first: [Double], second: [Double])]
    var groups: [Double] = []
    var sum = 0.0
    /// The sum of magnitudes.
    var magnitude = 0.0
  }

  /// More rounds are not made: each begins with what the one before has left.
  private static let mostRounds = 16
  /// By how much the largest sums have to become smaller to be worth another solve.
  private static let worthwhile = 64.0

  /// Nothing is gone yet.
  init(_ tables: SelectionTables, _ candidates: [[Int]], goal: Goal, rows: [BudgetRow]) {
    (self.tables, self.candidates, self.goal, self.rows) = (tables, candidates, goal, rows)
  }

  /// What is left.
  ///
  /// - Parameter incumbent: the goal of a selection that is known: only what may be as good is wanted.
  func reduced(incumbent: Double?) -> SelectionReduction {
    var result = self
    result.reduce(incumbent)
    return result
  }

  var candidateCount: Int { candidates.reduce(0) { $0 + $1.count } }

  /// Whether every group has a choice left.
  var isPossible: Bool { candidates.allSatisfy { !$0.isEmpty } }

  /// Whether the goal's or a row's largest sums are so much smaller that a solver's tolerances mean something else.
  func isMuchFiner(than other: SelectionReduction) -> Bool {
    zip(largestSums, other.largestSums).contains { $0 * Self.worthwhile < $1 }
  }

  /// The goal's spread and the rows' magnitudes.
  private var largestSums: [Double] {
    var sums = [Double](repeating: 0, count: rows.count + 1)
    for (group, choices) in candidates.enumerated() {
      let goals = choices.map { tables.values[goal.measure][group][$0] }
      sums[0] += (goals.max() ?? 0) - (goals.min() ?? 0)
      for (index, row) in rows.enumerated() {
        sums[index + 1] += choices.reduce(0) { max($0, abs(tables.values[row.measure][group][$1])) }
      }
    }
    for interaction in tables.interactions {
      let pairs = interaction.pairs.filter { !$0.isForbidden }
      for (index, measure) in ([goal.measure] + rows.map(\.measure)).enumerated() {
        sums[index] += pairs.reduce(0) { max($0, abs($1.values[measure])) }
      }
    }
    return sums
  }

  // MARK: Rounds

  private mutating func reduce(_ incumbent: Double?) {
    let sides = sides(incumbent)
    guard !sides.isEmpty else { return }
    var round = 0
    while round < Self.mostRounds, isPossible {
      round += 1
      var isChanged = false
      for side in sides where isPossible {
        if removeChoices(side) { isChanged = true }
        if isPossible, removePairs(side) { isChanged = true }
      }
      if !isChanged { return }
    }
  }

  private func sides(_ incumbent: Double?) -> [BudgetSide] {
    guard let incumbent else { return rows.sides }
    return rows.sides + [BudgetSide(measure: goal.measure, sign: goal.sign, bound: goal.sign * incumbent)]
  }

  private func least(_ measure: Int, _ sign: Double) -> Least {
    var least = Least(
      choices: tables.values[measure].map { $0.map { sign * $0 } },
      halves: tables.interactions.map { halves($0, measure, sign) })
    for (interaction, halves) in zip(tables.interactions, least.halves) {
      for choice in halves.first.indices { least.choices[interaction.first][choice] += halves.first[choice] }
      for choice in halves.second.indices { least.choices[interaction.second][choice] += halves.second[choice] }
    }
    least.groups = zip(candidates, least.choices).map { choices, values in
      choices.reduce(Double.infinity) { min($0, values[$1]) }
    }
    for value in [sign * tables.constants[measure]] + least.groups {
      least.sum += value
      if value.isFinite { least.magnitude += abs(value) }
    }
    for halves in least.halves {
      for values in [halves.first, halves.second] {
        least.magnitude += values.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
      }
    }
    return least
  }

  /// Half of the least that an interaction adds beside each choice; nothing where it has no pairs.
  private func halves(
    _ interaction: SelectionTables.Interaction, _ measure: Int, _ sign: Double
  ) -> (first: [Double], second: [Double]) {
    guard !interaction.pairs.isEmpty else { return ([], []) }
    let (first, second) = (isLeft(interaction.first), isLeft(interaction.second))
    var listed = ([Int](repeating: 0, count: first.count), [Int](repeating: 0, count: second.count))
    var least = (
      [Double](repeating: .infinity, count: first.count), [Double](repeating: .infinity, count: second.count)
    )
    for pair in interaction.pairs where first[pair.first] && second[pair.second] {
      listed.0[pair.first] += 1
      listed.1[pair.second] += 1
      let value = pair.isForbidden ? .infinity : sign * pair.values[measure] / 2
      least.0[pair.first] = min(least.0[pair.first], value)
      least.1[pair.second] = min(least.1[pair.second], value)
    }
    // A pair that is not listed adds nothing.
    let (firstCount, secondCount) = (candidates[interaction.first].count, candidates[interaction.second].count)
    for choice in first.indices where listed.0[choice] < secondCount { least.0[choice] = min(0, least.0[choice]) }
    for choice in second.indices where listed.1[choice] < firstCount { least.1[choice] = min(0, least.1[choice]) }
    return least
  }

  /// Whether each choice of a group is left.
  private func isLeft(_ group: Int) -> [Bool] {
    var isLeft = [Bool](repeating: false, count: tables.allowed[group].count)
    for choice in candidates[group] { isLeft[choice] = true }
    return isLeft
  }

  /// More than sums in `Double` of so many summands differ by, relative to their magnitudes, whatever the order.
  private var rounding: Double { Double(8 * (candidates.count + tables.interactions.count + 8)) * 0x1p-53 }

  /// Whether a least sum breaks a side by more than rounding.
  private func isBroken(_ side: BudgetSide, _ sum: Double, magnitude: Double, variance: Double) -> Bool {
    let sum = sum - rounding * (magnitude + abs(side.bound))
    guard let chance = side.chance else { return sum > side.bound }
    // The margin rises with the variance, and sum and margin together with the sum.
    return sum + (1 - 1e-9) * chance.margin(sum, variance: variance) - 1e-9 * abs(sum) > side.bound
  }

  private mutating func removeChoices(_ side: BudgetSide) -> Bool {
    let least = least(side.measure, side.sign)
    let variance = side.chance.map { self.least($0.variance, 1) }
    var isChanged = false
    for group in candidates.indices {
      let values = least.choices[group]
      let kept = candidates[group].filter { choice in
        let value = values[choice]
        guard value < .infinity else { return false }
        let spread = variance.map { least in
          max(0, least.sum - least.groups[group] + tables.values[side.chance?.variance ?? 0][group][choice])
        }
        return !isBroken(
          side, least.sum - least.groups[group] + value, magnitude: least.magnitude + abs(value),
          variance: (1 - 1e-9) * (spread ?? 0))
      }
      guard kept.count < candidates[group].count else { continue }
      candidates[group] = kept
      isChanged = true
    }
    return isChanged
  }

  private mutating func removePairs(_ side: BudgetSide) -> Bool {
    guard tables.interactions.contains(where: { !$0.pairs.isEmpty }) else { return false }
    let least = least(side.measure, side.sign)
    let isLeft = tables.allowed.indices.map(isLeft)
    var removed: [Int: [Int]] = [:]
    for (index, interaction) in tables.interactions.enumerated() {
      let (first, second) = (interaction.first, interaction.second)
      let rest = least.sum - least.groups[first] - least.groups[second]
      for (place, pair) in interaction.pairs.enumerated() where !pair.isForbidden {
        // The pair itself, in place of the halves of its choices.
        let values = [
          least.choices[first][pair.first], -least.halves[index].first[pair.first],
          least.choices[second][pair.second], -least.halves[index].second[pair.second],
          side.sign * pair.values[side.measure],
        ]
        let isGone = !isLeft[first][pair.first] || !isLeft[second][pair.second]
        let sum = rest + values.reduce(0, +)
        let magnitude = values.reduce(least.magnitude) { $0 + abs($1) }
        if isGone || isBroken(side, sum, magnitude: magnitude, variance: 0) {
          removed[index, default: []].append(place)
        }
      }
    }
    guard !removed.isEmpty else { return false }
    tables = tables.forbidding(removed)
    return true
  }
}

extension SelectionTables {
  /// The tables with further pairs forbidden: places of pairs by interaction. What they would add is gone as well.
  fileprivate func forbidding(_ pairs: [Int: [Int]]) -> SelectionTables {
    replacing(
      interactions: interactions.enumerated().map { index, interaction in
        guard let places = pairs[index] else { return interaction }
        var all = interaction.pairs
        for place in places {
          let pair = all[place]
          all[place] = Pair(
            first: pair.first, second: pair.second, isForbidden: true, values: pair.values.map { _ in 0 })
        }
        return Interaction(
          first: interaction.first, second: interaction.second, index: interaction.index, pairs: all,
          given: interaction.given, taken: interaction.taken)
      })
  }
}
