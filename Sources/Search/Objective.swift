/// Something that a search improves: the name of a trial's value, and which way is better.
public struct Objective: Hashable, Sendable, Codable {
  /// Which way is better.
  public enum Direction: String, Hashable, Sendable, Codable {
    /// Smaller is better.
    case minimize
    /// Larger is better.
    case maximize
  }

  /// The name of the value in ``Trial/values``.
  public let name: String
  /// Which way is better.
  public let direction: Direction

  /// Creates an objective.
  public init(_ name: String, _ direction: Direction) {
    self.name = name
    self.direction = direction
  }

  /// The accuracy on held-out training images.
  public static let validationAccuracy = Objective("validation_accuracy", .maximize)
  /// The mean probability of the right class on held-out training images, calibrated: what searches choose by.
  public static let expectedAccuracy = Objective("expected_accuracy", .maximize)
  /// The latency in milliseconds.
  public static let latency = Objective("latency_ms", .minimize)
}

extension Objective.Direction {
  /// The value turned so that smaller is better.
  func cost(_ value: Double) -> Double { self == .minimize ? value : -value }

  /// Whether one value is better than another.
  public func isBetter(_ a: Double, than b: Double) -> Bool { cost(a) < cost(b) }
}
