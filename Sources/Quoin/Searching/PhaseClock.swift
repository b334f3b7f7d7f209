import Foundation
import Search

/// Seconds by phase, over all runs that worked on a search: each records what it spent, also where it was interrupted.
struct PhaseClock {
  private static let kind = "seconds"

  /// The phases in the order in which they came.
  private(set) var phases: [(name: String, seconds: Double)] = []
  private let storage: any StudyStorage
  /// Tells this run's records from those of others.
  private let run = UUID().uuidString

  init(_ storage: any StudyStorage) { self.storage = storage }

  /// The seconds by name.
  var seconds: [String: Double] { Dictionary(phases.map { ($0.name, $0.seconds) }) { $0 + $1 } }

  /// Runs a phase and notes its time.
  ///
  /// - Parameter scope: What the phase is about, where a folder may see it for several things.
  mutating func time<Value>(_ name: String, of scope: String = "", _ body: () throws -> Value) throws -> Value {
    let phase = "\(name) \(scope)/"
    let watch = Stopwatch()
    func record() throws { try storage.record(fact: "\(watch.seconds)", kind: Self.kind, key: phase + run) }
    do {
      let value = try body()
      try record()
      phases.append((name, try total(phase)))
      return value
    } catch {
      // Why the phase ended matters more than how long it took.
      try? record()
      throw error
    }
  }

  private func total(_ phase: String) throws -> Double {
    try storage.facts(ofKind: Self.kind).filter { $0.key.hasPrefix(phase) }.values.compactMap(Double.init).reduce(0, +)
  }

  /// Replaces a phase's time by what its own record says.
  mutating func set(_ name: String, _ seconds: Double) {
    for position in phases.indices where phases[position].name == name { phases[position].seconds = seconds }
  }
}
