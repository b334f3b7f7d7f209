import MixedInteger

/// Multipliers of the rows that make a good Lagrangian bound, and the selection that they point at.
///
/// For multipliers of at least 0 no selection that keeps the rows has a goal below the least of
///
///     goal + sum over limits of multiplier * (sum - limit)
///
/// over all selections (Geoffrion, 1974). Choices and pairs whose own least lies above the goal of a known selection
/// are part of no better one. The multipliers are the duals of the linear relaxation without interactions; they need
/// not be exact, since the bound is computed from them afresh, with what interactions add at least.
struct LagrangianBound {
  /// The relaxation's point, each group at its largest part: a selection to start from, which may break rows.
  let selection: [Int]
  private let goal: Goal
  private let tables: SelectionTables
  private let candidates: [[Int]]
  private let multipliers: [(side: BudgetSide, value: Double)]

  private static let pivotLimit = 200_000

  /// `nil` where the relaxation is infeasible or was not solved.
  init?(
    _ tables: SelectionTables, _ candidates: [[Int]], _ goal: Goal, _ rows: [BudgetRow],
    mustStop: @escaping () -> StopReason?
  ) {
    let program = MultipleChoiceProgram(
      tables, places: candidates, goal: goal, rows: Self.withoutPairs(rows, tables))
    guard program.limits.allSatisfy({ $0 >= 0 }) else { return nil }
    let relaxation = MultipleChoiceRelaxation(program, keeping: program.costs.map { Array($0.indices) })
    relaxation.mustStop = { mustStop() != nil }
    guard relaxation.solve(changed: -1, cutoff: .infinity, pivotLimit: Self.pivotLimit) == .optimal else { return nil }
    _ = relaxation.evaluate()
    (self.goal, self.tables, self.candidates) = (goal, tables, candidates)
    multipliers = rows.sides.enumerated().map { (side: $1, value: relaxation.dual[$0] / program.units[$0]) }
      .filter { $0.value > 0 }
    selection = candidates.indices.map { group in
      let largest = relaxation.parts(of: group).max { $0.part < $1.part }
      return candidates[group][largest.map { Int(relaxation.layout.choice[$0.place]) } ?? 0]
    }
  }

  /// What every selection keeps whose goal is as good as the incumbent's: the goal, and every limit times its
  /// multiplier, in one sum (a surrogate constraint; Glover, 1968). Returns the tables with that sum as a measure.
  func surrogate(incumbent: Double) -> (tables: SelectionTables, row: BudgetRow) {
    let sides = [(side: BudgetSide(measure: goal.measure, sign: goal.sign, bound: goal.sign * incumbent), value: 1.0)]
    return tables.surrogate(sides + multipliers, candidates)
  }

  /// The rows as far as choices keep or break them by themselves, whatever pairs add or take.
  private static func withoutPairs(_ rows: [BudgetRow], _ tables: SelectionTables) -> [BudgetRow] {
    rows.map { row in
      var row = row
      for interaction in tables.interactions {
        let values = interaction.pairs.lazy.filter { !$0.isForbidden }.map { $0.values[row.measure] }
        row.upper -= min(0, values.min() ?? 0)
        row.lower -= max(0, values.max() ?? 0)
      }
      return row
    }
  }
}

extension SelectionTables {
  /// The tables with a weighted sum of limited sums as a further measure, and the limit that every selection keeps which
  /// keeps all of these.
  ///
  /// - Parameter slackness: by how much of the magnitudes the limit is larger, for sums in another order.
  func surrogate(
    _ sides: [(side: BudgetSide, value: Double)], _ candidates: [[Int]], slackness: Double = BudgetSide.slackness
  ) -> (tables: SelectionTables, row: BudgetRow) {
    var (bound, magnitude) = (0.0, 0.0)
    for (side, value) in sides where value > 0 {
      bound += value * side.bound
      magnitude += value * (abs(side.bound) + self.magnitude(of: side.measure, candidates))
    }
    let tables = adding(sides.map { ($0.value * $0.side.sign, $0.side.measure) })
    return (tables, BudgetRow(measure: tables.measureCount - 1, upper: bound + slackness * magnitude))
  }
}
