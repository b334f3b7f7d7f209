import Diagnostics
import Foundation

/// Two classifiers compared on the same images: the difference of their accuracies with its 95 % interval.
///
/// Two networks that saw the same images make mostly the same mistakes, so the difference is known better than either
/// accuracy. The interval inverts the score test for paired proportions (Tango, Statistics in Medicine 17, 1998); the
/// p-value is that of McNemar's exact test on the images on which just one of the two is right.
///
///     let comparison = try PairedComparison(correct: winner, against: baseline)
///     comparison.isWorse      // whether the whole interval lies below 0
public struct PairedComparison: Hashable, Sendable, Codable {
  /// The number of images.
  public let count: Int
  /// The number of images that only the first got right.
  public let onlyFirst: Int
  /// The number of images that only the second got right.
  public let onlySecond: Int
  /// The accuracy of the first less that of the second.
  public let difference: Double
  /// The lower end of the difference's 95 % interval.
  public let lower: Double
  /// The upper end of the difference's 95 % interval.
  public let upper: Double
  /// The two-sided p-value of McNemar's exact test that both are equally accurate.
  public let pValue: Double

  /// Compares two classifiers by which images each got right.
  ///
  /// - Throws: ``Diagnostic`` where there is no image, or not the same number for both.
  public init(correct first: [Bool], against second: [Bool]) throws {
    guard first.count == second.count, !first.isEmpty else {
      throw Diagnostic(
        .failure, "the classifiers cannot be compared", value: "\(first.count) and \(second.count) images",
        rule: "both are judged on the same images, at least one")
    }
    self.init(
      count: first.count, onlyFirst: zip(first, second).count { $0 && !$1 },
      onlySecond: zip(first, second).count { !$0 && $1 })
  }

  package init(count: Int, onlyFirst: Int, onlySecond: Int) {
    self.count = count
    self.onlyFirst = onlyFirst
    self.onlySecond = onlySecond
    difference = Double(onlyFirst - onlySecond) / Double(count)
    let score = PairedScore(
      count: Double(count), onlyFirst: Double(onlyFirst), onlySecond: Double(onlySecond))
    lower = score.root(of: normalQuantile95, between: -1, and: difference)
    upper = score.root(of: -normalQuantile95, between: difference, and: 1)
    pValue = exactMcNemar(onlyFirst, onlySecond)
  }

  /// Whether the first is better, and not by chance alone: the whole interval lies above 0.
  public var isBetter: Bool { lower > 0 }

  /// Whether the first is worse, and not by chance alone: the whole interval lies below 0.
  public var isWorse: Bool { upper < 0 }
}

/// Tango's score statistic as a function of the supposed difference, in which it falls.
private struct PairedScore {
  let count: Double
  let onlyFirst: Double
  let onlySecond: Double

  func callAsFunction(_ supposed: Double) -> Double {
    // The likeliest share of images that only the second gets right, if the difference is the supposed one: the
    // positive root of a quadratic.
    let linear = -onlyFirst - onlySecond + (2 * count - onlyFirst + onlySecond) * supposed
    let constant = -onlySecond * supposed * (1 - supposed)
    let root = max(0, linear * linear - 8 * count * constant).squareRoot()
    let share = max(0, (root - linear) / (4 * count))
    let variance = count * (2 * share + supposed * (1 - supposed))
    let distance = onlyFirst - onlySecond - count * supposed
    guard variance > 0 else { return distance == 0 ? 0 : distance * .infinity }
    return distance / variance.squareRoot()
  }

  /// Where the falling statistic passes a value, by bisection to the last bit.
  func root(of value: Double, between low: Double, and high: Double) -> Double {
    var (low, high) = (low, high)
    while true {
      let middle = (low + high) / 2
      guard middle > low, middle < high else { return abs(middle) < 1e-15 ? 0 : middle }
      if self(middle) > value { low = middle } else { high = middle }
    }
  }
}

/// The two-sided exact p-value: twice the binomial tail of the rarer kind, at most 1.
private func exactMcNemar(_ a: Int, _ b: Int) -> Double {
  let n = a + b
  guard n > 0 else { return 1 }
  // In logarithms, since 2ⁿ overflows beyond a thousand images.
  let halves = Double(n) * log(2.0)
  let total = logGamma(Double(n) + 1)
  let tail = (0...min(a, b)).reduce(0.0) { sum, k in
    sum + exp(total - logGamma(Double(k) + 1) - logGamma(Double(n - k) + 1) - halves)
  }
  return min(1, 2 * tail)
}

private func logGamma(_ x: Double) -> Double {
  // `lgamma` writes a global sign, which is a race between threads; factorials need no sign.
  var sign: Int32 = 0
  return lgamma_r(x, &sign)
}
