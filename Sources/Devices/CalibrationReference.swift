import Foundation

/// The fastest calibrations that this machine was seen to reach, kept in the lock file of its measurements, so that a
/// measurement in a busy hour knows how fast the machine is when it is calm.
///
/// A reference is forgotten after half a day: a virtual machine may have moved to other hardware.
struct CalibrationReference: Codable {
  private struct Entry: Codable {
    var calibration: Calibration
    var seen: Date
  }

  private static let lifetime: TimeInterval = 12 * 3600
  private static let limit = 1 << 16

  private var entries: [String: Entry] = [:]

  /// Reads what earlier measurements left; nothing where the file holds something else.
  init(_ lock: borrowing DeviceLock) {
    guard let stored = try? JSONDecoder().decode(Self.self, from: lock.note(limit: Self.limit)) else { return }
    let isUsable = stored.entries.values.allSatisfy {
      $0.calibration.additions > 0 && $0.calibration.cache > 0 && $0.calibration.milliseconds.isFinite
    }
    if isUsable { entries = stored.entries }
  }

  /// The fastest calibration of a kind of work, if one was seen lately.
  func fastest(_ kind: String, now: Date = .now) -> Calibration? {
    guard let entry = entries[kind], abs(now.timeIntervalSince(entry.seen)) < Self.lifetime else { return nil }
    return entry.calibration
  }

  /// Keeps the fastest calibration of a kind of work for the next measurement.
  mutating func keep(_ calibration: Calibration, of kind: String, now: Date = .now, in lock: borrowing DeviceLock) {
    guard calibration != fastest(kind, now: now) else { return }
    entries[kind] = Entry(calibration: calibration, seen: now)
    // A reference that is not kept is found again.
    if let data = try? JSONEncoder().encode(self), data.count <= Self.limit { lock.setNote(data) }
  }
}
