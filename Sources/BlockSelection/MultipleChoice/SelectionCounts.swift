/// About how many selections of two halves of groups there are, by what their reduced costs sum to.
struct SelectionCounts {
  /// Sums are told apart in so many parts.
  private static let parts = 64

  /// The sum at which counting ends.
  let limit: Double
  /// By half and part of the limit: how many selections cost that much.
  private var counts: ([Double], [Double])

  /// Counts the selections of groups, each given by the reduced costs, in order, of the choices beside its cheapest one. Every
  /// other group belongs to the same half.
  init(of groups: [[Double]], upTo limit: Double) {
    self.limit = limit
    let none = [1] + [Double](repeating: 0, count: Self.parts)
    counts = (none, none)
    for (index, group) in groups.enumerated() {
      if index % 2 == 0 { add(group, to: &counts.0) } else { add(group, to: &counts.1) }
    }
  }

  private func add(_ group: [Double], to counts: inout [Double]) {
    let before = counts
    for reducedCost in group {
      guard reducedCost < limit else { break }
      let shift = Int((reducedCost / limit * Double(Self.parts)).rounded())
      for part in shift...Self.parts { counts[part] += before[part - shift] }
    }
  }

  /// How many cost less than `sum`, of both halves together.
  func selections(below sum: Double) -> Double {
    let last = sum < limit ? max(0, Int(sum / limit * Double(Self.parts))) : Self.parts
    return counts.0[...last].reduce(0, +) + counts.1[...last].reduce(0, +)
  }
}
