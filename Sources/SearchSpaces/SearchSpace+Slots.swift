import Diagnostics

extension SearchSpace {
  /// The most alternatives of one slot.
  static let alternativeLimit = 10_000

  /// The variables that change every block at once, so that block selection is solved for each of their values:
  /// resolution, width, and strides.
  public var globalVariables: [Variable] {
    let strides = Set(["stem.stride"] + parts.stages.map { $0.stride.name(in: $0.name) })
    return variables.filter { ["resolution", "width"].contains($0.name) || strides.contains($0.name) }
  }

  /// Every combination of values of the global variables.
  ///
  /// - Throws: ``Diagnostic`` where there are more than 10 000.
  public func globalAssignments() throws -> [[String: VariableValue]] {
    let assignments = combinations(of: globalVariables, limit: Self.alternativeLimit)
    guard assignments.count <= Self.alternativeLimit else {
      throw Diagnostic(
        .failure, "there are too many global choices",
        value: globalVariables.map(\.name).joined(separator: ", "),
        rule:
          "block selection is solved for each combination of them, and for at most \(Self.alternativeLimit)",
        remedy: "offer fewer strides")
    }
    return assignments
  }

  /// The slots for block selection under fixed global variables; those not given are at their largest.
  ///
  /// - Throws: ``Diagnostic`` where `fixing` names another variable or value, or a slot has more than 10 000
  ///   alternatives.
  public func slots(fixing fixed: [String: VariableValue] = [:]) throws -> SlotTable {
    try checkGlobal(fixed)
    let base = completed(fixed, else: largest)
    let slots = try stemSlots + parts.stages.flatMap(slots) + headSlots
    let based = slots.map { $0.based(on: base) }
    return SlotTable(
      fixed: base.choices.filter { choice in globalVariables.contains { $0.name == choice.key } },
      slots: based, exclusions: exclusions(between: based), couplings: couplings(between: based), base: base,
      space: self)
  }

  private func checkGlobal(_ fixed: [String: VariableValue]) throws {
    let names = globalVariables.map(\.name)
    for (name, value) in fixed.sorted(by: { $0.key < $1.key }) {
      guard let variable = globalVariables.first(where: { $0.name == name }) else {
        throw Diagnostic(
          .usage, "this is no global variable of the space", value: name,
          rule: "global are \(names.isEmpty ? "none" : names.joined(separator: ", "))",
          nearest: nearestName(to: name, among: names))
      }
      guard variable.values.contains(value) else {
        throw Diagnostic(
          .usage, "this is no value of the variable", at: .init(path: name), value: value.description,
          rule: "legal are \(variable.legalValues)")
      }
    }
  }

  private var stemSlots: [Slot] { get throws { try endSlots("stem") } }
  private var headSlots: [Slot] { get throws { try endSlots("head") } }

  private func endSlots(_ name: String) throws -> [Slot] {
    let own = localVariables(under: "\(name).")
    guard !own.isEmpty else { return [] }
    return [Slot(name: name, alternatives: try alternatives(name, own), base: 0, block: nil)]
  }

  private func slots(of stage: Stage) throws -> [Slot] {
    let shared = localVariables(under: "\(stage.name).")
    guard stage.perBlock else {
      return [Slot(name: stage.name, alternatives: try alternatives(stage.name, shared), base: 0, block: nil)]
    }
    let channels = shared.filter { $0.name == stage.channels.name(in: stage.name) }
    return try (1...stage.maximumDepth).map { position in
      let scope = stage.scope(of: position)
      let block = Slot.BlockPlace(stage: stage, position: position)
      var alternatives = try alternatives(scope, channels + shared.filter { $0.name.hasPrefix("\(scope).") })
      if block.canBeAbsent {
        alternatives += combinations(of: channels).map { assignment in
          .init(
            name: (["absent"] + described(channels, assignment)).joined(separator: " "),
            assignment: assignment, isAbsent: true)
        }
      }
      return Slot(name: scope, alternatives: alternatives, base: 0, block: block)
    }
  }

