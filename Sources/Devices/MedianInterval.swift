import Foundation
import Tensors

/// A distribution-free interval of the median: two order statistics between which the true median lies with a
/// probability of at least 95 %, whatever the distribution of the timings is.
package struct MedianInterval: Hashable, Sendable {
  /// The sample's median.
  package let median: Double
  /// The lower order statistic.
  package let lower: Double
  /// The upper order statistic.
  package let upper: Double

  /// The interval, or `nil` where there are under six values, too few for 95 %.
  package init?(sorted values: [Double]) {
    guard let rank = Self.lowerRank(values.count) else { return nil }
    median = values.medianOfSorted
    lower = values[rank]
    upper = values[values.count - 1 - rank]
  }

  /// Half the interval relative to the median.
  package var relativeHalfWidth: Double {
    upper == lower ? 0 : median > 0 ? (upper - lower) / 2 / median : .infinity
  }

  /// The largest position from below (and by symmetry from above) with P(Binomial(n, ½) ≤ position) ≤ 2.5 %.
  static func lowerRank(_ count: Int) -> Int? {
    guard count <= 500 else {
      // The normal approximation with continuity correction; its error is below one rank here.
      return Int((Double(count) / 2 - 0.98 * Double(count).squareRoot() - 0.5).rounded(.down)) - 1
    }
    var (probability, sum, rank) = (pow(0.5, Double(count)), 0.0, -1)
    while sum + probability <= 0.025 {
      sum += probability
      rank += 1
      probability *= Double(count - rank) / Double(rank + 1)
    }
    return rank >= 0 ? rank : nil
  }
}
