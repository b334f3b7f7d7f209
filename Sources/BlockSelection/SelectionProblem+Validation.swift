import Diagnostics

extension SelectionProblem {
  /// Limits that no real instance reaches and that keep memory bounded.
  private enum Limit {
    static let choices = 2_000_000
    static let pairs = 1_000_000
    static let budgets = 256
    static let magnitude = 1e18
  }

  /// Checks every rule of the format:
  /// names are not empty and unique, every group has a choice and forces at most one, every choice states every cost
  /// that has a budget, fixed costs and those of pairs are costs of a choice or a budget, every budget has a limit,
  /// every interaction names two groups and their choices, every pair stands once, and every number is finite and at
  /// most 1e18 in magnitude. What extends the format is checked by ``validateExtensions()``.
  ///
  /// - Throws: ``Diagnostic`` with the place, such as `groups[3].choices[1].costs.latency_ms`.
  public func validate() throws {
    try validateSizes()
    try validateBudgets()
    for (index, group) in groups.enumerated() { try validate(group, place: "groups[\(index)]") }
    try validateUnique(groups.map(\.name)) { "groups[\($0)].name" }
    try validateCosts(fixedCosts, place: "fixed_costs")
    let table = ChoiceNames(groups)
    for (index, interaction) in interactions.enumerated() {
      try validate(interaction, table, place: "interactions[\(index)]")
    }
    try validateCostNames()
    try validateExtensions(table)
  }

  private func validateSizes() throws {
    guard !groups.isEmpty else {
      throw Self.broken("there are no groups", "groups", rule: "at least one group")
    }
    for (what, count, limit) in [
      ("choices", groups.reduce(0) { $0 + $1.choices.count }, Limit.choices),
      ("pairs", interactions.reduce(0) { $0 + $1.pairs.count }, Limit.pairs),
      ("budgets", budgets.count, Limit.budgets),
    ] where count > limit {
      throw Self.broken("there are too many \(what)", nil, value: "\(count)", rule: "at most \(limit)")
    }
  }

  private func validateBudgets() throws {
    for (name, budget) in budgets.sorted(by: { $0.key < $1.key }) {
      let place = "budgets.\(name)"
      if let max = budget.max { try Self.validateNumber(max, place: place + ".max") }
      if let min = budget.min { try Self.validateNumber(min, place: place + ".min") }
      guard budget.max != nil || budget.min != nil || budget.maxPerItem != nil else {
        throw Self.broken(
          "a budget without a limit", place, rule: "a budget has max, min, max_per_item or several of them")
      }
      if let min = budget.min, let max = budget.max, min > max {
        throw Self.broken(
          "the limits exclude each other", place, value: "\(min) ... \(max)", rule: "min <= max")
      }
    }
  }

  private func validate(_ group: Group, place: String) throws {
    guard !group.choices.isEmpty else {
      throw Self.broken(
        "the group has no choices", place + ".choices", value: group.name, rule: "at least one choice")
    }
    try validateUnique(group.choices.map(\.name)) { "\(place).choices[\($0)].name" }
    var forced: Int?
    for (index, choice) in group.choices.enumerated() {
      let place = "\(place).choices[\(index)]"
      try validate(choice, place: place)
      guard choice.forced else { continue }
      if let forced {
        throw Self.broken(
          "two choices of one group are forced", place, value: choice.name,
          rule: "'\(group.choices[forced].name)' is forced already")
      }
      forced = index
    }
  }

  private func validate(_ choice: Choice, place: String) throws {
    try Self.validateNumber(choice.score, place: place + ".score")
    try validateCosts(choice.costs, place: place + ".costs")
    if choice.forced, choice.forbidden {
      throw Self.broken("a choice is both forced and forbidden", place, value: choice.name)
    }
    for name in budgets.keys.sorted() where choice.costs[name] == nil {
      throw Self.broken(
        "a cost that has a budget is missing", "\(place).costs.\(name)",
        rule: "every choice states the costs \(budgets.keys.sorted().joined(separator: ", "))",
        nearest: nearestName(to: name, among: choice.costs.keys.sorted()))
    }
  }

