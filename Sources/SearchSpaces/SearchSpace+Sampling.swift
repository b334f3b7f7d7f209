import Tensors

extension SearchSpace {
  /// How many draws are thrown away before one is shrunk into the limits.
  static let rejectionLimit = 200

  /// Draws an architecture within the limits.
  ///
  /// Every active variable takes each of its values with the same probability, as Once-for-All samples. Networks are
  /// therefore not equally likely: with deeper stages having exponentially more variants, drawing networks uniformly
  /// would hardly ever give a shallow one. Draws beyond the limits are thrown away; after 200 of them, the last is
  /// shrunk, variable by variable, until it fits.
  public func sample(using random: inout RandomSource) -> Architecture {
    drawn(using: &random) { random in variables.assignment { random.pick($0.values) } }
  }

  /// An architecture whose variables are those of `architecture`, each replaced with a probability by another of its
  /// values. Variables that become active by that are drawn; limits are kept as in ``sample(using:)``.
  ///
  /// At least one active variable is chosen anew where the space has any.
  public func mutated(
    _ architecture: Architecture, probability: Double, using random: inout RandomSource
  ) -> Architecture {
    drawn(using: &random) { random in
      let active = variables.filter { architecture[$0.name] != nil }
      let certain = active.isEmpty ? nil : random.pick(active).name
      return variables.assignment { variable in
        guard let old = architecture[variable.name] else { return random.pick(variable.values) }
        guard variable.name == certain || random.uniform() < probability else { return old }
        return random.pick(variable.values.filter { $0 != old })
      }
    }
  }

  /// An architecture that takes each variable from one of two parents with equal probability (uniform crossover).
  /// Variables that are active in neither are drawn; limits are kept as in ``sample(using:)``.
  public func crossed(
    _ first: Architecture, _ second: Architecture, using random: inout RandomSource
  ) -> Architecture {
    drawn(using: &random) { random in
      variables.assignment { variable in
        let (a, b) = random.uniform() < 0.5 ? (first, second) : (second, first)
        return a[variable.name] ?? b[variable.name] ?? random.pick(variable.values)
      }
    }
  }

  private func drawn(
    using random: inout RandomSource, _ draw: (inout RandomSource) -> [String: VariableValue]
  ) -> Architecture {
    var architecture = Architecture(choices: draw(&random))
    for _ in 0..<Self.rejectionLimit {
      if isWithinLimits(architecture) { return architecture }
      architecture = Architecture(choices: draw(&random))
    }
    return shrunk(architecture, using: &random)
  }

  /// Brings one variable after another, in random order, to the value of the anchor, which keeps the limits.
  private func shrunk(_ architecture: Architecture, using random: inout RandomSource) -> Architecture {
    var architecture = architecture
    for variable in random.shuffled(variables) {
      if isWithinLimits(architecture) { return architecture }
      var choices = architecture.choices
      choices[variable.name] = anchor[variable.name] ?? variable.value(at: 0)
      architecture = completed(choices)
    }
    return isWithinLimits(architecture) ? architecture : anchor
  }

  /// The architecture of a surplus of choices: inactive ones are dropped, missing ones are the smallest.
  func completed(_ choices: [String: VariableValue]) -> Architecture {
    Architecture(choices: variables.assignment { choices[$0.name] ?? $0.value(at: 0) })
  }
}
