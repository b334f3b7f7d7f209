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
  /// By how much each limit is larger than asked for.
  private(set) var slack: [Double]
  /// What the goal is where all costs are 0; its sign is that of a goal to be minimised.
  private(set) var offset: Double
  /// The choices' places in the tables: `places[group][choice]`.
  let places: [[Int]]

  /// How much more than sums in `Double` a limit gives way, relative to the sum of magnitudes.
  private static let slackness = 1e-12

  var groupCount: Int { costs.count }
  var rowCount: Int { limits.count }

  /// The program over `places`, the tables' choices that are left.
  init(_ tables: SelectionTables, places: [[Int]], goal: Goal, rows: [BudgetRow]) {
    self.places = places
    func values(_ measure: Int, _ sign: Double) -> [[Double]] {
      zip(tables.values[measure], places).map { values, places in places.map { sign * values[$0] } }
    }
    let sign = goal.sense == .minimize ? 1.0 : -1.0
    var shifted = Self.shifted(values(goal.measure, sign))
    (costs, offset) = (shifted.values, sign * tables.constants[goal.measure] + shifted.least)
    (weights, limits, slack) = ([], [], [])
    for row in rows {
      let constant = tables.constants[row.measure]
      for (sign, bound) in [(1.0, row.upper), (-1.0, row.lower)] where bound.isFinite {
        shifted = Self.shifted(values(row.measure, sign))
        let magnitude = abs(bound) + abs(constant) + shifted.magnitude
        let slack = Self.slackness * magnitude
        add(shifted.values, limit: sign * (bound - constant) - shifted.least + slack, slack: slack)
      }
    }
  }

  /// A program of numbers that are counted as the others' are already.
  init(costs: [[Double]], weights: [[[Double]]], limits: [Double]) {
    (self.costs, self.weights, self.limits, offset) = (costs, weights, limits, 0)
    slack = limits.map { _ in 0 }
    places = costs.map { Array($0.indices) }
  }

  private mutating func add(_ values: [[Double]], limit: Double, slack: Double) {
    guard limit > 0 else {
      // A limit of exactly 0 leaves nothing but the smallest weights.
      weights.append(values)
      limits.append(limit)
      self.slack.append(slack)
      return
    }
    weights.append(values.map { $0.map { $0 / limit } })
    limits.append(1)
    self.slack.append(slack / limit)
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
