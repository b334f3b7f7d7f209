import Diagnostics

/// The quantile of the standard normal distribution for two-sided 95 % intervals.
let normalQuantile95 = 1.959_963_984_540_054

/// A proportion, such as an accuracy, with its two-sided 95 % score interval (Wilson, Journal of the American
/// Statistical Association, 1927).
public struct ProportionInterval: Hashable, Sendable, Codable {
  /// The observed proportion.
  public let estimate: Double
  /// The lower end.
  public let lower: Double
  /// The upper end.
  public let upper: Double

  /// Creates the interval of a count of successes.
  ///
  /// - Precondition: `0 <= successes <= trials` and `trials > 0`.
  public init(successes: Int, of trials: Int) {
    precondition(trials > 0 && (0...trials).contains(successes), "\(successes) of \(trials) is no proportion")
    let n = Double(trials)
    let p = Double(successes) / n
    let z2 = normalQuantile95 * normalQuantile95
    let centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    let spread = normalQuantile95 / (1 + z2 / n) * (p * (1 - p) / n + z2 / (4 * n * n)).squareRoot()
    estimate = p
    // The ends are exact where nothing or everything succeeded; rounding would leave a trace.
    lower = successes == 0 ? 0 : centre - spread
    upper = successes == trials ? 1 : centre + spread
  }
}
