import Diagnostics

// Rules of what extends the format: chance constraints, batches, kinds, choices over several groups, matching widths,
// diversity.

extension SelectionProblem {
  private static let largestBatch = 1 << 30
  /// Each one is a row of the relaxation, whose basis costs the cube of their number.
  static let mostEarlier = 200
  private static let mostCoveringPairs = 1_000_000

  /// Checks the rules of the extensions: deviations are at least 0 and belong to costs; a probability lies within 0.5
  /// ..< 1 (0.5 is kept by the expected sum alone) and a common deviation within 0 ..< 1, the latter with a probability
  /// only; batches are distinct and positive, and whatever speaks of batches needs them; the number of kinds is
  /// positive; a choice covers groups other than its own, each once; every choice of groups that have to match says
  /// what it gives or takes; earlier selections name groups and choices.
  func validateExtensions(_ table: ChoiceNames) throws {
    for (index, group) in groups.enumerated() {
      for (number, choice) in group.choices.enumerated() {
        try validateExtensions(choice, of: group, table, place: "groups[\(index)].choices[\(number)]")
      }
    }
    for (name, budget) in budgets.sorted(by: { $0.key < $1.key }) {
      try validateExtensions(budget, place: "budgets.\(name)")
    }
    try validateCovers()
    let whole = withCoveredChoices()
    try whole.validateMatching()
    try validateBatches()
    if let maxKinds, maxKinds < 1 {
      throw Self.broken("the number of kinds cannot be used", "max_kinds", value: "\(maxKinds)", rule: "at least 1")
    }
    if let diversity { try validate(diversity, ChoiceNames(whole.groups)) }
  }

  private func validateExtensions(_ choice: Choice, of group: Group, _ table: ChoiceNames, place: String) throws {
    try validateCosts(choice.deviations, place: place + ".deviations")
    try validateCosts(choice.batchCosts, place: place + ".batch_costs")
    for (what, values) in [("deviations", choice.deviations), ("batch_costs", choice.batchCosts)] {
      for name in values.keys.sorted() where choice.costs[name] == nil {
        throw Self.broken(
          "unknown cost", "\(place).\(what)", value: name, rule: "the choice has a cost of that name",
          nearest: nearestName(to: name, among: choice.costs.keys.sorted()))
      }
    }
    for (name, deviation) in choice.deviations.sorted(by: { $0.key < $1.key }) where deviation < 0 {
      throw Self.broken(
        "a deviation is negative", "\(place).deviations.\(name)", value: "\(deviation)", rule: "at least 0")
    }
    for (index, covered) in choice.covers.enumerated() {
      let place = "\(place).covers[\(index)]"
      guard table.groups[covered] != nil else {
        throw Self.broken(
          "unknown group", place, value: covered, nearest: nearestName(to: covered, among: table.groups.keys.sorted()))
      }
      guard covered != group.name, choice.covers.firstIndex(of: covered) == index else {
        throw Self.broken(
          "a choice covers its own group, or one twice", place, value: covered, rule: "other groups, each once")
      }
    }
  }

  private func validateExtensions(_ budget: Budget, place: String) throws {
    if let limit = budget.maxPerItem { try Self.validateNumber(limit, place: place + ".max_per_item") }
    if let probability = budget.probability, !(0.5..<1).contains(probability) {
      throw Self.broken(
        "the probability cannot be used", place + ".probability", value: "\(probability)", rule: "at least 0.5, below 1"
      )
    }
    guard let deviation = budget.commonDeviation else { return }
    guard (0..<1).contains(deviation) else {
      throw Self.broken(
        "the common deviation cannot be used", place + ".common_deviation", value: "\(deviation)",
        rule: "a fraction of the cost: at least 0, below 1")
    }
    guard let probability = budget.probability else {
      throw Self.broken(
        "a common deviation without a probability", place, rule: "probability says how sure the limit is")
    }
    guard Chance(probability: probability, common: deviation, variance: 0).isUsable else {
      throw Self.broken(
        "the common deviation is too large for the probability", place + ".common_deviation", value: "\(deviation)",
        rule: "below 1 / \(Chance.quantile(probability)), so that some sum can keep a limit")
    }
  }

