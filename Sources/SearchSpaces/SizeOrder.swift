import Networks

/// Which networks of a space are small and which are large.
enum SizeOrder {
  /// The labels of a stage's candidates from the cheapest to the most expensive, each with all its choices at their
  /// largest or smallest; equal ones as written.
  static func candidates(
    of stage: Stage, in parts: SpaceReader.Parts, by measure: KeyPath<Cost, Int>, largest: Bool
  ) -> [String] {
    guard stage.candidates.count > 1 else { return stage.candidates.map(\.label) }
    let costs = stage.candidates.indices.map { position -> Int in
      cost(of: stage, ExtremeDecisions(largest: largest, candidate: position), in: parts)[keyPath: measure]
    }
    return costs.indices.sorted { (costs[$0], $0) < (costs[$1], $1) }.map { stage.candidates[$0].label }
  }

  /// What a block behind the first of a stage costs, on an image of 16×16.
  private static func cost(
    of stage: Stage, _ decisions: ExtremeDecisions, in parts: SpaceReader.Parts
  ) -> Cost {
    let width = decisions.value(parts.width, scope: "").number
    let channels = ChannelRounding.product(decisions.value(stage.channels, scope: "").integer, width)
    let candidate = stage.candidates[decisions.candidate]
    let block = candidate.block(at: 2) { decisions.value($0, scope: "") }
    let lone = Blueprint.Stage(
      name: "stage", stride: 1, channels: channels, keepsShape: true, blocks: [block])
    var lowering = Lowering(builder: NetworkBuilder(name: "block"), shared: nil)
    guard let input = try? lowering.builder.input("image", [1, channels, 16, 16]),
      let output = try? lowering.stage(lone, input)
    else { return Cost() }
    return lowering.builder.network(outputs: [("output", output)]).cost
  }

  /// Every variable at its smallest, and the cheapest kind of every block.
  static func smallest(
    _ parts: SpaceReader.Parts, _ variables: [Variable], by measure: KeyPath<Cost, Int>
  ) -> [String: VariableValue] {
    var rankings: [String: [String]] = [:]
    for stage in parts.stages where stage.candidates.count > 1 {
      let ranking = candidates(of: stage, in: parts, by: measure, largest: false)
      for position in 1...stage.maximumDepth { rankings["\(stage.scope(of: position)).kind"] = ranking }
    }
    return variables.assignment { variable in
      let ranked = rankings[variable.name]?.first { variable.values.contains(.text($0)) }
      return ranked.map { .text($0) } ?? variable.value(at: 0)
    }
  }
}

extension [Variable] {
  /// Asks for a value of every variable that the values before it make active.
  func assignment(_ value: (Variable) -> VariableValue) -> [String: VariableValue] {
    var choices: [String: VariableValue] = [:]
    for variable in self where variable.isActive(under: choices) { choices[variable.name] = value(variable) }
    return choices
  }
}

extension Variable {
  /// Whether all conditions hold.
  func isActive(under choices: [String: VariableValue]) -> Bool {
    conditions.allSatisfy { condition in
      choices[condition.variable].map(condition.values.contains) ?? false
    }
  }
}
