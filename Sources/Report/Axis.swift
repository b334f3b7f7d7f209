import Foundation

/// One axis of a plot: a range with round ends, and the ticks in it.
package struct Axis {
  package let lower: Double
  package let upper: Double
  package let ticks: [Double]
  /// Decimals that tell neighbouring ticks apart.
  package let decimals: Int

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
  }

  /// Where a value lies between the ends, 0…1.
  package func position(_ value: Double) -> Double { (value - lower) / (upper - lower) }

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
