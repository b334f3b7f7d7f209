/// Simple methods to compare the optimum with, and to start the search from.
struct SelectionBaselines {
  private static let randomSelections = 1000
  /// The greedy method gives up after looking at this many swaps times rows, so that absurd sizes end in time.
  private static let greedyEffort = 200_000_000

  let greedy: [Int]?
  let uniform: [Int]?
  let random: [Int]?

  init(_ tables: SelectionTables, names: [[String]], goal: Goal, rows: [BudgetRow], seed: UInt64) {
    let judge = Judge(tables: tables, goal: goal, rows: rows)
    guard tables.allowed.allSatisfy({ $0.contains(true) }) else {
      (greedy, uniform, random) = (nil, nil, nil)
      return
    }
    uniform = judge.best(of: Self.uniformSelections(tables, names))
    random = judge.best(of: Self.randomSelections(tables, seed))
    greedy = judge.best(of: [GreedySelection.selection(tables, goal, rows, effort: Self.greedyEffort)])
  }

  /// Compares whole selections.
  struct Judge {
    let tables: SelectionTables
    let goal: Goal
    let rows: [BudgetRow]

    /// The best feasible selection, the first of equals.
    func best(of selections: some Sequence<[Int]>) -> [Int]? {
      var best: (selection: [Int], value: Double)?
      for selection in selections where tables.isFeasible(selection, rows) {
        let value = tables.total(goal.measure, of: selection)
        if best.map({ goal.isBetter(value, than: $0.value) }) ?? true { best = (selection, value) }
      }
      return best?.selection
    }
  }

  /// One selection per name that every group has, and one per place. A group with a forced choice takes that.
  private static func uniformSelections(_ tables: SelectionTables, _ names: [[String]]) -> [[Int]] {
    let places = names.map { Dictionary(zip($0, $0.indices), uniquingKeysWith: { first, _ in first }) }
    var selections: [[Int]] = []
    for name in names.first ?? [] {
      let selection = places.compactMap { $0[name] }
      if selection.count == names.count { selections.append(selection) }
    }
    let shortest = names.map(\.count).min() ?? 0
    selections += (0..<shortest).map { place in names.map { _ in place } }
    return selections.map { selection in
      zip(tables.allowed, selection).map { allowed, choice in
        allowed.count { $0 } == 1 ? allowed.firstIndex(of: true) ?? choice : choice
      }
    }
  }

  private static func randomSelections(_ tables: SelectionTables, _ seed: UInt64) -> [[Int]] {
    var generator = SplitMix64(seed: seed)
    let choices = tables.allowed.map { allowed in allowed.indices.filter { allowed[$0] } }
    return (0..<randomSelections).map { _ in choices.map { $0[generator.below($0.count)] } }
  }
}

/// A seeded stream of numbers that is the same everywhere (SplitMix64; Steele, Lea and Flood, 2014).
package struct SplitMix64: Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var z = state
    z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
    return z ^ (z >> 31)
  }

  /// A number in `0 ..< bound`; the bias of at most `bound / 2^64` does not matter here.
  package mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }

  /// A number in `0 ..< 1`.
  package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
}
