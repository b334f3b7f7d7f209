import Foundation

/// One axis of a plot: a range with round ends, and the ticks in it.
package struct Axis {
  package let lower: Double
  package let upper: Double
  package let ticks: [Double]
  /// Decimals that tell neighbouring ticks apart.
  package let decimals: Int
  /// Whether equal factors have equal lengths.
  package let isLogarithmic: Bool

  /// Covers all finite values with some air around them; without any, 0…1.
  ///
  /// Ticks are multiples of 1, 2, 2.5 or 5 times a power of ten, about `count` of them.
  ///
  /// - Parameters:
  ///   - floor, ceiling: where air must not be added beyond, such as 0 % and 100 %.
  ///   - headroom: the share of the range that stays free above the values.
  package init(
    covering values: [Double], count: Int = 6, floor: Double = -.infinity, ceiling: Double = .infinity,
    headroom: Double = 0.06
  ) {
    let finite = values.filter { $0.isFinite && abs($0) < 1e12 }
    var (low, high) = (finite.min() ?? 0, finite.max() ?? 1)
    // One point, or many at one place, still need a range.
    if high - low < max(abs(high), 1e-6) * 1e-6 {
      let margin = max(abs(high) * 0.1, 1e-6)
      (low, high) = (low - margin, high + margin)
    }
    let air = (high - low) * 0.06
    (low, high) = (max(low - air, min(floor, low)), min(high + (high - low) * headroom, max(ceiling, high)))
    let step = Self.roundStep((high - low) / Double(max(count, 1)))
    let first = Int((low / step).rounded(.up))
    let last = Int((high / step).rounded(.down))
    lower = low
    upper = high
    ticks = first <= last ? (first...last).map { Double($0) * step } : []
    decimals = Self.decimals(of: step)
    isLogarithmic = false
  }

  /// Covers all positive values with some air around them by factors; without any, 0.1…1.
  ///
  /// Ticks are powers of ten, and where these are few also 2 and 5 times a power.
  package init(logarithmicCovering values: [Double]) {
    let logarithms = values.filter { $0.isFinite && $0 > 0 }.map { log10($0) }
    let (least, greatest) = (logarithms.min() ?? -1, logarithms.max() ?? 0)
    let air = max(0.03 * (greatest - least), 0.02)
    let (low, high) = (least - air, greatest + air)
    (lower, upper) = (pow(10, low), pow(10, high))
    let powers = Int(low.rounded(.down))...Int(high.rounded(.up))
    let stride = max(1, powers.count / 5)
    let factors: [Double] = powers.count <= 4 ? [1, 2, 5] : [1]
    ticks = powers.filter { $0 % stride == 0 }.flatMap { power in factors.map { $0 * pow(10, Double(power)) } }
      .filter { low <= log10($0) && log10($0) <= high }
    (decimals, isLogarithmic) = (0, true)
  }

  /// Where a value lies between the ends, 0…1.
  package func position(_ value: Double) -> Double {
    guard isLogarithmic else { return (value - lower) / (upper - lower) }
    return (log10(max(value, .leastNormalMagnitude)) - log10(lower)) / (log10(upper) - log10(lower))
  }

  /// A tick as text.
  func text(_ tick: Double) -> String {
    guard isLogarithmic else { return NumberText.fixed(tick, decimals) }
    return NumberText.fixed(tick, max(0, -Int(log10(tick * (1 + 1e-9)).rounded(.down))))
  }

  private static func roundStep(_ rough: Double) -> Double {
    let power = pow(10, log10(rough).rounded(.down))
    let factors = [1, 2, 2.5, 5, 10]
    return power * (factors.first { $0 * power >= rough * (1 - 1e-9) } ?? 10)
  }

  private static func decimals(of step: Double) -> Int {
    (0...9).first { digits in
      let scaled = step * pow(10, Double(digits))
      return abs(scaled - scaled.rounded()) < 1e-6 * max(scaled, 1)
    } ?? 9
  }
}
