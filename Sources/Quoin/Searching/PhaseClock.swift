/// Seconds by phase, in the order in which the phases came.
struct PhaseClock {
  private(set) var phases: [(name: String, seconds: Double)] = []

  /// The seconds by name.
  var seconds: [String: Double] { Dictionary(phases.map { ($0.name, $0.seconds) }) { $0 + $1 } }

  /// Runs a phase and notes its time.
  mutating func time<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
    let watch = Stopwatch()
    let result = try body()
    phases.append((name, watch.seconds))
    return result
  }

  /// Replaces a phase's time, where an earlier run did a part of it.
  mutating func set(_ name: String, _ seconds: Double) {
    for position in phases.indices where phases[position].name == name { phases[position].seconds = seconds }
  }
}
