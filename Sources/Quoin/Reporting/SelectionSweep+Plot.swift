import BlockSelection
import Report

extension SelectionSweep {
  /// The front as an SVG file: objectives over the budget's limit, and the baselines where the sweep has them.
  public func plot(title: String, sense: SelectionProblem.Sense) -> String {
    let baselines = points.map(\.result.baselines)
    let methods: [(name: String, objectives: [Double?])] = [
      ("greedy", baselines.map { $0?.greedy }), ("uniform", baselines.map { $0?.uniform }),
      ("best of 1000 random", baselines.map { $0?.random }),
    ]
    return FrontPlot(
      title: title, budget: budget, objective: "sum of scores, \(sense == .minimize ? "smaller" : "larger") is better",
      points: points.map {
        .init(
          limit: $0.limit, objective: $0.result.objective,
          isProved: $0.result.status == .optimal || $0.result.status == .infeasible)
      },
      baselines: methods.filter { $0.objectives.contains { $0 != nil } }.map {
        .init(name: $0.name, objectives: $0.objectives)
      }
    ).svg()
  }
}
