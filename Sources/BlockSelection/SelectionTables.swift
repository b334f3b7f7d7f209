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
  /// The costs' names; measure `m` is `costNames[m - 1]`.
  package let costNames: [String]
  /// `values[measure][group][choice]`.
  package let values: [[[Double]]]
  /// What is summed whatever is chosen, by measure.
  package let constants: [Double]
  /// Whether a choice may be taken: `allowed[group][choice]`.
  package let allowed: [[Bool]]
  package let interactions: [Interaction]
  /// The interactions of each group.
  package let interactionsOfGroup: [[Int]]

  package var groupCount: Int { allowed.count }
  package var measureCount: Int { values.count }

  /// Reads a problem that ``SelectionProblem/validate()`` has accepted.
  package init(_ problem: SelectionProblem) {
    sense = problem.sense
    costNames = Self.costNames(of: problem)
    constants = [0] + costNames.map { problem.fixedCosts[$0] ?? 0 }
    values =
      [problem.groups.map { $0.choices.map(\.score) }]
      + costNames.map { name in problem.groups.map { $0.choices.map { $0.costs[name] ?? 0 } } }
    allowed = problem.groups.map(Self.allowed)
    interactions = Self.interactions(of: problem, costNames)
    var ofGroup = [[Int]](repeating: [], count: problem.groups.count)
    for (index, interaction) in interactions.enumerated() {
      ofGroup[interaction.first].append(index)
      ofGroup[interaction.second].append(index)
    }
    interactionsOfGroup = ofGroup
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

  private static func interactions(of problem: SelectionProblem, _ costNames: [String]) -> [Interaction] {
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
        return Pair(first: a, second: b, isForbidden: pair.forbidden, values: [pair.score] + costs)
      }
      let index = Dictionary(
        pairs.enumerated().map { (Interaction.key($1.first, $1.second), $0) },
        uniquingKeysWith: { first, _ in first })
      return Interaction(first: first, second: second, index: index, pairs: pairs)
    }
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
    zip(allowed, assignment).allSatisfy { $0[$1] }
      && interactions.allSatisfy {
        $0.pair(assignment[$0.first], assignment[$0.second])?.isForbidden != true
      }
  }

  /// Whether the assignment is allowed and keeps every row, without any tolerance.
  package func isFeasible(_ assignment: [Int], _ rows: [BudgetRow]) -> Bool {
    isAllowed(assignment) && rows.allSatisfy { $0.holds(total($0.measure, of: assignment)) }
  }
}

/// The limits of one measure.
package struct BudgetRow: Hashable, Sendable {
  package var measure: Int
  package var lower: Double
  package var upper: Double

  package init(measure: Int, lower: Double = -.infinity, upper: Double = .infinity) {
    self.measure = measure
    self.lower = lower
    self.upper = upper
  }

  package func holds(_ total: Double) -> Bool { total >= lower && total <= upper }
}

extension SelectionTables {
  /// The rows of a problem's budgets, by name.
  package func rows(of problem: SelectionProblem) -> [BudgetRow] {
    problem.budgets.sorted { $0.key < $1.key }.compactMap { name, budget in
      measure(ofCost: name).map {
        BudgetRow(measure: $0, lower: budget.min ?? -.infinity, upper: budget.max ?? .infinity)
      }
    }
  }
}
