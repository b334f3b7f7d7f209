import Diagnostics
import Yams

extension SpaceReader {
  static let stageLimit = 64
  static let blockLimit = 512
  static let candidateLimit = 32
  static let stageKeys = ["name", "depth", "per_block", "stride", "channels", "block"]

  /// Names of stages that would collide with other variables.
  private static let reservedNames = ["resolution", "width", "stem", "head", "image", "classifier"]

  static func stages(_ entry: YAMLEntry) throws -> [Stage] {
    guard let elements = entry.elements, !elements.isEmpty else {
      throw entry.error("a list of stages is needed", rule: "a space has at least one stage")
    }
    guard elements.count <= stageLimit else {
      throw entry.error(
        "too many stages", value: "\(elements.count) stages", rule: "a space has at most \(stageLimit) stages"
      )
    }
    var stages: [Stage] = []
    for element in elements {
      let stage = try stage(element)
      guard !stages.contains(where: { $0.name == stage.name }) else {
        throw element.error("two stages have one name", value: stage.name, rule: "names are unique")
      }
      stages.append(stage)
    }
    let blocks = stages.reduce(0) { $0 + $1.maximumDepth }
    guard blocks <= blockLimit else {
      throw entry.error(
        "too many blocks", value: "\(blocks) blocks",
        rule: "the stages have at most \(blockLimit) blocks together")
    }
    return stages
  }

  private static func stage(_ entry: YAMLEntry) throws -> Stage {
    let fields = try entry.fields(stageKeys)
    let name = try stageName(fields)
    let block = try fields.required("block", rule: "a stage has a block such as {mbconv: {channels: 24}}")
    let depth = try fields["depth"]?.choice("depth", ValueRules.depth)
    let perBlock = try fields["per_block"]?.flag() ?? false
    let blockStride = try Self.stride(inside: block)
    if let own = fields["stride"], let blockStride {
      throw own.error(
        "the stride stands twice", rule: "it is a key of the stage",
        remedy: "remove it in line \(blockStride.line ?? 0)")
    }
    let (candidates, channels, hasKinds) = try candidates(block)
    let stage = Stage(
      name: name,
      depth: depth ?? Choice(key: "depth", values: [1], line: entry.line),
      stride: try (fields["stride"] ?? blockStride)?.choice("stride", ValueRules.stride)
        ?? Choice(key: "stride", values: [1], line: entry.line),
      channels: try self.channels(of: fields, inBlocks: channels),
      perBlock: perBlock, hasKinds: hasKinds, candidates: candidates, line: entry.line)
    try checkSkip(stage, block)
    return stage
  }

  private static func stageName(_ fields: YAMLEntry.Fields) throws -> String {
    let entry = try fields.required("name", rule: "a stage has a name")
    let name = try entry.name()
    guard !reservedNames.contains(name) else {
      throw entry.error(
        "the name is taken", rule: "stages are not called \(reservedNames.joined(separator: ", "))")
    }
    return name
  }

  /// The stride where it is written inside the stage's only kind of block; it means the same as on the stage.
  private static func stride(inside block: YAMLEntry) throws -> YAMLEntry? {
    guard let (key, entry) = block.tagged, key != "choose", let entry,
      let stride = entry.node.mapping?["stride"]
    else { return nil }
    return entry.child(stride, key: "stride")
  }

  /// The output channels belong to the stage; kinds that repeat them say the same.
  private static func channels(of fields: YAMLEntry.Fields, inBlocks: [(YAMLEntry, Choice)]) throws -> Choice {
    let rule = "all blocks of a stage give the same channels"
    if let own = fields["channels"] {
      if let (_, repeated) = inBlocks.first {
        throw own.error(
          "the channels stand twice", rule: rule, remedy: "remove them in line \(repeated.line ?? 0)")
      }
      return try own.choice("channels", ValueRules.channels)
    }
    guard let (_, first) = inBlocks.first else {
      return try fields.required("channels", rule: "write them on the stage or in its kinds of blocks")
        .choice("channels", ValueRules.channels)
    }
    if let (entry, _) = inBlocks.first(where: { $0.1.values != first.values }) {
      throw entry.error(
        "the kinds differ in channels", rule: rule, remedy: "write channels once, on the stage")
    }
    return first
  }

  private static func checkSkip(_ stage: Stage, _ block: YAMLEntry) throws {
    guard stage.candidates.contains(where: { $0.kind == .skip }) else { return }
    guard stage.candidates.contains(where: { $0.kind != .skip }) else {
      throw block.error(
        "a stage of nothing but skip", value: "skip", rule: "a stage has another kind of block")
    }
    guard stage.perBlock else {
      throw block.error(
        "skip needs blocks that choose for themselves", value: "skip",
        rule: "a whole stage cannot be skipped",
        remedy: "write per_block: true on the stage")
    }
    guard !stage.depth.isOpen else {
      throw block.error(
        "skip in a stage of elastic depth", value: "skip",
        rule: "both would describe the same networks twice",
        remedy: "give the stage one depth, or remove skip")
    }
  }
}
