import BlockSelection

/// Small random problems of every kind, the same for the same seed.
struct RandomProblem {
  private var random: SplitMix64
  private(set) var problem: SelectionProblem

  init(seed: UInt64) {
    random = SplitMix64(seed: seed)
    problem = SelectionProblem(sense: seed % 2 == 0 ? .minimize : .maximize, groups: [])
    let costNames = Array(["latency_ms", "memory_bytes", "energy"].prefix(1 + random.below(3)))
    for group in 0..<(2 + random.below(4)) { addGroup(group, costNames) }
    if random.below(2) == 0 { problem.fixedCosts = [costNames[0]: random.uniform()] }
    for _ in 0..<random.below(4) { addInteraction(costNames) }
    for name in costNames { addBudget(name) }
  }

  private mutating func addGroup(_ index: Int, _ costNames: [String]) {
    // Coarse numbers give ties and equal sums in different orders; fine ones give neither.
    let isCoarse = random.below(2) == 0
    let choices = (0..<(1 + random.below(4))).map { place in
      var costs: [String: Double] = [:]
      for name in costNames { costs[name] = number(isCoarse) * (name == "memory_bytes" ? 1e7 : 1) }
      return SelectionProblem.Choice(
        name: "c\(place)", score: number(isCoarse) - 0.3, costs: costs, forbidden: random.below(12) == 0)
    }
    problem.groups.append(.init(name: "g\(index)", choices: choices))
    if random.below(12) == 0 {
      problem.groups[index].choices[0].forbidden = false
      problem.groups[index].choices[0].forced = true
    }
  }

  private mutating func number(_ isCoarse: Bool) -> Double {
    isCoarse ? Double(random.below(8)) / 10 : random.uniform()
  }

  private mutating func addInteraction(_ costNames: [String]) {
    let first = random.below(problem.groups.count)
    let second = (first + 1 + random.below(problem.groups.count - 1)) % problem.groups.count
    var pairs: [SelectionProblem.Pair] = []
    for a in problem.groups[first].choices {
      for b in problem.groups[second].choices where random.below(2) == 0 {
        var pair = SelectionProblem.Pair(choices: [a.name, b.name], score: random.uniform() - 0.5)
        if random.below(2) == 0 {
          pair.costs = [costNames[random.below(costNames.count)]: random.uniform() - 0.4]
        }
        if random.below(5) == 0 { pair.forbidden = true }
        pairs.append(pair)
      }
    }
    problem.interactions.append(
      .init(groups: [problem.groups[first].name, problem.groups[second].name], pairs: pairs))
  }

  /// Half of the limits are met exactly by a random selection, or missed by about 1e-9.
  private mutating func addBudget(_ name: String) {
    let tables = SelectionTables(problem)
    guard let measure = tables.measure(ofCost: name) else { return }
    let selection = problem.groups.map { random.below($0.choices.count) }
    let total = tables.total(measure, of: selection)
    let width = abs(total) * 0.4 + 0.1
    switch random.below(7) {
    case 0: problem.budgets[name] = .init(max: total)
    case 1: problem.budgets[name] = .init(max: total * (1 - 1e-9))
    case 2: problem.budgets[name] = .init(min: total)
    case 3: problem.budgets[name] = .init(max: total + width, min: total - width)
    case 4: problem.budgets[name] = .init(max: total, min: total)
    case 5: problem.budgets[name] = .init(min: total + 1e-9)
    default: problem.budgets[name] = .init(max: total + width)
    }
  }
}

/// What enumeration says about a problem. It sums on its own, from the names, as the format says.
struct Enumeration {
  /// Every feasible selection, from the best objective on.
  private(set) var feasible: [(choices: [String: String], objective: Double)] = []
  /// The smallest and largest sum of each cost over all allowed selections.
  private(set) var extremes: [String: ClosedRange<Double>] = [:]

  init(_ problem: SelectionProblem) {
    var selection = [Int](repeating: 0, count: problem.groups.count)
    repeat {
      add(selection, problem)
    } while Self.advance(&selection, problem)
    feasible.sort { problem.sense == .minimize ? $0.objective < $1.objective : $0.objective > $1.objective }
  }

  private static func advance(_ selection: inout [Int], _ problem: SelectionProblem) -> Bool {
    for group in selection.indices {
      selection[group] += 1
      if selection[group] < problem.groups[group].choices.count { return true }
      selection[group] = 0
    }
    return false
  }

  private mutating func add(_ selection: [Int], _ problem: SelectionProblem) {
    let choices = zip(problem.groups, selection).map { $0.choices[$1] }
    let names = Dictionary(uniqueKeysWithValues: zip(problem.groups.map(\.name), choices.map(\.name)))
    let pairs = problem.interactions.compactMap { interaction in
      interaction.pairs.first { $0.choices == interaction.groups.map { names[$0] } }
    }
    for (group, choice) in zip(problem.groups, choices) {
      if choice.forbidden || (!choice.forced && group.choices.contains { $0.forced }) { return }
    }
    if pairs.contains(where: \.forbidden) { return }
    var isFeasible = true
    for (name, budget) in problem.budgets {
      var sum = problem.fixedCosts[name] ?? 0
      for choice in choices { sum += choice.costs[name] ?? 0 }
      for pair in pairs { sum += pair.costs[name] ?? 0 }
      let known = extremes[name] ?? sum...sum
      extremes[name] = min(known.lowerBound, sum)...max(known.upperBound, sum)
      if sum > budget.max ?? .infinity || sum < budget.min ?? -.infinity { isFeasible = false }
    }
    guard isFeasible else { return }
    var objective = 0.0
    for choice in choices { objective += choice.score }
    for pair in pairs { objective += pair.score }
    feasible.append((names, objective))
  }
}
