import MixedInteger

/// How little all limits together can give way, by the linear relaxation in which giving way is one more group: it
/// takes a part of not at all, and a part of by as much as is known to be enough.
///
/// The duals weigh the limits: no selection exceeds the sum of the weighted limits, and where these give way by little more
/// than the bound, few selections keep that sum (a surrogate constraint; Glover, 1968). The score tells nothing like it.
struct CommonFractionBound {
  /// No smaller fraction is enough.
  let fraction: Double
  private let tables: SelectionTables
  /// The choices that may be taken, by group.
  private let places: [[Int]]
  /// What a unit of each limit is worth, by limit.
  private let weights: [Double]

  private static let pivotLimit = 200_000
  /// More than what a search does not tell apart.
  private static let slackness = 1e-9

  /// `nil` where groups interact, where a limit has a probability, where mixtures of choices keep all limits as they are, so
  /// that nothing is known, or where the relaxation was not solved.
  ///
  /// - Parameter enough: a fraction that is known to be enough.
  init?(
    _ session: SelectionSession, _ rows: [BudgetRow], enough: Double, mustStop: @escaping () -> StopReason?
  ) {
    let tables = session.tables
    guard tables.interactions.isEmpty, rows.allSatisfy({ $0.chance == nil }) else { return nil }
    let relaxed = rows.map { session.relaxed($0, by: enough) }
    let places = tables.allowed.map { allowed in allowed.indices.filter { allowed[$0] } }
    let selecting = MultipleChoiceProgram(
      tables, places: places, goal: Goal(measure: SelectionTables.score, sense: .minimize), rows: relaxed)
    guard selecting.limits.allSatisfy({ $0 >= 0 }) else { return nil }
    let room = zip(zip(relaxed.sides, rows.sides), selecting.units).map { ($0.0.bound - $0.1.bound) / $1 }
    let program = MultipleChoiceProgram(
      costs: selecting.costs.map { $0.map { _ in 0 } } + [[0, enough]],
      weights: zip(selecting.weights, room).map { $0 + [[$1, 0]] }, limits: selecting.limits)
    let relaxation = MultipleChoiceRelaxation(program, keeping: program.costs.map { Array($0.indices) })
    relaxation.mustStop = { mustStop() != nil }
    guard relaxation.solve(changed: -1, cutoff: .infinity, pivotLimit: Self.pivotLimit) == .optimal else { return nil }
    fraction = min(enough, relaxation.evaluate())
    guard fraction > Self.slackness * enough else { return nil }
    (self.tables, self.places) = (tables, places)
    weights = selecting.units.enumerated().map { relaxation.dual[$0] / $1 }
  }

  /// The weighted sum as a measure of the tables, and what selections that keep the rows do not exceed.
  func surrogate(of rows: [BudgetRow]) -> (tables: SelectionTables, row: BudgetRow) {
    tables.surrogate(zip(rows.sides, weights).map { (side: $0, value: $1) }, places, slackness: Self.slackness)
  }
}
