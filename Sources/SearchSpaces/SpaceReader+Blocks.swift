import Diagnostics
import Yams

extension SpaceReader {
  private static let kindNames = BlockKind.allCases.map(\.rawValue)

  /// The candidates of a stage's block, the channels that they state, and whether the file writes `choose`.
  static func candidates(
    _ block: YAMLEntry
  ) throws -> (candidates: [Candidate], channels: [(YAMLEntry, Choice)], hasKinds: Bool) {
    var channels: [(YAMLEntry, Choice)] = []
    guard let (key, list) = block.tagged, key == "choose" else {
      return ([try candidate(block, stride: true, &channels)], channels, false)
    }
    guard let entries = list?.elements, !entries.isEmpty else {
      throw block.error("choose needs a list", rule: "write choose: [{mbconv: {kernel: 3}}, skip]")
    }
    guard entries.count <= candidateLimit else {
      throw block.error(
        "too many kinds to choose from", value: "\(entries.count) kinds", rule: "at most \(candidateLimit)")
    }
    var candidates: [Candidate] = []
    for entry in entries {
      let candidate = try candidate(entry, stride: false, &channels)
      try checkLabel(candidate, among: candidates, entry)
      candidates.append(candidate)
    }
    return (candidates, channels, candidates.count > 1)
  }

  private static func candidate(
    _ entry: YAMLEntry, stride: Bool, _ channels: inout [(YAMLEntry, Choice)]
  ) throws -> Candidate {
    guard let (key, settings) = entry.tagged else {
      throw entry.error(
        "one kind of block is needed", rule: "the kinds are \(kindNames.joined(separator: ", "))")
    }
    guard let kind = BlockKind(rawValue: key) else {
      throw entry.error(
        "unknown kind of block", value: key, rule: "the kinds are \(kindNames.joined(separator: ", "))",
        nearest: nearestName(to: key, among: kindNames))
    }
    guard kind != .skip else {
      guard settings == nil else {
        throw entry.error("skip has no keys", value: key, rule: "write just skip")
      }
      return Candidate(label: key, kind: kind, choices: [], line: entry.line)
    }
    guard let settings else {
      throw entry.error("the block has no settings", rule: "write \(key): {\(kind.keys[0]): 16}")
    }
    let legal = kind.keys + (stride ? ["stride"] : ["name"])
    let fields = try settings.fields(legal, rule: "\(key) has the keys \(legal.joined(separator: ", "))")
    if let entry = fields["channels"] {
      channels.append((entry, try entry.choice("channels", ValueRules.channels)))
    }
    let label = try fields["name"]?.name()
    return Candidate(
      label: label ?? key, kind: kind, choices: try choices(of: kind, fields, entry.line), line: entry.line)
  }

  /// The choices of a kind in a fixed order, with defaults for those that the file leaves out.
  private static func choices(of kind: BlockKind, _ fields: YAMLEntry.Fields, _ line: Int?) throws -> [Choice] {
    try kind.keys.filter { $0 != "channels" }.map { key in
      let (standard, rule) = setting(key, of: kind)
      return try fields[key]?.choice(key, rule) ?? Choice(key: key, values: [standard], line: line)
    }
  }

  /// The default value of a setting and the rule of its values.
  private static func setting(_ key: String, of kind: BlockKind) -> (VariableValue, YAMLEntry.ValueRule) {
    switch key {
    case "kernel": return (3, ValueRules.kernel)
    case "expand" where kind == .bottleneck || kind == .shuffle: return (0.25, ValueRules.ratio)
    case "expand": return (4, ValueRules.expansion)
    case "se": return (false, ValueRules.squeezeExcite)
    case "groups": return (.integer(kind == .shuffle ? 2 : 1), ValueRules.groups)
    default: return ("relu", ValueRules.activation)
    }
  }

  private static func checkLabel(_ candidate: Candidate, among others: [Candidate], _ entry: YAMLEntry) throws {
    if let other = others.first(where: { $0.label == candidate.label }) {
      throw entry.error(
        "two kinds to choose from have one name", value: candidate.label,
        rule: "candidates are told apart by name, and line \(other.line ?? 0) has this one",
        remedy: "add a name, as in \(candidate.kind.rawValue): {name: k3_e6, kernel: 3}")
    }
    // Candidates of one kind whose choices overlap in every key would describe a network twice.
    let twin = others.first { other in
      other.kind == candidate.kind
        && zip(other.choices, candidate.choices).allSatisfy { !Set($0.values).isDisjoint(with: $1.values) }
    }
    if let twin {
      throw entry.error(
        "two candidates give the same block", value: candidate.label,
        rule: "candidate '\(twin.label)' in line \(twin.line ?? 0) has these settings too")
    }
  }
}
