/// Rank correlations with ties; 1 for equal order, −1 for reversed order.
public enum RankCorrelation {
  /// Spearman's rho: the linear correlation of mid-ranks; `nil` where one side is constant or has under two values.
  ///
  /// - Precondition: both sides are equally long and without NaN.
  public static func spearman(_ a: [Double], _ b: [Double]) -> Double? {
    precondition(a.count == b.count, "both sides are equally long")
    return pearson(midRanks(a), midRanks(b))
  }

  /// Kendall's tau-b in O(n log n) (Knight, "A computer method for calculating Kendall's tau", 1966); `nil` where one
  /// side is constant or has under two values.
  ///
  /// - Precondition: both sides are equally long and without NaN.
  public static func kendall(_ a: [Double], _ b: [Double]) -> Double? {
    precondition(a.count == b.count, "both sides are equally long")
    let order = a.indices.sorted { (a[$0], b[$0]) < (a[$1], b[$1]) }
    let pairs = pairCount(a.count)
    let tiedA = tiedPairs(a.sorted())
    let tiedB = tiedPairs(b.sorted())
    let tiedBoth = tiedPairs(order.map { [a[$0], b[$0]] })
    var second = order.map { b[$0] }
    let swaps = sortCountingSwaps(&second)
    let denominator = (Double(pairs - tiedA) * Double(pairs - tiedB)).squareRoot()
    guard denominator > 0 else { return nil }
    return Double(pairs - tiedA - tiedB + tiedBoth - 2 * swaps) / denominator
  }

  /// Ranks from 1; equal values share the mean of their ranks.
  package static func midRanks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var first = 0
    while first < order.count {
      var last = first
      while last + 1 < order.count, values[order[last + 1]] == values[order[first]] { last += 1 }
      for position in first...last { ranks[order[position]] = Double(first + last) / 2 + 1 }
      first = last + 1
    }
    return ranks
  }

  private static func pearson(_ a: [Double], _ b: [Double]) -> Double? {
    guard a.count >= 2 else { return nil }
    let meanA = a.reduce(0, +) / Double(a.count)
    let meanB = b.reduce(0, +) / Double(b.count)
    var (ab, aa, bb) = (0.0, 0.0, 0.0)
    for i in a.indices {
      ab += (a[i] - meanA) * (b[i] - meanB)
      aa += (a[i] - meanA) * (a[i] - meanA)
      bb += (b[i] - meanB) * (b[i] - meanB)
    }
    return aa > 0 && bb > 0 ? ab / (aa * bb).squareRoot() : nil
  }

  private static func pairCount(_ count: Int) -> Int { count * (count - 1) / 2 }

  private static func tiedPairs<Value: Equatable>(_ sorted: [Value]) -> Int {
    var (ties, run) = (0, 0)
    for i in sorted.indices {
      run = i > 0 && sorted[i] == sorted[i - 1] ? run + 1 : 0
      ties += run
    }
    return ties
  }

  /// Bottom-up merge sort; returns the number of pairs that stood in the wrong order.
  private static func sortCountingSwaps(_ values: inout [Double]) -> Int {
    var swaps = 0
    var width = 1
    while width < values.count {
      var merged: [Double] = []
      merged.reserveCapacity(values.count)
      for start in stride(from: 0, to: values.count, by: 2 * width) {
        let middle = min(start + width, values.count)
        let end = min(start + 2 * width, values.count)
        var (left, right) = (start, middle)
        while left < middle || right < end {
          if right == end || left < middle && values[left] <= values[right] {
            merged.append(values[left])
            left += 1
          } else {
            merged.append(values[right])
            right += 1
            swaps += middle - left
          }
        }
      }
      values = merged
      width *= 2
    }
    return swaps
  }
}