  /// The variables of a part of the network that are not global.
  private func localVariables(under prefix: String) -> [Variable] {
    let global = Set(globalVariables.map(\.name))
    return variables.filter { $0.name.hasPrefix(prefix) && !global.contains($0.name) }
  }

  private func alternatives(_ scope: String, _ variables: [Variable]) throws -> [Slot.Alternative] {
    let combinations = combinations(of: variables, limit: Self.alternativeLimit)
    guard combinations.count <= Self.alternativeLimit else {
      throw Diagnostic(
        .failure, "a slot has too many alternatives", at: .init(path: scope),
        rule: "block selection enumerates at most \(Self.alternativeLimit)",
        remedy: "write per_block: true, or offer fewer choices")
    }
    return combinations.map { assignment in
      let words = described(variables, assignment)
      return .init(
        name: words.isEmpty ? "fixed" : words.joined(separator: " "), assignment: assignment, isAbsent: false)
    }
  }

  /// Names such as `kernel=3`, without the place, so that the alternatives of two slots can be compared.
  private func described(_ variables: [Variable], _ assignment: [String: VariableValue]) -> [String] {
    variables.compactMap { variable in
      let key = variable.name.split(separator: ".").last ?? ""
      return assignment[variable.name].map { "\(key)=\($0)" }
    }
  }

  /// Every assignment of some variables. A condition on a variable outside of them counts as met: the depth, for the
  /// blocks of a stage.
  private func combinations(of variables: [Variable], limit: Int = .max) -> [[String: VariableValue]] {
    let names = Set(variables.map(\.name))
    var assignments: [[String: VariableValue]] = [[:]]
    for variable in variables where assignments.count <= limit {
      assignments = assignments.flatMap { choices -> [[String: VariableValue]] in
        let isActive = variable.conditions.allSatisfy { condition in
          !names.contains(condition.variable)
            || choices[condition.variable].map(condition.values.contains) ?? false
        }
        return isActive ? variable.values.map { choices.merging([variable.name: $0]) { $1 } } : [choices]
      }
    }
    return assignments
  }
}

extension SearchSpace {
  private func exclusions(between slots: [Slot]) -> [SlotTable.Exclusion] {
    slots.indices.dropLast().compactMap { position -> SlotTable.Exclusion? in
      guard let first = slots[position].block, let second = slots[position + 1].block,
        first.stage == second.stage
      else { return nil }
      let pairs = slots[position].alternatives.indices.flatMap { a in
        slots[position + 1].alternatives.indices.filter { b in
          excludes(first, slots[position].alternatives[a], slots[position + 1].alternatives[b])
        }.map { SlotTable.Pair(first: a, second: $0) }
      }
      return pairs.isEmpty ? nil : .init(first: position, second: position + 1, pairs: pairs)
    }
  }

  private func excludes(_ block: Slot.BlockPlace, _ a: Slot.Alternative, _ b: Slot.Alternative) -> Bool {
    let differInChannels = a.assignment[block.channelsName] != b.assignment[block.channelsName]
    let isHole = a.isAbsent && !b.isAbsent
    let endsTooEarly = !a.isAbsent && b.isAbsent && !block.stage.depths.contains(block.position)
    return differInChannels || isHole || endsTooEarly
  }

  /// The first slot of every part with a choice of channels, with the first slot of the next part.
  private func couplings(between slots: [Slot]) -> [SlotTable.Coupling] {
    let firsts = slots.indices.filter { (slots[$0].block?.position ?? 1) == 1 }
    return zip(firsts, firsts.dropFirst()).compactMap { first, second in
      let part = slots[first].block?.stage.name ?? slots[first].name
      let choosesChannels = variables.contains { $0.name == "\(part).channels" }
      return choosesChannels ? .init(first: first, second: second) : nil
    }
  }
}

extension Slot {
  /// The slot with the alternative that agrees with an architecture as its base.
  fileprivate func based(on architecture: Architecture) -> Slot {
    let position = alternatives.firstIndex { alternative in
      !alternative.isAbsent && alternative.assignment.allSatisfy { architecture[$0.key] == $0.value }
    }
    return Slot(name: name, alternatives: alternatives, base: position ?? 0, block: block)
  }
}
