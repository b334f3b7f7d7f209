import Diagnostics

extension SelectionProblem {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case sense, groups, budgets, interactions, diversity, batches
    case fixedCosts = "fixed_costs"
    case maxKinds = "max_kinds"
  }

  /// Reads a problem; only `sense` and `groups` have to be there.
  public init(from decoder: any Decoder) throws {
    try rejectMisspelledKeys(decoder, known: CodingKeys.allCases)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    sense = try Self.sense(container.decode(String.self, forKey: .sense))
    groups = try container.decode([Group].self, forKey: .groups)
    fixedCosts = try container.decodeIfPresent([String: Double].self, forKey: .fixedCosts) ?? [:]
    budgets = try container.decodeIfPresent([String: Budget].self, forKey: .budgets) ?? [:]
    interactions = try container.decodeIfPresent([Interaction].self, forKey: .interactions) ?? []
    maxKinds = try container.decodeIfPresent(Int.self, forKey: .maxKinds)
    diversity = try container.decodeIfPresent(Diversity.self, forKey: .diversity)
    batches = try container.decodeIfPresent([Int].self, forKey: .batches) ?? []
  }
}

extension SelectionProblem {
  private static func sense(_ name: String) throws -> Sense {
    if let sense = Sense(rawValue: name) { return sense }
    let names = Sense.allCases.map(\.rawValue)
    throw Diagnostic(
      .unusableFile, "unknown sense", at: .init(path: "sense"), value: name,
      rule: "the senses are \(names.joined(separator: ", "))", nearest: nearestName(to: name, among: names))
  }
}

extension SelectionProblem.Choice {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case name, score, costs, forced, forbidden, deviations, kind, covers, input, output
    case batchCosts = "batch_costs"
  }

  /// Reads a choice; only `name` and `score` have to be there.
  public init(from decoder: any Decoder) throws {
    try rejectMisspelledKeys(decoder, known: CodingKeys.allCases)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    score = try container.decode(Double.self, forKey: .score)
    costs = try container.decodeIfPresent([String: Double].self, forKey: .costs) ?? [:]
    forced = try container.decodeIfPresent(Bool.self, forKey: .forced) ?? false
    forbidden = try container.decodeIfPresent(Bool.self, forKey: .forbidden) ?? false
    deviations = try container.decodeIfPresent([String: Double].self, forKey: .deviations) ?? [:]
    batchCosts = try container.decodeIfPresent([String: Double].self, forKey: .batchCosts) ?? [:]
    kind = try container.decodeIfPresent(String.self, forKey: .kind)
    covers = try container.decodeIfPresent([String].self, forKey: .covers) ?? []
    input = try container.decodeIfPresent(String.self, forKey: .input)
    output = try container.decodeIfPresent(String.self, forKey: .output)
  }
}

extension SelectionProblem.Group {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case name, choices
  }

  /// Reads a group.
  public init(from decoder: any Decoder) throws {
    try rejectMisspelledKeys(decoder, known: CodingKeys.allCases)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    choices = try container.decode([SelectionProblem.Choice].self, forKey: .choices)
  }
}

extension SelectionProblem.Pair {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case choices, score, costs, forbidden
  }

  /// Reads a pair; everything but `choices` may be absent.
  public init(from decoder: any Decoder) throws {
    try rejectMisspelledKeys(decoder, known: CodingKeys.allCases)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    choices = try container.decode([String].self, forKey: .choices)
    score = try container.decodeIfPresent(Double.self, forKey: .score) ?? 0
    costs = try container.decodeIfPresent([String: Double].self, forKey: .costs) ?? [:]
    forbidden = try container.decodeIfPresent(Bool.self, forKey: .forbidden) ?? false
  }
}

extension SelectionProblem.Interaction {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case groups, pairs, matching
  }

  /// Reads an interaction.
  public init(from decoder: any Decoder) throws {
    try rejectMisspelledKeys(decoder, known: CodingKeys.allCases)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    groups = try container.decode([String].self, forKey: .groups)
    matching = try container.decodeIfPresent(Bool.self, forKey: .matching) ?? false
    pairs =
      matching
      ? try container.decodeIfPresent([SelectionProblem.Pair].self, forKey: .pairs) ?? []
      : try container.decode([SelectionProblem.Pair].self, forKey: .pairs)
  }
}

extension SelectionProblem.Budget {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case max, min, probability
    case maxPerItem = "max_per_item"
    case commonDeviation = "common_deviation"
  }

  /// Reads a budget. Unlike elsewhere, no further key is let pass: a limit that is not understood is not kept.
  public init(from decoder: any Decoder) throws {
    let all = try decoder.container(keyedBy: AnyKey.self)
    if let unknown = all.allKeys.first(where: { CodingKeys(stringValue: $0.stringValue) == nil }) {
      throw unknownKey(unknown.stringValue, decoder, known: CodingKeys.allCases)
    }
    let container = try decoder.container(keyedBy: CodingKeys.self)
    max = try container.decodeIfPresent(Double.self, forKey: .max)
    min = try container.decodeIfPresent(Double.self, forKey: .min)
    maxPerItem = try container.decodeIfPresent(Double.self, forKey: .maxPerItem)
    probability = try container.decodeIfPresent(Double.self, forKey: .probability)
    commonDeviation = try container.decodeIfPresent(Double.self, forKey: .commonDeviation)
  }
}

extension SelectionProblem.Diversity {
  enum CodingKeys: String, CodingKey, CaseIterable {
    case earlier
    case maxOverlap = "max_overlap"
  }

  /// Reads a limit of what is in common.
  public init(from decoder: any Decoder) throws {
    try rejectMisspelledKeys(decoder, known: CodingKeys.allCases)
    let container = try decoder.container(keyedBy: CodingKeys.self)
    earlier = try container.decode([[String: String]].self, forKey: .earlier)
    maxOverlap = try container.decode(Double.self, forKey: .maxOverlap)
  }
}

/// A key of any name.
private struct AnyKey: CodingKey {
  let stringValue: String
  let intValue: Int? = nil

  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}

/// Keys of other names are ignored, so that a file may carry notes; one that is spelled almost like a known key is
/// a mistake that would silently change the problem.
private func rejectMisspelledKeys(_ decoder: any Decoder, known: [some CodingKey]) throws {
  let names = known.map(\.stringValue)
  for key in try decoder.container(keyedBy: AnyKey.self).allKeys
  where !names.contains(key.stringValue) && nearestName(to: key.stringValue, among: names) != nil {
    throw unknownKey(key.stringValue, decoder, known: known)
  }
}

private func unknownKey(_ name: String, _ decoder: any Decoder, known: [some CodingKey]) -> Diagnostic {
  let names = known.map(\.stringValue)
  return Diagnostic(
    .unusableFile, "unknown key", at: .init(path: placeText(decoder.codingPath)), value: name,
    rule: "the keys are \(names.sorted().joined(separator: ", "))",
    nearest: nearestName(to: name, among: names))
}

/// A path such as `groups[3].choices[1].costs.latency_ms`.
func placeText(_ path: [any CodingKey]) -> String {
  path.reduce(into: "") { text, key in
    if let index = key.intValue {
      text += "[\(index)]"
    } else {
      text += (text.isEmpty ? "" : ".") + key.stringValue
    }
  }
}
