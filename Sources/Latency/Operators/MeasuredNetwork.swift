import Diagnostics
import Networks

/// A measured network with what each of its fused operators took.
public struct MeasuredNetwork: Hashable, Sendable {
  /// What names it in samples.
  public var key: String
  /// The family that it belongs to, such as a search space; for reports.
  public var family: String
  /// The features of its fused operators.
  public var features: NetworkFeatures
  /// The measured median latency.
  public var milliseconds: Double
  /// What each operator took of it, in the order of the features; 0 for what a runtime absorbs into others.
  public var operators: [Double]
  /// What the runtime took for itself after each operator, in the same order.
  public var passings: [Double]
  /// What the runtime took for itself elsewhere.
  public var overhead: Double
  /// When it was measured, in seconds since 1970; `nil` where nobody looked.
  public var time: Double?

  /// Creates a measurement.
  ///
  /// - Parameters:
  ///   - timings: what the device says of operators, by the names of the fused network's nodes; other names are
  ///     the runtime's own.
  ///   - passings: what of the runtime's own comes after operators, by their names.
  /// - Throws: ``Diagnostic`` that names the network where a latency is unusable.
  public init(
    key: String, family: String, features: NetworkFeatures, milliseconds: Double, timings: [String: Double],
    passings: [String: Double] = [:], time: Double? = nil
  ) throws {
    let usable = ([milliseconds] + timings.values + passings.values).allSatisfy { $0.isFinite && $0 >= 0 }
    guard usable, milliseconds > 0 else {
      throw Diagnostic(
        .unusableFile, "a sample's latency is unusable", at: .init(path: key), value: "\(milliseconds)",
        rule: "latencies are positive numbers of milliseconds")
    }
    (self.key, self.family, self.features, self.milliseconds) = (key, family, features, milliseconds)
    self.time = time
    // What a runtime does to given values, such as to quantise an image, depends on what reads them.
    operators = features.operators.map { $0.category.isGiven ? 0 : timings[$0.node] ?? 0 }
    self.passings = features.operators.map { passings[$0.node] ?? 0 }
    overhead = max(0, timings.values.reduce(0, +) - operators.reduce(0, +) - self.passings.reduce(0, +))
  }
}

extension OperatorCategory {
  /// Whether such values are there before a run begins.
  var isGiven: Bool { rawValue == Operator.input.name || rawValue == Operator.constant([1]).name }

  /// The kinds of work that differ in size alone: `depthwise3` and `depthwise5` are of one group.
  package var group: String {
    let name = rawValue
    guard let digit = name.firstIndex(where: \.isNumber) else { return name }
    return String(name[..<digit])
  }
}
