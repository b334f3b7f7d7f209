/// A problem as tables of numbers: names are gone, groups and choices are indices.
///
/// A *measure* is something that is summed over an assignment: measure 0 is the score, the others are costs.
package struct SelectionTables: Sendable {
  /// The measure of the score.
  package static let score = 0

  /// Two interacting groups and the pairs that are not free.
  package struct Interaction: Sendable {
    package let first: Int
    package let second: Int
    /// Where a pair stands in `pairs`, by ``key(_:_:)``.
    package let index: [Int: Int]
    package let pairs: [Pair]

    /// What each choice of the first group gives and each of the second one takes, where the two have to match; else
    /// empty.
    package let given: [Int]
    package let taken: [Int]

    /// Whether two choices must not be taken together.
    package func forbids(_ a: Int, _ b: Int) -> Bool {
      if !given.isEmpty, given[a] != taken[b] { return true }
      return !pairs.isEmpty && pair(a, b)?.isForbidden == true
    }

    /// The place of a pair of choices in `index`.
    package static func key(_ a: Int, _ b: Int) -> Int { a << 32 | b }

    /// The pair of two choices; `nil` where it is not listed and thus free.
    package func pair(_ a: Int, _ b: Int) -> Pair? { index[Self.key(a, b)].map { pairs[$0] } }
  }

  /// Two choices taken together.
  package struct Pair: Sendable {
    package let first: Int
    package let second: Int
    package let isForbidden: Bool
    /// One number per measure.
    package let values: [Double]
  }

  package let sense: SelectionProblem.Sense
  /// The costs' names; measure `m` is `costNames[m - 1]`. Measures after these are made up: variances, what is in
  /// common with earlier selections.
  package let costNames: [String]
  /// `values[measure][group][choice]`.
  package private(set) var values: [[[Double]]]
  /// What is summed whatever is chosen, by measure.
  package private(set) var constants: [Double]
  /// Whether a choice may be taken: `allowed[group][choice]`.
  package internal(set) var allowed: [[Bool]]
  package private(set) var interactions: [Interaction]
  /// The problem's budgets, by name, and what is in common with earlier selections.
  package let rows: [BudgetRow]
  /// The number of each choice's kind, negative where it has none.
  package let kinds: [[Int]]
  /// How many kinds may be taken.
  package internal(set) var maxKinds: Int?
  /// Whether some choices are left out for one question.
  var isMasked = false
  /// The interactions of each group.
  package let interactionsOfGroup: [[Int]]

  package var groupCount: Int { allowed.count }
  package var measureCount: Int { values.count }
  /// The measures of the problem, without those that are made up for one question.
  let lastingMeasureCount: Int

  /// Reads a problem that ``SelectionProblem/validate()`` has accepted.
  package init(_ problem: SelectionProblem) {
    sense = problem.sense
    let costNames = Self.costNames(of: problem)
    self.costNames = costNames
    let chances = problem.budgets.filter { $0.value.probability ?? 0.5 > 0.5 }.keys.sorted()
    let earlier = problem.diversity?.earlier ?? []
    constants = [0] + costNames.map { problem.fixedCosts[$0] ?? 0 } + (chances.map { _ in 0 } + earlier.map { _ in 0 })
    func table(_ value: (SelectionProblem.Group, SelectionProblem.Choice) -> Double) -> [[Double]] {
      problem.groups.map { group in group.choices.map { value(group, $0) } }
    }
    values = [table { $1.score }] + costNames.map { name in table { $1.costs[name] ?? 0 } }
    values += chances.map { name in table { ($1.deviations[name] ?? 0) * ($1.deviations[name] ?? 0) } }
    values += earlier.map { selection in table { selection[$0.name] == $1.name ? 1 : 0 } }
    let overlaps = earlier.indices.map { index in
      BudgetRow(
        measure: 1 + costNames.count + chances.count + index,
        // A little more, since 0.58 · 50 is less than 29 in `Double`.
        upper: ((problem.diversity?.maxOverlap ?? 1) * Double(problem.groups.count) + 1e-9).rounded(.down))
    }
    rows = Self.budgetRows(problem, costNames, chances) + overlaps
    lastingMeasureCount = values.count
    allowed = problem.groups.map(Self.allowed)
    interactions = Self.interactions(of: problem, costNames, measures: constants.count)
    var ofGroup = [[Int]](repeating: [], count: problem.groups.count)
    for (index, interaction) in interactions.enumerated() {
      ofGroup[interaction.first].append(index)
      ofGroup[interaction.second].append(index)
    }
    interactionsOfGroup = ofGroup
    let kindNames = Set(problem.groups.flatMap { $0.choices.compactMap(\.kind) }).sorted()
    let kindNumbers = Dictionary(uniqueKeysWithValues: zip(kindNames, kindNames.indices))
    kinds = problem.groups.map { $0.choices.map { $0.kind.flatMap { kindNumbers[$0] } ?? -1 } }
    // A limit that cannot be exceeded is none.
    maxKinds = problem.maxKinds.flatMap { $0 < kindNames.count ? $0 : nil }
  }

  /// The costs that can be summed: those which every choice states.
  private static func costNames(of problem: SelectionProblem) -> [String] {
    var names: Set<String>?
    for group in problem.groups {
      for choice in group.choices { names = names?.intersection(choice.costs.keys) ?? Set(choice.costs.keys) }
    }
    return (names ?? []).sorted()
  }

  private static func allowed(_ group: SelectionProblem.Group) -> [Bool] {
    let forced = group.choices.firstIndex { $0.forced }
    return group.choices.enumerated().map { index, choice in
      forced.map { $0 == index } ?? !choice.forbidden
    }
  }

  private static func budgetRows(
    _ problem: SelectionProblem, _ costNames: [String], _ chances: [String]
  ) -> [BudgetRow] {
    problem.budgets.sorted { $0.key < $1.key }.compactMap { name, budget in
      guard let index = costNames.firstIndex(of: name) else { return nil }
      var row = BudgetRow(measure: index + 1, lower: budget.min ?? -.infinity, upper: budget.max ?? .infinity)
      if let probability = budget.probability, let variance = chances.firstIndex(of: name) {
        row.chance = Chance(
          probability: probability, common: budget.commonDeviation ?? 0, variance: 1 + costNames.count + variance)
      }
      return row
    }
  }

  private static func interactions(
    of problem: SelectionProblem, _ costNames: [String], measures: Int
  ) -> [Interaction] {
    let names = ChoiceNames(problem.groups)
    let groupIndex = Dictionary(
      problem.groups.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    return problem.interactions.compactMap { interaction in
      guard let first = groupIndex[interaction.groups[0]], let second = groupIndex[interaction.groups[1]],
        let firstNames = names.groups[interaction.groups[0]],
        let secondNames = names.groups[interaction.groups[1]]
      else { return nil }
      let pairs = interaction.pairs.compactMap { pair -> Pair? in
        guard let a = firstNames[pair.choices[0]], let b = secondNames[pair.choices[1]] else { return nil }
        let costs = costNames.map { pair.costs[$0] ?? 0 }
        let others = [Double](repeating: 0, count: measures - 1 - costs.count)
        return Pair(first: a, second: b, isForbidden: pair.forbidden, values: [pair.score] + costs + others)
      }
      let index = Dictionary(
        pairs.enumerated().map { (Interaction.key($1.first, $1.second), $0) },
        uniquingKeysWith: { first, _ in first })
      let tags = interaction.matching ? Self.tags(problem.groups[first], problem.groups[second]) : ([], [])
      return Interaction(first: first, second: second, index: index, pairs: pairs, given: tags.0, taken: tags.1)
    }
  }

  /// Outputs and inputs as numbers that are equal where the texts are.
  private static func tags(_ first: SelectionProblem.Group, _ second: SelectionProblem.Group) -> ([Int], [Int]) {
    var numbers: [String?: Int] = [:]
    func number(_ text: String?) -> Int {
      let known = numbers[text] ?? numbers.count
      numbers[text] = known
      return known
    }
    return (first.choices.map { number($0.output) }, second.choices.map { number($0.input) })
  }

  /// The measure of a cost; `nil` where not every choice states it.
  package func measure(ofCost name: String) -> Int? { costNames.firstIndex(of: name).map { $0 + 1 } }

  /// The sum that counts: the constant, then the groups in order, then the interactions in order, in `Double`.
  package func total(_ measure: Int, of assignment: [Int]) -> Double {
    var sum = constants[measure]
    let table = values[measure]
    for (group, choice) in assignment.enumerated() { sum += table[group][choice] }
    for interaction in interactions {
      guard let pair = interaction.pair(assignment[interaction.first], assignment[interaction.second]) else {
        continue
      }
      sum += pair.values[measure]
    }
    return sum
  }

  /// Whether every choice may be taken, alone and together with the others.
  package func isAllowed(_ assignment: [Int]) -> Bool {
    guard zip(allowed, assignment).allSatisfy({ $0[$1] }) else { return false }
    if interactions.contains(where: { $0.forbids(assignment[$0.first], assignment[$0.second]) }) { return false }
    guard let maxKinds else { return true }
    return Set(zip(kinds, assignment).lazy.map { $0[$1] }.filter { $0 >= 0 }).count <= maxKinds
  }

  /// Whether the assignment is allowed and keeps every row, without any tolerance.
  package func isFeasible(_ assignment: [Int], _ rows: [BudgetRow]) -> Bool {
    isAllowed(assignment) && rows.allSatisfy { holds($0, assignment) }
  }

  /// Whether the assignment keeps a row, without any tolerance.
  package func holds(_ row: BudgetRow, _ assignment: [Int]) -> Bool {
    row.holds(
      total(row.measure, of: assignment), variance: row.chance.map { total($0.variance, of: assignment) } ?? 0)
  }

  /// The tables with other interactions between the same groups.
  func replacing(interactions: [Interaction]) -> SelectionTables {
    var result = self
    result.interactions = interactions
    return result
  }

  /// The tables in which only these choices may be taken, by group.
  func keeping(_ candidates: [[Int]]) -> SelectionTables {
    var result = self
    result.isMasked = true
    for group in allowed.indices {
      for choice in allowed[group].indices { result.allowed[group][choice] = false }
      for choice in candidates[group] { result.allowed[group][choice] = allowed[group][choice] }
    }
    return result
  }

  /// The tables with one more measure: a sum of multiples of others.
  func adding(_ parts: [(factor: Double, measure: Int)]) -> SelectionTables {
    func sum(_ value: (Int) -> Double) -> Double { parts.reduce(0) { $0 + $1.factor * value($1.measure) } }
    var result = self
    result.values.append(
      allowed.indices.map { group in allowed[group].indices.map { choice in sum { values[$0][group][choice] } } })
    result.constants.append(sum { constants[$0] })
    result.interactions = interactions.map { interaction in
      let pairs = interaction.pairs.map { pair in
        Pair(
          first: pair.first, second: pair.second, isForbidden: pair.isForbidden,
          values: pair.values + [sum { pair.values[$0] }])
      }
      return Interaction(
        first: interaction.first, second: interaction.second, index: interaction.index, pairs: pairs,
        given: interaction.given, taken: interaction.taken)
    }
    return result
  }
}

/// The limits of one measure.
package struct BudgetRow: Hashable, Sendable {
  package var measure: Int
  package var lower: Double
  package var upper: Double
  /// Where the limits have to be kept with a probability: each of the two with that, not both together.
  package var chance: Chance?

  package init(measure: Int, lower: Double = -.infinity, upper: Double = .infinity) {
    self.measure = measure
    self.lower = lower
    self.upper = upper
  }

  /// Whether a sum keeps the limits, given the sum of its variances.
  package func holds(_ total: Double, variance: Double = 0) -> Bool {
    let margin = chance?.margin(total, variance: variance) ?? 0
    return total - margin >= lower && total + margin <= upper
  }
}
