import Foundation

/// How sure a sum with errors has to keep its limits (chance constraint; Charnes and Cooper, 1959).
///
/// The sum is taken to be normal: choices' errors are independent of each other, with given variances, and a factor
/// that all of the cost has in common, 1 ± `common`, is independent of them. So the sum's deviation is
/// √(common² · sum² + sum of variances), and a limit is kept with the probability if it is kept by the sum plus the
/// probability's quantile of deviations.
package struct Chance: Hashable, Sendable {
  /// How many deviations of a normal variable the probability stands for.
  package let quantile: Double
  /// The deviation of the common factor.
  package let common: Double
  /// The measure of the variances.
  package let variance: Int

  init(probability: Double, common: Double, variance: Int) {
    quantile = Self.quantile(probability)
    self.common = common
    self.variance = variance
  }

  /// What has to be left between a sum and its limit.
  package func margin(_ total: Double, variance: Double) -> Double {
    quantile * (common * common * total * total + variance).squareRoot()
  }

  /// The largest sum that keeps an upper limit with some variance, a little more where it is not exact.
  ///
  /// The sum plus its margin grows with the sum as long as ``isUsable`` holds. As a function of the variance the
  /// answer is convex: the variance as a function of the sum, (limit - sum)² / quantile² - common² · sum², is.
  func largestSum(limit: Double, variance: Double) -> Double {
    let q = quantile * quantile
    // The smaller root of (1 - c) t² - 2 limit t + limit² - q variance, where c is the square of quantile times common.
    let root = max(0, limit * limit * (1 - rest) + rest * q * variance).squareRoot()
    // Where 1 - c is almost 0, so is the difference of limit and root: then the product of both roots tells the
    // smaller one.
    return limit > 0 ? (limit * limit - q * variance) / (limit + root) : (limit - root) / rest
  }

  /// By how much more than the limit the largest sum may change, relative to each.
  func sensitivity(limit: Double, sum: Double) -> Double {
    limit > 0 && sum >= 0 ? 1 : 1 / min(1, max(rest, .leastNormalMagnitude))
  }

  /// 1 less the square of quantile times common, without cancellation.
  private var rest: Double { -(-1.0).addingProduct(quantile, common) * (1 + quantile * common) }

  /// Whether a larger sum always needs a larger limit: the common factor is small enough for the probability.
  var isUsable: Bool { quantile * common < 1 }

  /// The quantile of a normal variable, by bisection of its distribution function.
  static func quantile(_ probability: Double) -> Double {
    var (low, high) = (0.0, 40.0)
    while low.nextUp < high {
      let middle = (low + high) / 2
      if middle <= low || middle >= high { break }
      // The complement keeps its precision where the probability is close to 1.
      if 0.5 * erfc(middle / 2.0.squareRoot()) > 1 - probability { low = middle } else { high = middle }
    }
    return high
  }
}
