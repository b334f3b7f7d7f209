extension SearchSpace {
  /// The architecture with every choice at its largest, and the kind of block that computes most. Limits are ignored:
  /// it is the network whose weights hold all others.
  public var largest: Architecture { scaled { _ in 1 } }

  /// The architecture with every choice at its smallest, and the kind of block that computes least.
  public var smallest: Architecture {
    Architecture(choices: SizeOrder.smallest(parts, variables, by: \.macs))
  }

  /// What one would build without a search: networks scaled by one or two numbers, from the smallest to the largest,
  /// within the limits.
  ///
  /// In each, every variable stands at the same relative position of its values, ordered by size. Compound ones
  /// (compare Tan and Le, "EfficientNet", 2019) set the resolution apart from the rest, or the depth where the
  /// resolution is fixed: three positions of it times five of the rest. Equal networks count once.
  public func uniformlyScaled() -> [Architecture] {
    let apart: Variable.Axis = variables.contains { $0.axis == .resolution } ? .resolution : .depth
    var architectures = [smallest]
    for rest in [0, 0.25, 0.5, 0.75, 1] {
      for position in [0, 0.5, 1] {
        architectures.append(scaled { $0.axis == apart ? position : rest })
      }
    }
    for position in [0.25, 0.5, 0.75] { architectures.append(scaled { _ in position }) }
    var seen = Set<Architecture>()
    return architectures.filter { seen.insert($0).inserted && isWithinLimits($0) }
      .map { ($0, macs(of: $0)) }.sorted { ($0.1, $0.0.json) < ($1.1, $1.0.json) }.map(\.0)
  }

  private func scaled(_ position: (Variable) -> Double) -> Architecture {
    Architecture(choices: variables.assignment { $0.value(at: position($0)) })
  }

  private func macs(of architecture: Architecture) -> Int { (try? network(for: architecture).cost.macs) ?? 0 }
}
