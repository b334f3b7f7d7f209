/// A decision variable of an ``IntegerProgram``: a handle, valid for the program that made it and for its copies.
public struct Variable: Hashable, Sendable {
  /// The place of the variable among the program's variables, from 0.
  public let index: Int

  /// A variable times a coefficient.
  public static func * (coefficient: Double, variable: Variable) -> LinearExpression {
    var product = LinearExpression()
    product.add(coefficient, variable)
    return product
  }
}

/// A sum of variables times coefficients, plus a constant.
///
///     let cost = 3 * x + 2 * y - 1
///     program.add(cost.atMost(10))
///
/// Terms keep the order in which they were added; a variable may stand in several terms.
public struct LinearExpression: Hashable, Sendable {
  /// One variable times its coefficient.
  public struct Term: Hashable, Sendable {
    /// The variable.
    public var variable: Variable
    /// Its factor.
    public var coefficient: Double
  }

  /// The terms in the order in which they were added.
  public private(set) var terms: [Term] = []
  /// What is added to the terms.
  public var constant: Double

  /// A constant, by default 0.
  public init(_ constant: Double = 0) { self.constant = constant }

  /// The sum of the variables.
  public init(sum variables: some Sequence<Variable>) {
    constant = 0
    terms = variables.map { Term(variable: $0, coefficient: 1) }
  }

  /// Adds `coefficient * variable`.
  public mutating func add(_ coefficient: Double, _ variable: Variable) {
    terms.append(Term(variable: variable, coefficient: coefficient))
  }

  /// The value at a point, as a plain sum: the constant first, then the terms in order.
  public func value(at point: [Double]) -> Double {
    terms.reduce(constant) { $0 + $1.coefficient * point[$1.variable.index] }
  }

  /// The constraint that the expression is at most `bound`.
  public func atMost(_ bound: Double) -> LinearConstraint {
    LinearConstraint(self, lower: -.infinity, upper: bound)
  }

  /// The constraint that the expression is at least `bound`.
  public func atLeast(_ bound: Double) -> LinearConstraint {
    LinearConstraint(self, lower: bound, upper: .infinity)
  }

  /// The constraint that the expression equals `value`.
  public func equals(_ value: Double) -> LinearConstraint {
    LinearConstraint(self, lower: value, upper: value)
  }

  /// The sum of two expressions.
  public static func + (a: LinearExpression, b: LinearExpression) -> LinearExpression {
    var sum = a
    sum.terms += b.terms
    sum.constant += b.constant
    return sum
  }

  /// The difference of two expressions.
  public static func - (a: LinearExpression, b: LinearExpression) -> LinearExpression { a + -1 * b }

  /// An expression plus a constant.
  public static func + (a: LinearExpression, b: Double) -> LinearExpression { a + LinearExpression(b) }

  /// An expression minus a constant.
  public static func - (a: LinearExpression, b: Double) -> LinearExpression { a + LinearExpression(-b) }

  /// Every coefficient and the constant times `factor`.
  public static func * (factor: Double, a: LinearExpression) -> LinearExpression {
    var product = LinearExpression(factor * a.constant)
    product.terms = a.terms.map { Term(variable: $0.variable, coefficient: factor * $0.coefficient) }
    return product
  }
}

/// A linear expression between two bounds, either of which may be infinite.
public struct LinearConstraint: Hashable, Sendable {
  /// What is bounded.
  public var expression: LinearExpression
  /// The smallest legal value.
  public var lower: Double
  /// The largest legal value.
  public var upper: Double
  /// What messages call the constraint.
  public var name: String?

  /// Creates a constraint `lower <= expression <= upper`.
  public init(_ expression: LinearExpression, lower: Double, upper: Double, name: String? = nil) {
    self.expression = expression
    self.lower = lower
    self.upper = upper
    self.name = name
  }

  /// Whether a point fulfils the constraint within `tolerance`, relative to bounds above 1.
  public func holds(at point: [Double], tolerance: Double = 0) -> Bool {
    let value = expression.value(at: point)
    return value >= lower - tolerance * (1 + abs(lower)) && value <= upper + tolerance * (1 + abs(upper))
  }
}
