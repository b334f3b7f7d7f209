import Diagnostics
import Networks

/// How the parts of a space fit together: shapes that can be built, and no network described twice.
///
/// Assignments and networks, with the names of their layers, correspond one to one because of these rules, so that
/// counting the assignments counts the networks. Which of several equal blocks are skipped is part of a network.
struct SpaceRules {
  let parts: SpaceReader.Parts
  let file: String?

  private var widths: [Double] { parts.width.values.map(\.number) }

  /// Checks everything and fills in what depends on the neighbours of a stage.
  static func check(_ parts: SpaceReader.Parts, file: String?) throws -> SpaceReader.Parts {
    let parts = markingKeptShapes(parts)
    let rules = SpaceRules(parts: parts, file: file)
    try rules.checkChannels()
    try rules.checkWidths()
    var inputs = rules.outputs(of: parts.stem.channels)
    for stage in parts.stages {
      try rules.check(stage, inputs: inputs)
      inputs = rules.outputs(of: stage.channels)
    }
    return parts
  }

  private static func markingKeptShapes(_ parts: SpaceReader.Parts) -> SpaceReader.Parts {
    var parts = parts
    var channels = parts.stem.channels.values
    for position in parts.stages.indices {
      let stage = parts.stages[position]
      parts.stages[position].keepsShape =
        stage.stride.values == [1] && stage.channels.values == channels && channels.count == 1
      channels = stage.channels.values
    }
    return parts
  }

  /// Every number of channels that a place can give.
  private func outputs(of channels: Choice) -> Set<Int> {
    Set(widths.flatMap { width in channels.values.map { ChannelRounding.product($0.integer, width) } })
  }

  private func error(
    _ problem: String, _ choice: Choice, _ path: String, value: String, rule: String, remedy: String? = nil
  ) -> Diagnostic {
    Diagnostic(
      .unusableFile, problem, at: .init(file: file, line: choice.line, path: path), value: value, rule: rule,
      remedy: remedy)
  }

  /// The places that every network has, with the first part of their names.
  private var channelPlaces: [(path: String, choice: Choice)] {
    [("stem", parts.stem.channels)] + parts.stages.map { ($0.name, $0.channels) }
      + (parts.head.map { [("head", $0.channels)] } ?? [])
  }

  private func checkChannels() throws {
    for (path, choice) in channelPlaces {
      for width in widths {
        guard let (a, b) = collision(choice.values, { ChannelRounding.product($0.integer, width) }) else {
          continue
        }
        throw error(
          "two choices give the same network", choice, "\(path).channels", value: "\(a), \(b)",
          rule: "both are rounded to \(ChannelRounding.product(a.integer, width)) channels at width "
            + VariableValue.normal(width).description)
      }
    }
  }

  /// Two widths describe different networks where some place of every network tells them apart.
  private func checkWidths() throws {
    for (position, width) in widths.enumerated() {
      for other in widths[..<position] {
        let differ = channelPlaces.contains { place in
          let channels = Set(place.choice.values.map { ChannelRounding.product($0.integer, width) })
          return channels.isDisjoint(
            with: place.choice.values.map { ChannelRounding.product($0.integer, other) })
        }
        guard !differ else { continue }
        throw error(
          "two choices give the same network", parts.width, "width",
          value: "\(VariableValue.normal(other)), \(VariableValue.normal(width))",
          rule: "channels are rounded to multiples of 8, and no place tells these widths apart")
      }
    }
  }

  private func check(_ stage: Stage, inputs: Set<Int>) throws {
    let outputs = outputs(of: stage.channels)
    let inputs = stage.maximumDepth > 1 ? inputs.union(outputs) : inputs
    for candidate in stage.candidates where candidate.kind != .skip {
      let path = "\(stage.name).\(candidate.label)"
      let hidden = try hiddenChannels(of: candidate, in: stage, inputs: inputs, outputs: outputs, path)
      try checkSqueeze(candidate, hidden: hidden, path)
      try checkGroups(candidate, inputs: inputs, hidden: hidden, outputs: outputs, path)
    }
  }

  /// The numbers of channels inside a block; the values of `expand` of all candidates of a kind must differ in them.
  private func hiddenChannels(
    of candidate: Candidate, in stage: Stage, inputs: Set<Int>, outputs: Set<Int>, _ path: String
  ) throws -> Set<Int> {
    guard let expand = candidate.choice("expand") else { return outputs }
    let bases = candidate.kind == .mbconv || candidate.kind == .fusedMBConv ? inputs : outputs
    let siblings = stage.candidates.filter { $0.kind == candidate.kind }.compactMap { $0.choice("expand") }
    var values: [VariableValue] = []
    for value in siblings.flatMap(\.values) where !values.contains(value) { values.append(value) }
    // Without its expansion convolution an inverted residual differs from one that expands by little.
    if candidate.kind == .mbconv { values.removeAll { $0 == 1 } }
    for base in bases.sorted() {
      guard let (a, b) = collision(values, { ChannelRounding.product(base, $0.number) }) else { continue }
      throw error(
        "two choices give the same network", expand, "\(path).expand", value: "\(a), \(b)",
        rule: "both make \(ChannelRounding.product(base, a.number)) channels out of \(base), "
          + "since products are rounded to multiples of 8")
    }
    return Set(bases.flatMap { base in expand.values.map { ChannelRounding.product(base, $0.number) } })
  }

  private func checkSqueeze(_ candidate: Candidate, hidden: Set<Int>, _ path: String) throws {
    guard let choice = candidate.choice("se") else { return }
    let ratios = choice.values.filter { $0.squeezeRatio > 0 }
    for channels in hidden.sorted() {
      guard let (a, b) = collision(ratios, { ChannelRounding.squeezed(channels, ratio: $0.squeezeRatio) })
      else { continue }
      throw error(
        "two choices give the same network", choice, "\(path).se", value: "\(a), \(b)",
        rule: "both squeeze \(channels) channels to "
          + "\(ChannelRounding.squeezed(channels, ratio: a.squeezeRatio)), a multiple of 8")
    }
  }

  private func checkGroups(
    _ candidate: Candidate, inputs: Set<Int>, hidden: Set<Int>, outputs: Set<Int>, _ path: String
  ) throws {
    guard let choice = candidate.choice("groups") else { return }
    let grouped: [(String, Set<Int>)]
    switch candidate.kind {
    case .conv: grouped = [("input", inputs), ("output", outputs)]
    case .bottleneck: grouped = [("hidden", hidden)]
    default: grouped = [("input", inputs), ("hidden", hidden), ("output", outputs)]
    }
    for value in choice.values {
      let groups = value.integer
      guard candidate.kind != .shuffle || groups > 1 else {
        throw error(
          "a shuffle of one group", choice, "\(path).groups", value: "1",
          rule: "channels are shuffled between groups",
          remedy: "write 2 or more")
      }
      for (noun, counts) in grouped {
        guard let odd = counts.sorted().first(where: { $0 % groups != 0 }) else { continue }
        throw error(
          "the groups do not divide the channels", choice, "\(path).groups", value: "\(groups)",
          rule: "the block can have \(odd) \(noun) channels")
      }
    }
  }

  /// Two values for which `result` is the same.
  private func collision(
    _ values: [VariableValue], _ result: (VariableValue) -> Int
  ) -> (VariableValue, VariableValue)? {
    var seen: [Int: VariableValue] = [:]
    for value in values {
      if let other = seen.updateValue(value, forKey: result(value)) { return (other, value) }
    }
    return nil
  }
}
