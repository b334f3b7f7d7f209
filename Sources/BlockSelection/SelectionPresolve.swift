/// The choices that are left to the program once those that cannot matter are gone.
///
/// What may not be taken goes. A choice also goes if as many others of its group as selections are wanted
/// *dominate* it: their values are no worse in the goal and in every row, they are of the same kind and match the same, and
/// none of them stands in a listed pair, so that exchanging them changes no interaction. Adding in `Double` is monotone in every summand;
/// therefore the exchange in a feasible assignment keeps every row, as it is computed, and its goal is no worse.
struct SelectionPresolve {
  /// The choices left, by group, in order.
  let candidates: [[Int]]
  /// A choice left that is as good, for each choice of each group; `nil` where it may not be taken.
  let replacement: [[Int?]]

  /// - Parameter count: how many of the best selections are wanted; `nil` where none may be lost.
  init(_ tables: SelectionTables, goal: Goal, rows: [BudgetRow], count: Int?) {
    let paired = Self.pairedChoices(tables)
    var replacement: [[Int?]] = tables.allowed.map { $0.indices.map { $0 } }
    for group in tables.allowed.indices {
      for choice in tables.allowed[group].indices where !tables.allowed[group][choice] {
        replacement[group][choice] = nil
      }
      guard let count else { continue }
      let comparison = Comparison(tables, group, goal, rows)
      Self.removeDominated(&replacement[group], paired[group], comparison, count)
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
  private static func removeDominated(
    _ replacement: inout [Int?], _ paired: [Bool], _ comparison: Comparison, _ count: Int
  ) {
    var kept: [[Int]: [Int]] = [:]
    for choice in comparison.order where replacement[choice] != nil && !paired[choice] {
      let alike = kept[comparison.classes[choice], default: []]
      var (dominating, best) = (0, choice)
      for other in alike.prefix(Self.comparisons) where comparison.isNoWorse(other, than: choice) {
        if dominating == 0 { best = other }
        dominating += 1
        if dominating == count { break }
      }
      if dominating == count {
        replacement[choice] = best
      } else {
        kept[comparison.classes[choice], default: []].append(choice)
      }
    }
  }

  /// Compares the choices of one group by numbers that are the better the smaller they are.
  private struct Comparison {
    /// `keys[choice * width + number]`.
    private let keys: [Double]
    private let width: Int
    /// Only choices of one class, by kind and by what they match, take each other's place.
    let classes: [[Int]]
    let order: [Int]

    init(_ tables: SelectionTables, _ group: Int, _ goal: Goal, _ rows: [BudgetRow]) {
      let choices = tables.allowed[group].indices
      let matching = tables.interactionsOfGroup[group].map { tables.interactions[$0] }.filter { !$0.given.isEmpty }
      classes = choices.map { choice in
        (tables.maxKinds == nil ? [] : [tables.kinds[group][choice]])
          + matching.map { $0.first == group ? $0.given[choice] : $0.taken[choice] }
      }
      var columns = [(goal.sign, tables.values[goal.measure][group])]
      columns += rows.sides.map { ($0.sign, tables.values[$0.measure][group]) }
      let width = columns.count
      let keys = choices.flatMap { choice in columns.map { $0.0 * $0.1[choice] } }
      (self.keys, self.width) = (keys, width)
      order = choices.sorted { a, b in
        for index in 0..<width where keys[a * width + index] != keys[b * width + index] {
          return keys[a * width + index] < keys[b * width + index]
        }
        return a < b
      }
    }

    @inline(__always) func isNoWorse(_ a: Int, than b: Int) -> Bool {
      for index in 0..<width where keys[a * width + index] > keys[b * width + index] { return false }
      return true
    }
  }
}

/// What is optimised: the score, or a cost where the question is what is attainable.
struct Goal: Hashable {
  var measure: Int
  var sense: SelectionProblem.Sense

  /// 1, or -1 where the goal is to be large: times this, less is better.
  var sign: Double { sense == .minimize ? 1 : -1 }

  /// Whether `a` is better than `b`.
  func isBetter(_ a: Double, than b: Double) -> Bool { sense == .minimize ? a < b : a > b }
}
