/// The choices that are left to the program once those that cannot matter are gone.
///
/// What may not be taken goes. Where only one optimum is wanted, a choice also goes if another one of its group
/// *dominates* it: the other's value is no worse in the goal and in every row, and neither of the two stands in a
/// listed pair, so that exchanging them changes no interaction. Adding in `Double` is monotone in every summand;
/// therefore the exchange in a feasible assignment keeps every row, as it is computed, and its goal is no worse.
struct SelectionPresolve {
  /// The choices left, by group, in order.
  let candidates: [[Int]]
  /// A choice left that is as good, for each choice of each group; `nil` where it may not be taken.
  let replacement: [[Int?]]

  init(_ tables: SelectionTables, goal: Goal, rows: [BudgetRow], removesDominated: Bool) {
    let paired = Self.pairedChoices(tables)
    var replacement: [[Int?]] = tables.allowed.map { $0.indices.map { $0 } }
    for group in tables.allowed.indices {
      for choice in tables.allowed[group].indices where !tables.allowed[group][choice] {
        replacement[group][choice] = nil
      }
      guard removesDominated else { continue }
      let comparison = Comparison(tables, group, goal, rows)
      Self.removeDominated(&replacement[group], paired[group], comparison)
    }
    self.replacement = replacement
    candidates = replacement.map { group in group.indices.filter { group[$0] == $0 } }
  }

  var candidateCount: Int { candidates.reduce(0) { $0 + $1.count } }

  /// The assignment with every dominated choice exchanged; `nil` where it takes what may not be taken.
  func replaced(_ assignment: [Int]) -> [Int]? {
    var result: [Int] = []
    for (group, choice) in assignment.enumerated() {
      guard let other = replacement[group][choice] else { return nil }
      result.append(other)
    }
    return result
  }

  /// How many kept choices one is compared with at most, so that a group of absurd size takes no absurd time.
  private static let comparisons = 256

  private static func pairedChoices(_ tables: SelectionTables) -> [[Bool]] {
    var paired = tables.allowed.map { [Bool](repeating: false, count: $0.count) }
    for interaction in tables.interactions {
      for pair in interaction.pairs {
        paired[interaction.first][pair.first] = true
        paired[interaction.second][pair.second] = true
      }
    }
    return paired
  }

  /// Works through the choices from the best goal to the worst, so that a dominating one always comes first.
  private static func removeDominated(_ replacement: inout [Int?], _ paired: [Bool], _ comparison: Comparison) {
    var kept: [Int] = []
    for choice in comparison.order where replacement[choice] != nil && !paired[choice] {
      if let better = kept.prefix(Self.comparisons).first(where: { comparison.isNoWorse($0, than: choice) }) {
        replacement[choice] = better
      } else {
        kept.append(choice)
      }
    }
  }

  /// Compares the choices of one group by numbers that are the better the smaller they are.
  private struct Comparison {
    let keys: [[Double]]
    let order: [Int]

    init(_ tables: SelectionTables, _ group: Int, _ goal: Goal, _ rows: [BudgetRow]) {
      let choices = tables.allowed[group].indices
      keys = choices.map { choice in
        let goalValue = tables.values[goal.measure][group][choice]
        var key = [goal.sense == .minimize ? goalValue : -goalValue]
        for row in rows {
          let value = tables.values[row.measure][group][choice]
          if row.upper < .infinity { key.append(value) }
          if row.lower > -.infinity { key.append(-value) }
        }
        return key
      }
      let keys = keys
      order = choices.sorted { a, b in
        for (x, y) in zip(keys[a], keys[b]) where x != y { return x < y }
        return a < b
      }
    }

    func isNoWorse(_ a: Int, than b: Int) -> Bool { zip(keys[a], keys[b]).allSatisfy { $0 <= $1 } }
  }
}

/// What is optimised: the score, or a cost where the question is what is attainable.
struct Goal: Hashable {
  var measure: Int
  var sense: SelectionProblem.Sense

  /// Whether `a` is better than `b`.
  func isBetter(_ a: Double, than b: Double) -> Bool { sense == .minimize ? a < b : a > b }
}
