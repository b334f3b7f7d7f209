import Compute
import Tensors

/// How steady the machine's clock and processor are: the spread of equal work.
public struct TimingNoise: Hashable, Sendable, Codable {
  /// The number of repetitions.
  public var repetitions: Int
  /// The fastest repetition in milliseconds.
  public var minimum: Double
  /// The middle repetition in milliseconds.
  public var median: Double
  /// How much slower than the median the 90th percentile is, as a fraction.
  public var slower90: Double
  /// How much slower than the median the slowest repetition is, as a fraction.
  public var slowest: Double
  /// The fraction of repetitions that take longer than the fastest one by more than the measuring protocol tolerates.
  public var disturbed: Double

  enum CodingKeys: String, CodingKey {
    case repetitions, slowest, disturbed
    case minimum = "min_ms"
    case median = "median_ms"
    case slower90 = "slower_90"
  }

  /// The spread of timings of equal work.
  ///
  /// - Precondition: there is at least one timing, and all are positive.
  public init(milliseconds timings: [Double], disturbance: Double = MeasurementProtocol().disturbance) {
    precondition(!timings.isEmpty, "noise needs a timing")
    let sorted = timings.sorted()
    repetitions = sorted.count
    minimum = sorted[0]
    median = sorted.medianOfSorted
    slower90 = sorted[min(sorted.count - 1, sorted.count * 9 / 10)] / median - 1
    slowest = sorted[sorted.count - 1] / median - 1
    disturbed = Double(sorted.count { $0 > sorted[0] * (1 + disturbance) }) / Double(sorted.count)
  }

  /// Repeats a calibration on one thread for about as many milliseconds.
  public static func measured(milliseconds budget: Double = 1_000) -> TimingNoise {
    let calibrator = Calibrator(pool: ThreadPool(threads: 1))
    _ = calibrator.measure()
    var timings: [Double] = []
    repeat { timings.append(calibrator.measure().milliseconds) } while timings.reduce(0, +) < budget
    return TimingNoise(milliseconds: timings)
  }
}
