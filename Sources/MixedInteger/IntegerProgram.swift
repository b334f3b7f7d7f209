/// A mixed-integer linear program: variables, linear constraints, and a linear objective.
///
///     var program = IntegerProgram()
///     let x = program.addBinary("x"), y = program.addBinary("y")
///     program.add((3 * x + 2 * y).atMost(4))
///     program.setObjective(.maximize, 5 * x + 4 * y)
///     let solution = try program.solve()
///     solution.outcome                             // .optimal
///     solution.value(x)                            // 1
///
/// The program is a value and so is its solution: changing the program later never changes what was solved.
/// Nothing is checked while the model grows; ``solve(_:cuttingOff:)`` checks all of it and names the place.
public struct IntegerProgram: Sendable {
  /// Whether the objective shall be small or large.
  public enum Sense: Sendable, Hashable {
    case minimize
    case maximize
  }

  /// What a variable is: its bounds, and whether it takes whole numbers only.
  package struct Column: Sendable, Hashable {
    package var name: String
    package var lower: Double
    package var upper: Double
    package var isInteger: Bool
  }

  package private(set) var columns: [Column] = []
  package private(set) var constraints: [LinearConstraint] = []
  package private(set) var sense = Sense.minimize
  package private(set) var objective = LinearExpression()

  /// An empty program, whose objective is 0.
  public init() {}

  /// How many variables there are.
  public var variableCount: Int { columns.count }
  /// How many constraints there are.
  public var constraintCount: Int { constraints.count }

  /// Adds a variable that takes any number within the bounds, which may be infinite.
  public mutating func addContinuous(
    _ name: String, lower: Double = 0, upper: Double = .infinity
  ) -> Variable {
    add(Column(name: name, lower: lower, upper: upper, isInteger: false))
  }

  /// Adds a variable that takes whole numbers within the bounds, which may be infinite.
  public mutating func addInteger(
    _ name: String, lower: Double = 0, upper: Double = .infinity
  ) -> Variable {
    add(Column(name: name, lower: lower, upper: upper, isInteger: true))
  }

  /// Adds a variable that is 0 or 1.
  public mutating func addBinary(_ name: String) -> Variable { addInteger(name, lower: 0, upper: 1) }

  /// Adds a constraint.
  public mutating func add(_ constraint: LinearConstraint) { constraints.append(constraint) }

  /// Replaces the objective.
  public mutating func setObjective(_ sense: Sense, _ expression: LinearExpression) {
    self.sense = sense
    objective = expression
  }

  private mutating func add(_ column: Column) -> Variable {
    columns.append(column)
    return Variable(index: columns.count - 1)
  }
}
