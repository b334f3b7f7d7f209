import Diagnostics

/// Turns the open choices of a skeleton into variables with conditions.
struct VariableTable {
  /// The most variables of a space.
  static let limit = 10_000

  private(set) var variables: [Variable] = []

  static func variables(of parts: SpaceReader.Parts, file: String?) throws -> [Variable] {
    var table = VariableTable()
    table.add(parts.input.size, axis: .resolution)
    table.add(parts.width, axis: .width)
    for choice in parts.stem.choices { table.add(choice, scope: "stem", axis: axis(of: choice)) }
    for stage in parts.stages {
      table.add(stage, SizeOrder.candidates(of: stage, in: parts, by: \.macs, largest: true))
      guard table.variables.count <= limit else {
        throw Diagnostic(
          .unusableFile, "too many variables", at: .init(file: file, line: stage.line, path: stage.name),
          rule: "a space has at most \(limit) variables")
      }
    }
    for choice in parts.head?.choices ?? [] { table.add(choice, scope: "head", axis: axis(of: choice)) }
    return table.variables
  }

  private static func axis(of choice: Choice) -> Variable.Axis {
    choice.key == "channels" || choice.key == "expand" ? .width : .block
  }

  private mutating func add(
    _ choice: Choice, scope: String = "", axis: Variable.Axis, conditions: [Variable.Condition] = [],
    sizeOrder: [Int]? = nil
  ) {
    guard choice.isOpen else { return }
    variables.append(
      Variable(
        name: choice.name(in: scope), values: choice.values, conditions: conditions,
        sizeOrder: sizeOrder ?? choice.sizeOrder, axis: axis))
  }

  private mutating func add(_ stage: Stage, _ ranking: [String]) {
    add(stage.depth, scope: stage.name, axis: .depth)
    add(stage.stride, scope: stage.name, axis: .block)
    add(stage.channels, scope: stage.name, axis: .width)
    for position in 1...(stage.perBlock ? stage.maximumDepth : 1) { add(stage, position, ranking) }
  }

  private mutating func add(_ stage: Stage, _ position: Int, _ ranking: [String]) {
    var conditions: [Variable.Condition] = []
    let deepEnough = stage.depth.values.filter { $0.integer >= position }
    if deepEnough.count < stage.depth.values.count {
      conditions.append(.init(variable: stage.depth.name(in: stage.name), values: deepEnough))
    }
    let kinds = stage.kindChoice(at: position)
    let scope = stage.scope(of: position)
    let order = ranking.compactMap { label in kinds.values.firstIndex(of: .text(label)) }
    add(kinds, scope: scope, axis: .block, conditions: conditions, sizeOrder: order)
    for candidate in stage.candidates(at: position) {
      let chosen = Variable.Condition(variable: kinds.name(in: scope), values: [.text(candidate.label)])
      for choice in candidate.choices {
        add(
          choice, scope: stage.scope(of: candidate, at: position), axis: Self.axis(of: choice),
          conditions: kinds.isOpen ? conditions + [chosen] : conditions)
      }
    }
  }
}
