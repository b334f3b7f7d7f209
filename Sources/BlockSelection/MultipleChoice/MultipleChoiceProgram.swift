/// A selection without interactions as plain numbers: one choice per group, least sum of costs, and every row's sum of
/// weights at most its limit. This is the multiple-choice knapsack problem with several rows (MMKP).
///
/// Costs and weights are counted from the smallest of their group, and rows are divided by what that leaves of their limit,
/// so that tolerances mean the same everywhere. Limits are a little larger than asked for, by more than sums in `Double` can
/// differ; whether a selection keeps the rows is for the tables to say.
struct MultipleChoiceProgram {
  /// `costs[group][choice]`, at least 0.
  private(set) var costs: [[Double]]
  /// `weights[row][group][choice]`, at least 0.
  private(set) var weights: [[[Double]]]
  /// What remains of each row's limit: 1, or negative where nothing does.
  private(set) var limits: [Double]
  /// What each row was divided by: a weight of 1 in units of the measure.
  private(set) var units: [Double]
  /// By how much each limit is larger than asked for.
  private(set) var slack: [Double]
  /// By row: the one that limits the same sum from the other side.
  private(set) var opposite: [Int?]
  /// By row: what any selection that keeps the opposite row leaves unused at most; infinite where there is none.
  private(set) var mostUnused: [Double]
  /// What the goal is where all costs are 0; its sign is that of a goal to be minimised.
  private(set) var offset: Double
  /// The choices' places in the tables: `places[group][choice]`.
  let places: [[Int]]

  var groupCount: Int { costs.count }
  var rowCount: Int { limits.count }

  /// The program over `places`, the tables' choices that are left.
  init(_ tables: SelectionTables, places: [[Int]], goal: Goal, rows: [BudgetRow]) {
    self.places = places
    func values(_ measure: Int, _ sign: Double) -> [[Double]] {
      zip(tables.values[measure], places).map { values, places in places.map { sign * values[$0] } }
    }
    var shifted = Self.shifted(values(goal.measure, goal.sign))
    (costs, offset) = (shifted.values, goal.sign * tables.constants[goal.measure] + shifted.least)
    (weights, limits, slack, units, opposite, mostUnused) = ([], [], [], [], [], [])
    for side in rows.sides {
      let constant = side.sign * tables.constants[side.measure]
      shifted = Self.shifted(values(side.measure, side.sign))
      let magnitude = abs(side.bound) + abs(constant) + shifted.magnitude
      let slack = BudgetSide.slackness * magnitude
      add(shifted.values, limit: side.bound - constant - shifted.least + slack, slack: slack)
    }
    let sides = rows.sides
    opposite = sides.map { side in sides.firstIndex { $0.measure == side.measure && $0.sign == -side.sign } }
    mostUnused = opposite.enumerated().map { row, other in other.map { mostUnused(row, beside: $0) } ?? .infinity }
  }

  /// What a row and its opposite leave unused is the same for all selections.
  private func mostUnused(_ row: Int, beside other: Int) -> Double {
    let sums = weights[row].indices.map { group in
      (weights[row][group].max() ?? 0) * units[row]
    }
    let both = limits[row] * units[row] + limits[other] * units[other] - sums.reduce(0, +)
    return both / units[row] + slack[row]
  }

  /// A program of numbers that are counted as the others' are already.
  init(costs: [[Double]], weights: [[[Double]]], limits: [Double]) {
    (self.costs, self.weights, self.limits, offset) = (costs, weights, limits, 0)
    (slack, units) = (limits.map { _ in 0 }, limits.map { _ in 1 })
    (opposite, mostUnused) = (limits.map { _ in nil }, limits.map { _ in .infinity })
    places = costs.map { Array($0.indices) }
  }

  private mutating func add(_ values: [[Double]], limit: Double, slack: Double) {
    // A limit of exactly 0 leaves nothing but the smallest weights.
    let unit = limit > 0 ? limit : 1
    weights.append(values.map { $0.map { $0 / unit } })
    limits.append(limit / unit)
    units.append(unit)
    self.slack.append(slack / unit)
  }

  /// Values counted from the smallest of each group, the sum of these, and the largest sum of magnitudes.
  private static func shifted(_ values: [[Double]]) -> (values: [[Double]], least: Double, magnitude: Double) {
    var (least, magnitude) = (0.0, 0.0)
    let shifted = values.map { group in
      let smallest = group.min() ?? 0
      least += smallest
      magnitude += group.reduce(0) { max($0, abs($1)) }
      return group.map { $0 - smallest }
    }
    return (shifted, least, magnitude)
  }
}
