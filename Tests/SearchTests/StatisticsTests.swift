import Foundation
import Search
import Tensors
import Testing

@Suite("Intervals of accuracies")
struct StatisticsTests {
  /// Newcombe, Statistics in Medicine 17 (1998), p. 857, table I, score method without continuity correction.
  @Test(
    "Wilson's interval has the published values",
    arguments: [
      (81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718),
      (20, 20, 0.8389, 1),
    ])
  func wilson(successes: Int, trials: Int, lower: Double, upper: Double) {
    let interval = ProportionInterval(successes: successes, of: trials)
    #expect(abs(interval.lower - lower) < 5e-5)
    #expect(abs(interval.upper - upper) < 5e-5)
    #expect(interval.estimate == Double(successes) / Double(trials))
  }

  @Test(
    "McNemar's exact p-value is the binomial one",
    arguments: [
      (5, 15, 0.041389465332031236), (0, 0, 1), (4, 4, 1), (0, 6, 0.03125), (1, 0, 1),
      (10, 25, 0.016673847800120715),
    ])
  func mcNemar(onlyFirst: Int, onlySecond: Int, p: Double) {
    let comparison = PairedComparison(count: 100, onlyFirst: onlyFirst, onlySecond: onlySecond)
    #expect(abs(comparison.pValue - p) < 1e-12)
    let swapped = PairedComparison(count: 100, onlyFirst: onlySecond, onlySecond: onlyFirst)
    #expect(abs(swapped.lower + comparison.upper) < 1e-12)
    #expect(swapped.pValue == comparison.pValue)
  }

  @Test(
    "The interval's ends are where the score test turns",
    arguments: [
      (20, 3, 9), (50, 0, 4), (100, 12, 12), (1000, 31, 64), (10_000, 400, 431), (10, 0, 10), (30, 0, 0),
      (1, 1, 0),
    ])
  func scoreInterval(count: Int, onlyFirst: Int, onlySecond: Int) {
    let comparison = PairedComparison(count: count, onlyFirst: onlyFirst, onlySecond: onlySecond)
    #expect(comparison.lower <= comparison.difference && comparison.difference <= comparison.upper)
    for (end, sign) in [(comparison.lower, -1.0), (comparison.upper, 1.0)] where abs(end) < 1 - 1e-9 {
      let z = abs(score(count, onlyFirst, onlySecond, supposed: end))
      #expect(abs(z - 1.959963984540054) < 1e-3)
      #expect(abs(score(count, onlyFirst, onlySecond, supposed: end + sign * 0.01)) > z)
    }
  }

  /// The score statistic with its constrained likelihood maximised by golden-section search, not by the formula.
  private func score(_ count: Int, _ onlyFirst: Int, _ onlySecond: Int, supposed: Double) -> Double {
    let (n, b, c) = (Double(count), Double(onlyFirst), Double(onlySecond))
    func logLikelihood(_ q: Double) -> Double {
      let terms = [(b, q + supposed), (c, q), (n - b - c, 1 - 2 * q - supposed)]
      return terms.reduce(0) { $1.0 == 0 ? $0 : $0 + $1.0 * log(max($1.1, 1e-300)) }
    }
    var (low, high) = (max(0, -supposed), (1 - supposed) / 2)
    let ratio = (5.0.squareRoot() - 1) / 2
    for _ in 0..<200 {
      let (x, y) = (high - ratio * (high - low), low + ratio * (high - low))
      if logLikelihood(x) < logLikelihood(y) { low = x } else { high = y }
    }
    let q = (low + high) / 2
    return (b - c - n * supposed) / (n * (2 * q + supposed * (1 - supposed))).squareRoot()
  }

  @Test("The interval covers the true difference about as often as it says")
  func coverage() throws {
    var random = RandomSource(seed: 3)
    var covered = 0
    for _ in 0..<2000 {
      let images = (0..<200).map { _ in random.uniform() }
      // Right on both 70 %, only the first 12 %, only the second 6 %.
      let comparison = try PairedComparison(
        correct: images.map { $0 < 0.82 }, against: images.map { $0 < 0.70 || ($0 >= 0.82 && $0 < 0.88) })
      if comparison.lower <= 0.06, 0.06 <= comparison.upper { covered += 1 }
    }
    #expect((0.935...0.965).contains(Double(covered) / 2000))
  }

  @Test("Equal and unequal classifiers are told apart, and different images refused")
  func verdicts() throws {
    let good = (0..<200).map { $0 % 10 != 0 }
    let bad = (0..<200).map { $0 % 3 != 0 }
    #expect(try PairedComparison(correct: good, against: bad).isBetter)
    #expect(try PairedComparison(correct: bad, against: good).isWorse)
    let same = try PairedComparison(correct: good, against: good)
    #expect(!same.isBetter && !same.isWorse && same.difference == 0)
    #expect(failure { try PairedComparison(correct: good, against: []) } != nil)
    #expect(failure { try PairedComparison(correct: [], against: []) } != nil)
  }
}
