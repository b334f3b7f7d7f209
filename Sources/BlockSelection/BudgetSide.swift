/// One limit of a budget: `sign` times the sum of a measure is at most `bound`.
struct BudgetSide {
  let measure: Int
  let sign: Double
  let bound: Double
  /// Where the limit has to be kept with a probability.
  var chance: Chance?

  /// How much more than sums in `Double` differ by a limit gives way where a solver sees it, relative to the sum of
  /// magnitudes. Whether a selection keeps the limit is for the tables to say.
  static let slackness = 1e-12
}

extension BudgetRow {
  /// The limits that there are: the upper one, then the lower one.
  var sides: [BudgetSide] {
    [(1.0, upper), (-1.0, -lower)].filter { $0.1 < .infinity }.map {
      BudgetSide(measure: measure, sign: $0.0, bound: $0.1, chance: chance)
    }
  }
}

extension Sequence<BudgetRow> {
  /// The limits of all rows, in order.
  var sides: [BudgetSide] { flatMap(\.sides) }
}
