import Networks

/// An architecture with every decision looked up: what the lowering builds.
struct Blueprint {
  struct Block {
    let position: Int
    let kind: BlockKind
    let kernel: Extent
    let expand: Double
    let squeeze: Double
    let groups: Int
    let activation: Activation
  }

  struct Stage {
    let name: String
    let stride: Int
    let channels: Int
    /// Whether the first block is certain to keep its input's shape; see ``SearchSpaces/Stage/keepsShape``.
    let keepsShape: Bool
    let blocks: [Block]
  }

  struct End {
    let channels: Int
    let kernel: Extent
    let stride: Int
    let activation: Activation
  }

  let resolution: Extent
  let stem: End
  let stages: [Stage]
  let head: End?
}

/// Looks up what was chosen at each place of a skeleton.
protocol Decisions {
  /// The value of a place; `scope` is the first part of its variable's name, empty for none.
  func value(_ choice: Choice, scope: String) -> VariableValue
  /// One of a block's candidates.
  func candidate(of stage: Stage, at position: Int) -> Candidate
}

extension Choice {
  /// The name of the choice's variable.
  func name(in scope: String) -> String { scope.isEmpty ? key : "\(scope).\(key)" }
}

extension Stage {
  /// The first part of the names of a candidate's variables.
  func scope(of candidate: Candidate, at position: Int) -> String {
    hasKinds ? "\(scope(of: position)).\(candidate.label)" : scope(of: position)
  }

  /// The choice between kinds at a position.
  func kindChoice(at position: Int) -> Choice {
    Choice(key: "kind", values: candidates(at: position).map { .text($0.label) }, line: line)
  }
}

/// The decisions of an architecture.
struct ArchitectureDecisions: Decisions {
  let choices: [String: VariableValue]

  func value(_ choice: Choice, scope: String) -> VariableValue {
    guard choice.isOpen else { return choice.values[0] }
    guard let value = choices[choice.name(in: scope)] else {
      preconditionFailure(
        "the architecture belongs to another space: \(choice.name(in: scope)) is not chosen")
    }
    return value
  }

  func candidate(of stage: Stage, at position: Int) -> Candidate {
    let label = value(stage.kindChoice(at: position), scope: stage.scope(of: position))
    let candidates = stage.candidates(at: position)
    return candidates.first { .text($0.label) == label } ?? candidates[0]
  }
}

/// Every value at its largest or smallest, with one candidate wherever there are several.
///
/// Largest means that every tensor is: of two kernels 3×5 and 5×3 it is 5×5.
struct ExtremeDecisions: Decisions {
  let largest: Bool
  /// The position of the candidate in the stage's list; the last of a shorter list.
  let candidate: Int

  func value(_ choice: Choice, scope: String) -> VariableValue {
    if largest, choice.key == "kernel" || choice.key == "resolution" {
      let extents = choice.values.map(\.extent)
      return .normal(
        height: extents.map(\.height).max() ?? 1, width: extents.map(\.width).max() ?? 1)
    }
    let order = choice.sizeOrder
    return choice.values[largest ? order[order.count - 1] : order[0]]
  }

  func candidate(of stage: Stage, at position: Int) -> Candidate {
    let candidates = stage.candidates(at: position)
    return candidates[min(candidate, candidates.count - 1)]
  }
}

extension Choice {
  /// The positions of the values from the smallest network to the largest; equal ones as written.
  var sizeOrder: [Int] {
    let sizes = values.map(size)
    return values.indices.sorted { (sizes[$0], $0) < (sizes[$1], $1) }
  }

  private func size(_ value: VariableValue) -> Double {
    switch key {
    case "kernel", "resolution": Double(value.extent.height * value.extent.width)
    // More groups and longer strides are less work.
    case "groups", "stride": -value.number
    case "se": value.squeezeRatio
    case "activation", "kind": 0
    default: value.number
    }
  }
}

extension SpaceReader.Parts {
  /// Looks up every place of the skeleton.
  func blueprint(_ decisions: some Decisions) -> Blueprint {
    let width = decisions.value(width, scope: "").number
    return Blueprint(
      resolution: decisions.value(input.size, scope: "").extent,
      stem: end(stem, "stem", width, decisions),
      stages: stages.map { stage($0, width, decisions) },
      head: head.map { end($0, "head", width, decisions) })
  }

  private func end(
    _ end: EndConvolution, _ scope: String, _ width: Double, _ decisions: some Decisions
  ) -> Blueprint.End {
    Blueprint.End(
      channels: ChannelRounding.product(decisions.value(end.channels, scope: scope).integer, width),
      kernel: decisions.value(end.kernel, scope: scope).extent,
      stride: decisions.value(end.stride, scope: scope).integer,
      activation: decisions.value(end.activation, scope: scope).activation)
  }

  private func stage(_ stage: Stage, _ width: Double, _ decisions: some Decisions) -> Blueprint.Stage {
    let depth = decisions.value(stage.depth, scope: stage.name).integer
    return Blueprint.Stage(
      name: stage.name,
      stride: decisions.value(stage.stride, scope: stage.name).integer,
      channels: ChannelRounding.product(decisions.value(stage.channels, scope: stage.name).integer, width),
      keepsShape: stage.keepsShape,
      blocks: (1...depth).map { position in
        let candidate = decisions.candidate(of: stage, at: position)
        return candidate.block(at: position) {
          decisions.value($0, scope: stage.scope(of: candidate, at: position))
        }
      })
  }
}

extension Candidate {
  /// The block with every setting looked up; a setting that the kind does not have gets a value that does nothing.
  func block(at position: Int, _ value: (Choice) -> VariableValue) -> Blueprint.Block {
    func setting(_ key: String) -> VariableValue? { choice(key).map(value) }
    return Blueprint.Block(
      position: position, kind: kind, kernel: setting("kernel")?.extent ?? .one,
      expand: setting("expand")?.number ?? 1, squeeze: setting("se")?.squeezeRatio ?? 0,
      groups: setting("groups")?.integer ?? 1, activation: setting("activation")?.activation ?? .identity)
  }
}