  private func validate(_ interaction: Interaction, _ table: ChoiceNames, place: String) throws {
    guard interaction.groups.count == 2, interaction.groups[0] != interaction.groups[1] else {
      throw Self.broken(
        "an interaction of other than two groups", place + ".groups",
        value: interaction.groups.prefix(4).joined(separator: ", "), rule: "two different groups")
    }
    for (side, name) in interaction.groups.enumerated() where table.groups[name] == nil {
      throw Self.broken(
        "unknown group", "\(place).groups[\(side)]", value: name,
        nearest: nearestName(to: name, among: table.groups.keys.sorted()))
    }
    var seen: Set<[String]> = []
    for (index, pair) in interaction.pairs.enumerated() {
      let place = "\(place).pairs[\(index)]"
      try validate(pair, of: interaction, table, place: place)
      guard seen.insert(pair.choices).inserted else {
        throw Self.broken(
          "the pair stands twice", place, value: pair.choices.joined(separator: ", "),
          rule: "every pair stands once in an interaction")
      }
    }
  }

  private func validate(
    _ pair: Pair, of interaction: Interaction, _ table: ChoiceNames, place: String
  ) throws {
    guard pair.choices.count == 2 else {
      throw Self.broken(
        "a pair of other than two choices", place + ".choices",
        value: pair.choices.prefix(4).joined(separator: ", "),
        rule: "one choice of each group")
    }
    for (side, name) in pair.choices.enumerated() {
      let known = table.groups[interaction.groups[side]] ?? [:]
      guard known[name] == nil else { continue }
      throw Self.broken(
        "unknown choice of group '\(interaction.groups[side])'", "\(place).choices[\(side)]", value: name,
        nearest: nearestName(to: name, among: known.keys.sorted()))
    }
    try Self.validateNumber(pair.score, place: place + ".score")
    try validateCosts(pair.costs, place: place + ".costs")
  }

  /// A cost of a pair, or a fixed one, that neither a choice nor a budget names would be summed nowhere: a misspelling.
  private func validateCostNames() throws {
    var known = Set(budgets.keys)
    for group in groups { for choice in group.choices { known.formUnion(choice.costs.keys) } }
    func check(_ costs: [String: Double], _ place: @autoclosure () -> String) throws {
      guard let name = costs.keys.sorted().first(where: { !known.contains($0) }) else { return }
      throw Self.broken(
        "unknown cost", place(), value: name, rule: "a choice or a budget names it",
        nearest: nearestName(to: name, among: known.sorted()))
    }
    try check(fixedCosts, "fixed_costs")
    for (index, interaction) in interactions.enumerated() {
      for (number, pair) in interaction.pairs.enumerated() {
        try check(pair.costs, "interactions[\(index)].pairs[\(number)].costs")
      }
    }
  }

  func validateCosts(_ costs: [String: Double], place: @autoclosure () -> String) throws {
    for (name, cost) in costs.sorted(by: { $0.key < $1.key }) {
      try Self.validateNumber(cost, place: "\(place()).\(name)")
    }
  }

  private func validateUnique(_ names: [String], place: (Int) -> String) throws {
    var seen: Set<String> = []
    for (index, name) in names.enumerated() {
      guard !name.isEmpty else { throw Self.broken("a name is empty", place(index)) }
      guard seen.insert(name).inserted else {
        throw Self.broken("the name stands twice", place(index), value: name, rule: "names are unique")
      }
    }
  }

  static func validateNumber(_ number: Double, place: @autoclosure () -> String) throws {
    guard abs(number) <= Limit.magnitude else {
      throw broken(
        "a number cannot be used", place(), value: "\(number)", rule: "finite, at most 1e18 in magnitude")
    }
  }

  static func broken(
    _ problem: String, _ place: String?, value: String? = nil, rule: String? = nil, nearest: String? = nil
  ) -> Diagnostic {
    Diagnostic(
      .unusableFile, problem, at: place.map { .init(path: $0) }, value: value, rule: rule, nearest: nearest)
  }
}

/// The choices' indices by name, by group.
struct ChoiceNames {
  let groups: [String: [String: Int]]

  init(_ groups: [SelectionProblem.Group]) {
    self.groups = Dictionary(
      groups.map { group in
        (
          group.name,
          Dictionary(
            group.choices.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        )
      }, uniquingKeysWith: { first, _ in first })
  }
}
