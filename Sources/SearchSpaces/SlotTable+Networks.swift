import Diagnostics

extension SlotTable {
  /// The network that one alternative per slot makes.
  ///
  /// - Parameter positions: for every slot, the position of an alternative.
  /// - Throws: ``Diagnostic`` that names two slots whose alternatives exclude each other.
  public func architecture(choosing positions: [Int]) throws -> Architecture {
    precondition(
      positions.count == slots.count, "\(slots.count) slots need as many choices, not \(positions.count)")
    for exclusion in exclusions {
      let pair = Pair(first: positions[exclusion.first], second: positions[exclusion.second])
      guard !exclusion.pairs.contains(pair) else {
        let (first, second) = (slots[exclusion.first], slots[exclusion.second])
        throw Diagnostic(
          .failure, "two alternatives exclude each other", at: .init(path: "\(first.name), \(second.name)"),
          value: "\(first.alternatives[pair.first].name), \(second.alternatives[pair.second].name)",
          rule: "a stage keeps its first blocks, and all of them have the same channels")
      }
    }
    return architecture(replacing: Dictionary(uniqueKeysWithValues: positions.enumerated().map { ($0, $1) }))
  }

  /// The base network with alternatives in some slots.
  ///
  /// What the rest of a stage must take over, it does: the channels of an alternative become those of its stage, and
  /// behind an absent block there is none.
  ///
  /// - Parameter replacements: positions of alternatives by position of their slot; where they are of one stage, they
  ///   have the same channels.
  public func architecture(replacing replacements: [Int: Int]) -> Architecture {
    var choices = base.choices
    for (position, alternative) in replacements.sorted(by: { $0.key > $1.key }) {
      let slot = slots[position]
      choices.merge(slot.alternatives[alternative].assignment) { $1 }
      // The deepest slots come first, so that the shallowest absence has the last word.
      if slot.alternatives[alternative].isAbsent, let block = slot.block {
        choices[block.depthName] = .integer(block.depthBelow ?? block.depthAbove)
      }
    }
    return space.completed(choices, else: base)
  }

  /// The two networks whose difference is an alternative's contribution; equal ones for a contribution of zero.
  public func replacement(slot position: Int, alternative: Int) -> Replacement {
    let slot = slots[position]
    let architecture = architecture(replacing: [position: alternative])
    guard let block = slot.block, block.position > 1 else {
      return Replacement(architecture: architecture, reference: base)
    }
    var choices = base.choices
    if let channels = slot.alternatives[alternative].assignment[block.channelsName] {
      choices[block.channelsName] = channels
    }
    if slot.alternatives[alternative].isAbsent { choices[block.depthName] = .integer(block.depthAbove) }
    return Replacement(architecture: architecture, reference: space.completed(choices, else: base))
  }
}

extension Slot.BlockPlace {
  var depthName: String { stage.depth.name(in: stage.name) }
  var channelsName: String { stage.channels.name(in: stage.name) }
  /// The depth at which the blocks end right before this one, where the stage offers it.
  var depthBelow: Int? { stage.depths.contains(position - 1) ? position - 1 : nil }
  /// The smallest depth that includes this block.
  var depthAbove: Int { stage.depths.filter { $0 >= position }.min() ?? stage.maximumDepth }
  /// Whether some depth leaves this block out.
  var canBeAbsent: Bool { stage.depths.contains { $0 < position } }
}

extension SearchSpace {
  /// The architecture of choices, with missing ones taken from another architecture, or the largest.
  func completed(_ choices: [String: VariableValue], else other: Architecture) -> Architecture {
    Architecture(choices: variables.assignment { choices[$0.name] ?? other[$0.name] ?? $0.value(at: 1) })
  }
}
