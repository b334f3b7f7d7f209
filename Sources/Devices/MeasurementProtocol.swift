import Networks

/// How a latency is measured: warm-up, blocks of runs with a calibration between, until the median is known well enough.
///
/// The protocol is a pure function of the timings that it is given, so that a test can play any machine. The reasons stand
/// in `docs/MEASURING.md`.
public struct MeasurementProtocol: Hashable, Sendable, Codable {
  /// Uncounted runs before the first counted one, fewer where they take long.
  public var warmUpRuns: Int
  /// Counted runs before the median's interval is looked at.
  public var minimumRuns: Int
  /// Runs after which measuring ends in any case; bounds the memory.
  public var maximumRuns: Int
  /// Milliseconds of counted runs and their calibrations after which measuring ends.
  public var timeLimit: Double
  /// Half the median's 95 % interval relative to the median at which measuring ends.
  public var precision: Double
  /// Milliseconds of runs between two calibrations.
  public var blockMilliseconds: Double
  /// How much slower than its fastest time a calibration may be, as a fraction, before the block beside it is discarded.
  public var disturbance: Double
  /// How much slower than in its fastest blocks, as a fraction, the network may be in a block that counts.
  public var slackInPace: Double
  /// How many milliseconds may be lost, by waiting for a calm machine and by discarded blocks, before disturbed blocks
  /// have to do.
  public var patience: Double

  /// Creates a protocol.
  ///
  /// - Precondition: numbers of runs are positive, limits are not negative.
  public init(
    warmUpRuns: Int = 10, minimumRuns: Int = 12, maximumRuns: Int = 20_000, timeLimit: Double = 800,
    precision: Double = 0.01, blockMilliseconds: Double = 8, disturbance: Double = 0.2, slackInPace: Double = 0.05,
    patience: Double = 3_000
  ) {
    precondition(
      minimumRuns > 0 && maximumRuns >= minimumRuns, "the numbers of runs are positive and in order")
    precondition(warmUpRuns >= 0 && patience >= 0, "numbers are not negative")
    precondition(timeLimit >= 0 && precision >= 0 && disturbance >= 0 && slackInPace >= 0, "limits are not negative")
    self.warmUpRuns = warmUpRuns
    self.minimumRuns = minimumRuns
    self.maximumRuns = maximumRuns
    self.timeLimit = timeLimit
    self.precision = precision
    self.blockMilliseconds = blockMilliseconds
    self.disturbance = disturbance
    self.slackInPace = slackInPace
    self.patience = patience
  }
}

/// The timings of a measurement and why it ended.
public struct RepeatedTiming: Hashable, Sendable {
  /// Why a measurement ended.
  public enum Ending: String, Hashable, Sendable, Codable {
    /// The median's interval is narrow enough.
    case precise
    /// The time is spent.
    case timeLimit
    /// The number of runs is reached.
    case runLimit
    /// The machine stayed disturbed for longer than the protocol waits.
    case disturbed
  }

  /// The counted timings in milliseconds, in their order.
  public var milliseconds: [Double]
  /// Why the measurement ended.
  public var ending: Ending
  /// How many blocks were discarded.
  public var discardedBlocks: Int
  /// Half the median's 95 % interval relative to the median; infinite where there are too few runs to say.
  public var relativeHalfWidth: Double
  /// Whether disturbed blocks had to be counted.
  public var disturbed: Bool
  /// Milliseconds that a disturbed machine cost.
  public var lostMilliseconds = 0.0

  /// The distribution of the counted timings.
  public var summary: LatencySummary {
    var summary = LatencySummary(milliseconds: milliseconds, disturbed: disturbed)
    summary.disturbedSeconds = lostMilliseconds / 1e3
    return summary
  }
}

extension MeasurementProtocol {
  /// Measures by the protocol.
  ///
  /// - Parameters:
  ///   - reference: the fastest calibration known from earlier measurements, if any; a faster one takes its place.
  ///   - block: runs the network until as many milliseconds have passed, at least once and at most as often as asked, and
  ///     returns the milliseconds of every run.
  ///   - calibrate: does a fixed amount of work and returns how long it took; while the end of a disturbance is waited for,
  ///     it may do something about it.
  ///   - now: the clock, in milliseconds.
  public func measure(
    reference: inout Calibration?, block: (_ milliseconds: Double, _ atMost: Int) throws -> [Double],
    calibrate: (_ disturbance: Disturbance?) throws -> Calibration, now: () -> Double
  ) rethrows -> RepeatedTiming {
    if warmUpRuns > 0 { _ = try block(Self.warmUpMilliseconds, warmUpRuns) }
    // The first calibration warms up.
    _ = try calibrate(nil)
    let first = try calibrate(nil)
    var log = MeasurementLog(self, reference: reference?.fastest(first) ?? first, last: first)
    defer { reference = log.reference }
    while true {
      let start = now()
      if let disturbance = log.disturbance {
        let calibration = try calibrate(disturbance)
        log.wait(calibration, milliseconds: now() - start)
        continue
      }
      let timings = try block(blockMilliseconds, maximumRuns - log.runs)
      let calibration = try calibrate(nil)
      log.append(Self.warm(timings), calibration: calibration, milliseconds: now() - start)
      if let ending = log.ending { return log.result(ending) }
    }
  }

  /// The runs of a block without the first where there are others: the calibration before it has taken the caches.
  private static func warm(_ timings: [Double]) -> [Double] { timings.count > 3 ? Array(timings.dropFirst()) : timings }

  /// After so long, caches are warm and the clock has settled.
  private static let warmUpMilliseconds = 200.0

  /// Makes a block from single runs.
  public static func block(
    _ milliseconds: Double, atMost limit: Int, run: () throws -> Double
  ) rethrows -> [Double] {
    var timings: [Double] = []
    var spent = 0.0
    repeat {
      let time = try run()
      timings.append(time)
      spent += time
    } while spent < milliseconds && timings.count < limit
    return timings
  }
}
