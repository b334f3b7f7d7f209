import Networks

/// How a latency is measured: warm-up, blocks of runs with a calibration between, until the median is known well enough.
///
/// The protocol is a pure function of the timings that it is given, so that a test can play any machine. The reasons stand
/// in `docs/MEASURING.md`.
public struct MeasurementProtocol: Hashable, Sendable, Codable {
  /// Uncounted runs before the first counted one.
  public var warmUpRuns: Int
  /// Counted runs before the median's interval is looked at.
  public var minimumRuns: Int
  /// Counted runs after which measuring ends in any case; bounds the memory.
  public var maximumRuns: Int
  /// Milliseconds of counted runs and calibrations after which measuring ends.
  public var timeLimit: Double
  /// Half the median's 95 % interval relative to the median at which measuring ends.
  public var precision: Double
  /// Milliseconds of runs between two calibrations.
  public var blockMilliseconds: Double
  /// How much slower than its fastest time a calibration may be, as a fraction, before the block beside it is discarded.
  public var disturbance: Double
  /// How many blocks may be discarded before measuring on a machine that is still disturbed ends.
  public var repeats: Int

  /// Creates a protocol.
  ///
  /// - Precondition: numbers of runs are positive, limits are not negative.
  public init(
    warmUpRuns: Int = 10, minimumRuns: Int = 20, maximumRuns: Int = 20_000, timeLimit: Double = 2_000,
    precision: Double = 0.01, blockMilliseconds: Double = 20, disturbance: Double = 0.1, repeats: Int = 10
  ) {
    precondition(
      minimumRuns > 0 && maximumRuns >= minimumRuns, "the numbers of runs are positive and in order")
    precondition(warmUpRuns >= 0 && repeats >= 0, "numbers are not negative")
    precondition(timeLimit >= 0 && precision >= 0 && disturbance >= 0, "limits are not negative")
    self.warmUpRuns = warmUpRuns
    self.minimumRuns = minimumRuns
    self.maximumRuns = maximumRuns
    self.timeLimit = timeLimit
    self.precision = precision
    self.blockMilliseconds = blockMilliseconds
    self.disturbance = disturbance
    self.repeats = repeats
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
    /// More blocks than allowed had to be discarded.
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
  /// Whether disturbed blocks had to be counted or blocks were discarded more often than allowed.
  public var disturbed: Bool

  /// The distribution of the timings.
  public var summary: LatencySummary { LatencySummary(milliseconds: milliseconds, disturbed: disturbed) }
}

extension MeasurementProtocol {
  /// Measures by the protocol.
  ///
  /// - Parameters:
  ///   - run: runs the network once and returns the milliseconds it took.
  ///   - calibrate: does a fixed amount of work and returns the milliseconds it took.
  public func measure(run: () throws -> Double, calibrate: () throws -> Double) rethrows -> RepeatedTiming {
    for _ in 0..<warmUpRuns { _ = try run() }
    // The first calibration warms up; the fastest of the next ones is the first idea of an undisturbed one.
    _ = try calibrate()
    var log = MeasurementLog(self, reference: min(try calibrate(), try calibrate(), try calibrate()))
    var ending: RepeatedTiming.Ending?
    while ending == nil {
      let timings = try block(run, atMost: maximumRuns - log.runs)
      log.append(timings, calibration: try calibrate())
      ending = log.ending
    }
    return log.result(ending ?? .timeLimit)
  }

  /// Runs until the block's time is over.
  private func block(_ run: () throws -> Double, atMost limit: Int) rethrows -> [Double] {
    var timings: [Double] = []
    var spent = 0.0
    repeat {
      let milliseconds = try run()
      timings.append(milliseconds)
      spent += milliseconds
    } while spent < blockMilliseconds && timings.count < limit
    return timings
  }
}
