/// An architecture as the positions of its values in the lists of its space's variables: what fast loops over
/// millions of architectures work with.
public struct ArchitectureCode: Hashable, Sendable {
  /// Stands for a variable that is not active.
  public static let inactive = UInt16.max

  /// For every variable of the space, the position of its value, or ``inactive``.
  public var positions: [UInt16]
}

extension SearchSpace {
  /// The code of an architecture of this space.
  ///
  /// - Precondition: the architecture belongs to this space.
  public func code(of architecture: Architecture) -> ArchitectureCode {
    var positions = [UInt16](repeating: ArchitectureCode.inactive, count: variables.count)
    // By index: a copy of a variable retains all that it holds, which takes longer than the rest.
    for index in variables.indices {
      guard let value = architecture.choices[variables[index].name] else { continue }
      guard let position = variables[index].values.firstIndex(of: value) else {
        preconditionFailure("the architecture belongs to another space: \(variables[index].name) is \(value)")
      }
      positions[index] = UInt16(position)
    }
    return ArchitectureCode(positions: positions)
  }

  /// The architecture of a code of this space.
  public func architecture(of code: ArchitectureCode) -> Architecture {
    var choices: [String: VariableValue] = [:]
    for (variable, position) in zip(variables, code.positions) where position != ArchitectureCode.inactive {
      choices[variable.name] = variable.values[Int(position)]
    }
    return Architecture(choices: choices)
  }
}
