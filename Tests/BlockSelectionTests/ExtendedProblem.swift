import BlockSelection
import Foundation

/// Small random problems with kinds, matching groups, wide choices, probabilities and earlier selections.
struct ExtendedProblem {
  private var random: SplitMix64
  private(set) var problem: SelectionProblem

  init(seed: UInt64) {
    random = SplitMix64(seed: seed &+ 0x5eed)
    problem = RandomProblem(seed: seed).problem
    if random.below(2) == 0 { problem.interactions = [] }
    if random.below(2) == 0 { addKinds() }
    if random.below(2) == 0 { addDeviations() }
    if random.below(3) == 0 { addEarlier() }
    switch random.below(3) {
    case 0: addMatching()
    case 1: addCovers()
    default: break
    }
  }

  private mutating func change(_ body: (inout SplitMix64, inout SelectionProblem.Choice) -> Void) {
    for group in problem.groups.indices {
      for choice in problem.groups[group].choices.indices { body(&random, &problem.groups[group].choices[choice]) }
    }
  }

  private mutating func addKinds() {
    change { random, choice in choice.kind = ["a", "b", "c", nil][random.below(4)] }
    problem.maxKinds = 1 + random.below(2)
  }

  private mutating func addDeviations() {
    change { random, choice in
      for (name, cost) in choice.costs where random.below(4) > 0 {
        choice.deviations[name] = 0.2 * random.uniform() * abs(cost)
      }
    }
    for name in problem.budgets.keys.sorted() where random.below(3) > 0 {
      problem.budgets[name]?.probability = [0.5, 0.8, 0.95, 0.99][random.below(4)]
      if random.below(2) == 0 { problem.budgets[name]?.commonDeviation = 0.1 * random.uniform() }
    }
  }

  private mutating func addEarlier() {
    let earlier = (0..<(1 + random.below(2))).map { _ in
      Dictionary(
        uniqueKeysWithValues: problem.groups.map { ($0.name, $0.choices[random.below($0.choices.count)].name) })
    }
    problem.diversity = .init(earlier: earlier, maxOverlap: [0.3, 0.5, 0.8][random.below(3)])
  }

  private mutating func addMatching() {
    change { random, choice in (choice.input, choice.output) = ("w\(random.below(2))", "w\(random.below(2))") }
    for group in 1..<problem.groups.count where random.below(3) > 0 {
      problem.interactions.append(
        .init(groups: [problem.groups[group - 1].name, problem.groups[group].name], matching: true))
    }
  }

  private mutating func addCovers() {
    let group = random.below(problem.groups.count)
    let others = problem.groups.indices.filter { $0 != group }
    let choice = random.below(problem.groups[group].choices.count)
    let covered = others.shuffled(using: &random).prefix(1 + random.below(2))
    problem.groups[group].choices[choice].covers = covered.map { problem.groups[$0].name }
  }
}

extension SplitMix64: RandomNumberGenerator {}

/// What enumeration says about a problem with extensions, from the format's words alone.
struct ExtendedEnumeration {
  /// What groups take, by name, where they take something of their own, and the objective; from the best on.
  private(set) var feasible: [(choices: [String: String], objective: Double)] = []
  private let problem: SelectionProblem

  init(_ problem: SelectionProblem) {
    self.problem = problem
    var taken = [SelectionProblem.Choice?](repeating: nil, count: problem.groups.count)
    visit(0, &taken)
    feasible.sort { problem.sense == .minimize ? $0.objective < $1.objective : $0.objective > $1.objective }
  }

  private mutating func visit(_ group: Int, _ taken: inout [SelectionProblem.Choice?]) {
    guard group < problem.groups.count else {
      if let objective = objective(taken) { feasible.append((names(taken), objective)) }
      return
    }
    for choice in problem.groups[group].choices + [nil as SelectionProblem.Choice?] {
      taken[group] = choice
      visit(group + 1, &taken)
    }
  }

  private func names(_ taken: [SelectionProblem.Choice?]) -> [String: String] {
    Dictionary(
      uniqueKeysWithValues: zip(problem.groups, taken).compactMap { group, choice in
        choice.map { (group.name, $0.name) }
      })
  }

  /// The objective of a selection that is allowed and keeps the budgets.
  private func objective(_ taken: [SelectionProblem.Choice?]) -> Double? {
    let covered = taken.compactMap { $0 }.flatMap(\.covers)
    let names = names(taken)
    for (group, choice) in zip(problem.groups, taken) {
      // Every group is filled exactly once.
      guard (choice == nil ? 0 : 1) + covered.count(where: { $0 == group.name }) == 1 else { return nil }
      if choice?.forbidden == true || (choice?.forced != true && group.choices.contains { $0.forced }) { return nil }
    }
    if let maxKinds = problem.maxKinds, Set(taken.compactMap { $0?.kind }).count > maxKinds { return nil }
    guard keepsDiversity(names), matches(taken), let pairs = pairs(names) else { return nil }
    for (name, budget) in problem.budgets where !keeps(budget, name, taken, pairs) { return nil }
    return taken.reduce(0) { $0 + ($1?.score ?? 0) } + pairs.reduce(0) { $0 + $1.score }
  }

  private func keepsDiversity(_ names: [String: String]) -> Bool {
    guard let diversity = problem.diversity else { return true }
    return diversity.earlier.allSatisfy { earlier in
      let common = problem.groups.count { names[$0.name] != nil && names[$0.name] == earlier[$0.name] }
      return Double(common) <= diversity.maxOverlap * Double(problem.groups.count)
    }
  }

  private func matches(_ taken: [SelectionProblem.Choice?]) -> Bool {
    problem.interactions.filter(\.matching).allSatisfy { interaction in
      let sides = interaction.groups.map { name in problem.groups.firstIndex { $0.name == name } ?? 0 }
      return taken[sides[0]]?.output == taken[sides[1]]?.input
    }
  }

  /// The listed pairs that are taken; `nil` where one is forbidden.
  private func pairs(_ names: [String: String]) -> [SelectionProblem.Pair]? {
    let pairs = problem.interactions.compactMap { interaction in
      interaction.pairs.first { $0.choices == interaction.groups.map { names[$0] } }
    }
    return pairs.contains(where: \.forbidden) ? nil : pairs
  }

  private func keeps(
    _ budget: SelectionProblem.Budget, _ name: String, _ taken: [SelectionProblem.Choice?],
    _ pairs: [SelectionProblem.Pair]
  ) -> Bool {
    var (sum, variance) = (problem.fixedCosts[name] ?? 0, 0.0)
    for choice in taken {
      sum += choice?.costs[name] ?? 0
      variance += pow(choice?.deviations[name] ?? 0, 2)
    }
    for pair in pairs { sum += pair.costs[name] ?? 0 }
    var margin = 0.0
    // Quantiles of the normal distribution as tables print them.
    if let probability = budget.probability, let quantile = Self.quantiles[probability], quantile > 0 {
      margin = quantile * (pow((budget.commonDeviation ?? 0) * sum, 2) + variance).squareRoot()
    }
    return sum + margin <= budget.max ?? .infinity && sum - margin >= budget.min ?? -.infinity
  }

  private static let quantiles = [0.5: 0, 0.8: 0.8416212335729143, 0.95: 1.6448536269514722, 0.99: 2.3263478740408408]
}
