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
    ArchitectureCode(
      positions: variables.map { variable in
        guard let value = architecture[variable.name] else { return ArchitectureCode.inactive }
        guard let position = variable.values.firstIndex(of: value) else {
          preconditionFailure("the architecture belongs to another space: \(variable.name) is \(value)")
        }
        return UInt16(position)
      })
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
