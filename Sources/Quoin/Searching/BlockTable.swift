import BlockSelection
import Diagnostics
import Latency
import SearchSpaces

/// The slots of a space under fixed global choices, as a problem of choosing one alternative per slot.
///
/// Costs are predicted latencies (and operations and parameters, where the space limits them). These add up exactly: a
/// choice costs the difference between two networks, and where a choice changes the channels that enter another slot,
/// the pair carries what is missing from the sum; see `SlotTable`.
package struct BlockTable {
  /// The slots.
  package let table: SlotTable
  private let space: SearchSpace
  private let predictor: LatencyPredictor

  private static let latency = "latency_ms"

  /// The costs of a network by name.
  typealias Costs = [String: Double]

  package init(_ space: SearchSpace, fixing fixed: [String: VariableValue], predictor: LatencyPredictor) throws {
    (self.space, self.predictor) = (space, predictor)
    table = try space.slots(fixing: fixed)
  }

  private func costs(of architecture: Architecture) throws -> Costs {
    let network = try space.network(for: architecture)
    var costs = [Self.latency: try predictor.predict(network).milliseconds]
    if space.limits.macs != nil { costs["macs"] = Double(network.cost.macs) }
    if space.limits.parameters != nil { costs["parameters"] = Double(network.cost.parameters) }
    return costs
  }

  private func contribution(_ replacement: SlotTable.Replacement) throws -> Costs {
    try costs(of: replacement.architecture).merging(costs(of: replacement.reference)) { $0 - $1 }
  }

  /// The problem of the least sum of scores within a latency; `score` rates a replacement.
  package func problem(
    latency limit: Double?, score: (SlotTable.Replacement) throws -> Double
  ) throws -> SelectionProblem {
    let groups = try table.slots.enumerated().map { position, slot in
      SelectionProblem.Group(
        name: slot.name,
        choices: try slot.alternatives.indices.map { alternative in
          let replacement = table.replacement(slot: position, alternative: alternative)
          return SelectionProblem.Choice(
            name: slot.alternatives[alternative].name, score: try score(replacement),
            costs: try contribution(replacement))
        })
    }
    var budgets: [String: SelectionProblem.Budget] = [:]
    budgets[Self.latency] = limit.map { .init(max: $0) }
    budgets["macs"] = space.limits.macs.map { .init(max: $0) }
    budgets["parameters"] = space.limits.parameters.map { .init(max: $0) }
    return SelectionProblem(
      sense: .minimize, groups: groups, fixedCosts: try costs(of: table.base), budgets: budgets,
      interactions: try table.couplings.map(coupling) + table.exclusions.map(exclusion))
  }

  /// The problem of the least predicted latency.
  func fastest() throws -> SelectionProblem {
    var problem = try problem(latency: nil) { _ in 0 }
    for group in problem.groups.indices {
      for choice in problem.groups[group].choices.indices {
        problem.groups[group].choices[choice].score = problem.groups[group].choices[choice].costs[Self.latency] ?? 0
      }
    }
    for interaction in problem.interactions.indices {
      for pair in problem.interactions[interaction].pairs.indices {
        let costs = problem.interactions[interaction].pairs[pair].costs
        problem.interactions[interaction].pairs[pair].score = costs[Self.latency] ?? 0
      }
    }
    return problem
  }

  private func coupling(_ coupling: SlotTable.Coupling) throws -> SelectionProblem.Interaction {
    let (first, second) = (table.slots[coupling.first], table.slots[coupling.second])
    let base = try costs(of: table.base)
    let alone = try [coupling.first, coupling.second].map { position in
      try table.slots[position].alternatives.indices.map { alternative in
        try costs(of: table.architecture(replacing: [position: alternative]))
      }
    }
    let pairs = try first.alternatives.indices.flatMap { a in
      try second.alternatives.indices.map { b in
        let both = try costs(of: table.architecture(replacing: [coupling.first: a, coupling.second: b]))
        let beyond = both.merging(alone[0][a]) { $0 - $1 }.merging(alone[1][b]) { $0 - $1 }.merging(base) { $0 + $1 }
        return SelectionProblem.Pair(
          choices: [first.alternatives[a].name, second.alternatives[b].name], costs: beyond)
      }
    }
    return .init(groups: [first.name, second.name], pairs: pairs)
  }

  private func exclusion(_ exclusion: SlotTable.Exclusion) -> SelectionProblem.Interaction {
    let (first, second) = (table.slots[exclusion.first], table.slots[exclusion.second])
    return .init(
      groups: [first.name, second.name],
      pairs: exclusion.pairs.map { pair in
        .init(
          choices: [first.alternatives[pair.first].name, second.alternatives[pair.second].name], forbidden: true)
      })
  }

  /// The network that a selection makes.
  package func architecture(of result: SelectionResult) throws -> Architecture {
    try table.architecture(
      choosing: table.slots.map { slot in
        slot.alternatives.firstIndex { $0.name == result.choices[slot.name] } ?? slot.base
      })
  }
}

extension SearchSpace {
  /// The network of the least predicted latency, proved over all choices.
  ///
  /// - Throws: `Diagnostic` where the predictor does not know an operator of the space.
  package func fastest(by predictor: LatencyPredictor) throws -> (architecture: Architecture, milliseconds: Double) {
    var best: (architecture: Architecture, milliseconds: Double)?
    for fixed in try globalAssignments() {
      let blocks = try BlockTable(self, fixing: fixed, predictor: predictor)
      let result = try SelectionSolver.solve(blocks.fastest(), options: .init(reportsBaselines: false))
      guard result.objective != nil else { continue }
      let architecture = try blocks.architecture(of: result)
      let milliseconds = try predictor.predict(network(for: architecture)).milliseconds
      if milliseconds < best?.milliseconds ?? .infinity { best = (architecture, milliseconds) }
    }
    // Limits may leave no network under any of the global choices that block selection can see.
    return try best ?? (smallest, predictor.predict(network(for: smallest)).milliseconds)
  }
}
