import Latency
import Tensors
import Testing

@Suite struct RankCorrelationTests {
  @Test("Known rank correlations come out exactly")
  func knownValues() throws {
    #expect(RankCorrelation.spearman([1, 2, 3, 4], [10, 20, 30, 40]) == 1)
    #expect(RankCorrelation.kendall([1, 2, 3, 4], [4, 3, 2, 1]) == -1)
    // rho = 1 − 6 Σ d² / (n (n² − 1)) with Σ d² = 4 for n = 5.
    #expect(abs(try #require(RankCorrelation.spearman([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])) - 0.8) < 1e-12)
    #expect(abs(try #require(RankCorrelation.kendall([1, 2, 3, 4, 5], [2, 1, 4, 3, 5])) - 0.6) < 1e-12)
  }

  @Test("A constant side or a single value has no rank correlation")
  func undefined() {
    #expect(RankCorrelation.spearman([1, 1, 1], [1, 2, 3]) == nil)
    #expect(RankCorrelation.kendall([1, 2, 3], [5, 5, 5]) == nil)
    #expect(RankCorrelation.spearman([1], [1]) == nil)
    #expect(RankCorrelation.kendall([], []) == nil)
  }

  @Test("Equal values share the mean of their ranks")
  func midRanks() {
    #expect(RankCorrelation.midRanks([3, 1, 3, 2, 3]) == [4, 1, 4, 2, 4])
    #expect(RankCorrelation.midRanks([]) == [])
  }

  @Test("Kendall's tau equals counting all pairs, with many ties", arguments: 0..<30)
  func kendallAgainstPairs(seed: UInt64) {
    var random = RandomSource(seed: seed)
    let count = 2 + random.below(40)
    let a = (0..<count).map { _ in Double(random.below(8)) }
    let b = (0..<count).map { _ in Double(random.below(5)) }
    let (fast, slow) = (RankCorrelation.kendall(a, b), kendallByPairs(a, b))
    #expect((fast == nil) == (slow == nil))
    if let fast, let slow { #expect(abs(fast - slow) < 1e-12) }
  }

  @Test("Spearman's rho equals the linear correlation of ranks found by counting", arguments: 0..<10)
  func spearmanAgainstCounting(seed: UInt64) throws {
    var random = RandomSource(seed: seed)
    let a = (0..<25).map { _ in Double(random.below(9)) }
    let b = (0..<25).map { _ in Double(random.below(9)) }
    func ranks(_ values: [Double]) -> [Double] {
      values.map { value in Double(values.count { $0 < value }) + Double(values.count { $0 == value } + 1) / 2
      }
    }
    let (x, y) = (ranks(a).map { $0 - 13 }, ranks(b).map { $0 - 13 })
    let sum = { (p: [Double], q: [Double]) in zip(p, q).reduce(0.0) { $0 + $1.0 * $1.1 } }
    let expected = sum(x, y) / (sum(x, x) * sum(y, y)).squareRoot()
    #expect(abs(try #require(RankCorrelation.spearman(a, b)) - expected) < 1e-12)
  }

  private func kendallByPairs(_ a: [Double], _ b: [Double]) -> Double? {
    var (agreement, untiedA, untiedB) = (0.0, 0.0, 0.0)
    for i in a.indices {
      for j in 0..<i {
        let (x, y) = (sign(a[i] - a[j]), sign(b[i] - b[j]))
        agreement += x * y
        untiedA += x * x
        untiedB += y * y
      }
    }
    return untiedA > 0 && untiedB > 0 ? agreement / (untiedA * untiedB).squareRoot() : nil
  }

  private func sign(_ value: Double) -> Double { value > 0 ? 1 : value < 0 ? -1 : 0 }
}
