import Diagnostics
import Foundation
import SearchSpaces

/// What a sampler may know: the architectures tried so far with their results, by trial number.
///
/// A history is a value. It does not depend on the order in which trials are told, so that results may arrive from
/// several workers, or from a storage after a restart, in any order.
public struct TrialHistory: Hashable, Sendable {
  /// One trial as samplers see it.
  public struct Entry: Hashable, Sendable {
    /// The trial's number.
    public let number: Int
    /// What was tried.
    public let architecture: Architecture
    /// Where the trial stands.
    public let state: Trial.State
    /// The values found.
    public let values: [String: Double]
  }

  /// The trials by rising number.
  public private(set) var entries: [Entry] = []
  private var tried: Set<Architecture> = []

  /// Creates an empty history.
  public init() {}

  /// Creates the history of recorded trials, in any order.
  ///
  /// - Throws: ``Diagnostic`` where a recorded architecture cannot be read.
  public init(_ trials: [Trial]) throws {
    for trial in trials.sorted(by: { $0.number < $1.number }) { try tell(trial) }
  }

  /// Adds a trial, or replaces what is known of the trial of its number.
  ///
  /// - Throws: ``Diagnostic`` where the recorded architecture cannot be read.
  public mutating func tell(_ trial: Trial) throws {
    let architecture = try Self.architecture(of: trial)
    tell(Entry(number: trial.number, architecture: architecture, state: trial.state, values: trial.values))
  }

  private mutating func tell(_ entry: Entry) {
    tried.insert(entry.architecture)
    // Nearly always the newest trial or the one before it: look from the end.
    var position = entries.count
    while position > 0, entries[position - 1].number > entry.number { position -= 1 }
    if position > 0, entries[position - 1].number == entry.number {
      entries[position - 1] = entry
    } else {
      entries.insert(entry, at: position)
    }
  }

  private static func architecture(of trial: Trial) throws -> Architecture {
    guard
      let architecture = try? JSONDecoder().decode(Architecture.self, from: Data(trial.architecture.utf8)),
      architecture.hash == trial.hash
    else {
      throw Diagnostic(
        .unusableFile, "the recorded architecture cannot be read", at: .init(path: "trial \(trial.number)"),
        value: trial.architecture, rule: "it is canonical JSON of hash \(trial.hash)")
    }
    return architecture
  }

  /// The number of the next trial.
  public var nextNumber: Int { (entries.last?.number ?? -1) + 1 }

  /// Whether an architecture was tried, whatever came of it.
  public func contains(_ architecture: Architecture) -> Bool { tried.contains(architecture) }
}