  private func validateMatching() throws {
    let groupByName = Dictionary(groups.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for (index, interaction) in interactions.enumerated() where interaction.matching {
      for (side, key) in [(0, "output"), (1, "input")] {
        guard let group = groupByName[interaction.groups[side]] else { continue }
        for choice in group.choices where (side == 0 ? choice.output : choice.input) == nil {
          throw Self.broken(
            "a choice of '\(group.name)' does not say its \(key)", "interactions[\(index)]", value: choice.name,
            rule: "in groups that have to match, the first one's choices have an output and the second one's an input; "
              + "GROUP/CHOICE is a choice that covers the group")
        }
      }
    }
  }

  /// What stands for covering choices has names of its own, and joins as many pairs as a problem may have.
  private func validateCovers() throws {
    // Stand-ins are choices too, and groups that cover may be covered.
    var counts = Dictionary(groups.map { ($0.name, $0.choices.count) }, uniquingKeysWith: { first, _ in first })
    var names = ChoiceNames(groups).groups.mapValues { Set($0.keys) }
    var joined: Set<[String]> = []
    for (index, group) in groups.enumerated() {
      for (number, choice) in group.choices.enumerated() {
        for covered in choice.covers {
          guard names[covered]?.insert("\(group.name)/\(choice.name)").inserted == true else {
            throw Self.broken(
              "the name of what covers a group is taken", "groups[\(index)].choices[\(number)].covers",
              value: "\(group.name)/\(choice.name)", rule: "GROUP/CHOICE is no other choice of '\(covered)'")
          }
          counts[covered, default: 0] += 1
          joined.insert([group.name, covered])
        }
      }
    }
    try validateCoveringPairs(joined, counts)
  }

  private func validateCoveringPairs(_ joined: Set<[String]>, _ counts: [String: Int]) throws {
    var pairs = 0
    for names in joined {
      // No count is above some millions, so that no product overflows; the sum ends at the first that is too large.
      pairs += (counts[names[0]] ?? 0) * (counts[names[1]] ?? 0)
      guard pairs <= Self.mostCoveringPairs else {
        throw Self.broken(
          "covering choices make too many pairs", "groups", value: "more than \(Self.mostCoveringPairs)",
          rule: "choices times choices of covered groups, what stands there for covering choices included")
      }
    }
  }

  private func validateBatches() throws {
    var seen: Set<Int> = []
    for (index, batch) in batches.enumerated() {
      guard (1...Self.largestBatch).contains(batch), seen.insert(batch).inserted else {
        throw Self.broken(
          "the batch size cannot be used", "batches[\(index)]", value: "\(batch)",
          rule: "distinct whole numbers from 1 to \(Self.largestBatch)")
      }
    }
    guard batches.isEmpty else { return }
    if let budget = budgets.keys.sorted().first(where: { budgets[$0]?.maxPerItem != nil }) {
      throw Self.broken("a limit per item without batches", "budgets.\(budget)", rule: "batches lists the sizes to try")
    }
    if groups.contains(where: { $0.choices.contains { !$0.batchCosts.isEmpty } }) {
      throw Self.broken("batch_costs without batches", "batches", rule: "batches lists the sizes to try")
    }
  }

  private func validate(_ diversity: Diversity, _ table: ChoiceNames) throws {
    guard (0...1).contains(diversity.maxOverlap) else {
      throw Self.broken(
        "the overlap cannot be used", "diversity.max_overlap", value: "\(diversity.maxOverlap)", rule: "within 0 ... 1")
    }
    guard diversity.earlier.count <= Self.mostEarlier else {
      throw Self.broken(
        "there are too many earlier selections", "diversity.earlier", value: "\(diversity.earlier.count)",
        rule: "at most \(Self.mostEarlier)")
    }
    for (index, selection) in diversity.earlier.enumerated() {
      for (group, choice) in selection.sorted(by: { $0.key < $1.key }) {
        guard let known = table.groups[group] else {
          throw Self.broken(
            "unknown group", "diversity.earlier[\(index)]", value: group,
            nearest: nearestName(to: group, among: table.groups.keys.sorted()))
        }
        guard known[choice] != nil else {
          throw Self.broken(
            "unknown choice of group '\(group)'", "diversity.earlier[\(index)]", value: choice,
            nearest: nearestName(to: choice, among: known.keys.sorted()))
        }
      }
    }
  }
}

extension SelectionProblem {
  /// The problem with a further choice in every covered group, which says what covers it and is taken with that alone.
  ///
  /// "Taken together or not at all" is forbidden pairs: the covering choice with all others of the covered group, and
  /// what stands for it there with all others of its own group.
  func withCoveredChoices() -> SelectionProblem {
    guard groups.contains(where: { $0.choices.contains { !$0.covers.isEmpty } }) else { return self }
    var problem = self
    let index = Dictionary(groups.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    var pairs: [[Int]: [(String, String)]] = [:]
    for (group, choice) in groups.flatMap({ group in group.choices.map { (group, $0) } }) {
      for covered in choice.covers {
        guard let place = index[covered], let home = index[group.name] else { continue }
        let name = "\(group.name)/\(choice.name)"
        pairs[[home, place], default: []].append((choice.name, name))
        var stand = Choice(name: name, score: 0, forbidden: choice.forbidden)
        for cost in budgets.keys { stand.costs[cost] = 0 }
        for cost in groups[place].choices.first?.costs.keys ?? [:].keys { stand.costs[cost] = 0 }
        stand.kind = choice.kind
        // A covered group hands on what the choice gives, or before it what the choice takes.
        let tag = place > home ? choice.output : choice.input
        (stand.input, stand.output) = (tag, tag)
        problem.groups[place].choices.append(stand)
      }
    }
    for (places, links) in pairs.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
      problem.interactions.append(problem.joining(problem.groups[places[0]], problem.groups[places[1]], links))
    }
    return problem
  }

  private func joining(_ home: Group, _ covered: Group, _ links: [(choice: String, stand: String)]) -> Interaction {
    let standOf = Dictionary(links.map { ($0.choice, $0.stand) }, uniquingKeysWith: { first, _ in first })
    let stands = Set(links.map(\.stand))
    var pairs: [Pair] = []
    for choice in home.choices {
      for other in covered.choices {
        let isTogether = standOf[choice.name] == other.name
        let isApart = standOf[choice.name] == nil && !stands.contains(other.name)
        if !isTogether, !isApart { pairs.append(Pair(choices: [choice.name, other.name], forbidden: true)) }
      }
    }
    return Interaction(groups: [home.name, covered.name], pairs: pairs)
  }

  /// The problem at a batch size.
  func at(batch: Int) -> SelectionProblem {
    var problem = self
    problem.batches = []
    for group in groups.indices {
      for (index, choice) in groups[group].choices.enumerated() {
        for (name, cost) in choice.batchCosts {
          problem.groups[group].choices[index].costs[name, default: 0] += Double(batch) * cost
        }
        problem.groups[group].choices[index].batchCosts = [:]
      }
    }
    for (name, budget) in budgets {
      guard let limit = budget.maxPerItem else { continue }
      problem.budgets[name]?.maxPerItem = nil
      problem.budgets[name]?.max = min(budget.max ?? .infinity, Double(batch) * limit)
    }
    return problem
  }
}
