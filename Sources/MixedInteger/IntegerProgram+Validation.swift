import Diagnostics

extension IntegerProgram {
  /// What GLPK can count.
  private static let largestCount = 50_000_000
  /// Beyond this, sums of products lose all meaning in a `Double`.
  private static let largestCoefficient = 1e30

  /// Checks every number of the model.
  ///
  /// - Throws: ``Diagnostic`` that names the variable or constraint and the number.
  package func validate() throws {
    for column in columns { try validate(column) }
    try validate(objective, place: "objective")
    var entries = 0
    for (index, constraint) in constraints.enumerated() {
      try validate(constraint, place: constraint.name ?? "constraints[\(index)]")
      entries += constraint.expression.terms.count
    }
    for (what, count) in [
      ("variables", columns.count), ("constraints", constraints.count), ("coefficients", entries),
    ] where count > Self.largestCount {
      throw Diagnostic(
        .usage, "the program has too many \(what)", value: "\(count)", rule: "at most \(Self.largestCount)")
    }
  }

  private func validate(_ column: Column) throws {
    try validateBounds(column.lower, column.upper, place: column.name)
  }

  private func validate(_ constraint: LinearConstraint, place: String) throws {
    try validateBounds(constraint.lower, constraint.upper, place: place)
    try validate(constraint.expression, place: place)
  }

  private func validateBounds(_ lower: Double, _ upper: Double, place: String) throws {
    guard !lower.isNaN, !upper.isNaN, lower < .infinity, upper > -.infinity, lower <= upper else {
      throw Diagnostic(
        .usage, "the bounds cannot be met", at: .init(path: place), value: "\(lower) ... \(upper)",
        rule: "bounds are numbers, and the lower one is at most the upper one")
    }
  }

  private func validate(_ expression: LinearExpression, place: String) throws {
    try validateNumber(expression.constant, place: place)
    for term in expression.terms {
      guard columns.indices.contains(term.variable.index) else {
        throw Diagnostic(
          .usage, "a variable of another program", at: .init(path: place), value: "\(term.variable.index)",
          rule: "the program has \(columns.count) variables")
      }
      try validateNumber(term.coefficient, place: "\(place).\(columns[term.variable.index].name)")
    }
  }

  private func validateNumber(_ number: Double, place: String) throws {
    guard abs(number) <= Self.largestCoefficient else {
      throw Diagnostic(
        .usage, "a coefficient cannot be used", at: .init(path: place), value: "\(number)",
        rule: "coefficients are finite and at most \(Self.largestCoefficient) in magnitude")
    }
  }

  /// Checks a point that a caller offers as a start: GLPK believes what it is told.
  func validateStart(_ start: [Double]) throws {
    guard start.count == columns.count else {
      throw Diagnostic(
        .usage, "the starting point has a wrong length", value: "\(start.count)",
        rule: "one number for each of the \(columns.count) variables")
    }
    for (value, column) in zip(start, columns) {
      let isLegal = value >= column.lower && value <= column.upper
      guard isLegal, !column.isInteger || value == value.rounded() else {
        throw Diagnostic(
          .usage, "the starting point is outside a variable's values", at: .init(path: column.name),
          value: "\(value)")
      }
    }
    for constraint in constraints where !constraint.holds(at: start, tolerance: 1e-7) {
      throw Diagnostic(
        .usage, "the starting point breaks a constraint", at: .init(path: constraint.name ?? "unnamed"),
        value: "\(constraint.expression.value(at: start))",
        rule: "the value is within \(constraint.lower) ... \(constraint.upper)")
    }
  }
}
