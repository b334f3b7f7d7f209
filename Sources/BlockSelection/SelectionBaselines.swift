import MixedInteger

/// Simple methods to compare the optimum with, and to start the search from.
struct SelectionBaselines {
  /// The greedy method gives up after looking at this many swaps times rows, so that absurd sizes end in time.
  private static let greedyEffort = 200_000_000

  let greedy: [Int]?
  let uniform: [Int]?
  let random: [Int]?

  /// - Parameter greedy: what ``greedy(_:_:_:)`` gave.
  init(_ tables: SelectionTables, _ samples: SampleSelections, goal: Goal, rows: [BudgetRow], greedy: [Int]?) {
    self.greedy = greedy
    guard tables.allowed.allSatisfy({ $0.contains(true) }) else {
      (uniform, random) = (nil, nil)
      return
    }
    uniform = samples.best(samples.uniform, goal, rows)
    random = samples.best(samples.random, goal, rows)
  }

  /// The greedy selection where it is feasible.
  static func greedy(
    _ tables: SelectionTables, _ goal: Goal, _ rows: [BudgetRow], mustStop: @escaping () -> StopReason?
  ) -> [Int]? {
    guard tables.allowed.allSatisfy({ $0.contains(true) }) else { return nil }
    let selection = GreedySelection.selection(tables, goal, rows, effort: greedyEffort, mustStop: mustStop)
    return tables.best(of: [selection], goal, rows)
  }
}

extension SelectionTables {
  /// The best feasible selection, the first of equals.
  func best(of selections: some Sequence<[Int]>, _ goal: Goal, _ rows: [BudgetRow]) -> [Int]? {
    var best: (selection: [Int], value: Double)?
    for selection in selections where isFeasible(selection, rows) {
      let value = total(goal.measure, of: selection)
      if best.map({ goal.isBetter(value, than: $0.value) }) ?? true { best = (selection, value) }
    }
    return best?.selection
  }
}

/// Uniform and random selections, whose sums are computed once for all budgets that they are compared under.
final class SampleSelections {
  private static let randomCount = 1000

  /// One selection per name that every group has, and one per place. A group with a forced choice takes that.
  private(set) lazy var uniform = uniformSample()
  /// Random selections.
  private(set) lazy var random = randomSample()
  private let tables: SelectionTables
  private let names: [[String]]
  private let seed: UInt64

  init(_ tables: SelectionTables, names: [[String]], seed: UInt64) {
    (self.tables, self.names, self.seed) = (tables, names, seed)
  }

  /// What is known of selections that are looked at one at a time: their sums, and how to get one again. A thousand
  /// selections of a million groups would be gigabytes.
  struct Sample {
    private(set) var isAllowed: [Bool] = []
    /// The sums, by measure.
    private(set) var totals: [[Double]]
    /// The selection of a number.
    let selection: (Int) -> [Int]

    init(_ tables: SelectionTables, selection: @escaping (Int) -> [Int]) {
      totals = [[Double]](repeating: [], count: tables.measureCount)
      self.selection = selection
    }

    /// Takes down the next selection.
    mutating func add(_ selection: [Int], _ tables: SelectionTables) {
      isAllowed.append(tables.isAllowed(selection))
      for measure in totals.indices { totals[measure].append(tables.total(measure, of: selection)) }
    }
  }

  /// The best feasible selection of a sample, the first of equals.
  func best(_ sample: Sample, _ goal: Goal, _ rows: [BudgetRow]) -> [Int]? {
    var isFeasible = sample.isAllowed
    for row in rows {
      let (totals, variances) = (sample.totals[row.measure], row.chance.map { sample.totals[$0.variance] })
      for index in totals.indices where isFeasible[index] {
        isFeasible[index] = row.holds(totals[index], variance: variances?[index] ?? 0)
      }
    }
    var best: Int?
    let goals = sample.totals[goal.measure]
    for index in goals.indices where isFeasible[index] {
      if best.map({ goal.isBetter(goals[index], than: goals[$0]) }) ?? true { best = index }
    }
    return best.map(sample.selection)
  }

  private func uniformSample() -> Sample {
    let selections = uniformSelections()
    var sample = Sample(tables) { selections[$0] }
    for selection in selections { sample.add(selection, tables) }
    return sample
  }

  /// A selection is drawn again from where the stream stood before it.
  private func randomSample() -> Sample {
    let choices = tables.allowed.map { allowed in allowed.indices.filter { allowed[$0] } }
    let start = SplitMix64(seed: seed)
    func draw(_ generator: inout SplitMix64) -> [Int] { choices.map { $0[generator.below($0.count)] } }
    var sample = Sample(tables) { index in
      var generator = start
      generator.skip(index * choices.count)
      return draw(&generator)
    }
    var generator = start
    for _ in 0..<Self.randomCount { sample.add(draw(&generator), tables) }
    return sample
  }

  private func uniformSelections() -> [[Int]] {
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

  /// Goes on as if so many numbers had been asked for.
  mutating func skip(_ count: Int) { state &+= UInt64(count) &* 0x9e37_79b9_7f4a_7c15 }

  /// A number in `0 ..< bound`; the bias of at most `bound / 2^64` does not matter here.
  package mutating func below(_ bound: Int) -> Int { Int(next().multipliedFullWidth(by: UInt64(bound)).high) }

  /// A number in `0 ..< 1`.
  package mutating func uniform() -> Double { Double(next() >> 11) * 0x1p-53 }
}
