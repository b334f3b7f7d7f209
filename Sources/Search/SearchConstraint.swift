import Diagnostics
import SearchSpaces

/// An upper limit that every proposed architecture must keep, such as a predicted latency within a budget.
public struct SearchConstraint: Sendable {
  /// What is limited, such as `predicted latency`.
  public let name: String
  /// The unit for messages, such as `ms`; empty for a plain count.
  public let unit: String
  /// The largest legal value.
  public let limit: Double
  /// The value of an architecture; called often, so it must be cheap.
  public let value: @Sendable (Architecture) throws -> Double

  /// Creates a constraint.
  ///
  /// - Throws: ``Diagnostic`` where the limit is not a number.
  public init(
    name: String, unit: String = "", limit: Double, value: @escaping @Sendable (Architecture) throws -> Double
  ) throws {
    guard limit.isFinite else {
      throw Diagnostic(
        .usage, "the limit of a constraint is not a number", at: .init(path: name), value: "\(limit)",
        rule: "a limit is a finite number")
    }
    self.name = name
    self.unit = unit
    self.limit = limit
    self.value = value
  }
}

/// How far an architecture is from keeping all constraints.
struct ConstraintCheck {
  /// The values in the order of the constraints.
  let values: [Double]
  /// The sum of the relative excesses; 0 exactly where all constraints hold.
  let violation: Double

  init(_ architecture: Architecture, _ constraints: [SearchConstraint]) throws {
    values = try constraints.map { try $0.value(architecture) }
    violation = zip(values, constraints).reduce(0) { sum, pair in
      let (value, limit) = (pair.0, pair.1.limit)
      // A value that is not a number keeps no limit.
      guard !(value <= limit) else { return sum }
      let excess = (value - limit) / max(abs(limit), .leastNormalMagnitude)
      return sum + (excess.isNaN ? .infinity : max(excess, .leastNonzeroMagnitude))
    }
  }
}
