import CGLPK
import Diagnostics

extension IntegerProgram {
  /// Solves the program on the calling thread and returns when it is done. Any number of threads may solve at once.
  ///
  /// GLPK accepts points that break a row by about 1e-7 of its bound. Where that matters, `cut` judges each point
  /// before it is accepted: it returns `nil` to accept it, or a constraint that the point breaks and that every
  /// point wanted fulfils. The bound stays valid, so that an optimum found this way is still proved.
  ///
  /// - Parameters:
  ///   - options: limits and a start.
  ///   - cut: given the values of all variables, integer ones rounded.
  /// - Throws: ``Diagnostic`` where a number of the model or an option cannot be used, or where GLPK fails.
  public func solve(
    _ options: SolveOptions = SolveOptions(), cuttingOff cut: (([Double]) -> LinearConstraint?)? = nil
  ) throws -> Solution {
    try validate()
    try Self.validate(options)
    if let start = options.start { try validateStart(start) }
    guard let arrays = GLPKArrays(self) else { return .none(.infeasible, bound: nil) }
    let answer = arrays.solve(options, cut: cut)
    if answer.result.outcome == QUOIN_GLPK_UNBOUNDED, columns.contains(where: \.isInteger) {
      return try solveUnbounded(options)
    }
    return try solution(answer, scale: arrays.scale)
  }

  private static func validate(_ options: SolveOptions) throws {
    if let limit = options.timeLimit, !(limit >= 0) {
      throw Diagnostic(
        .usage, "the time limit cannot be used", value: "\(limit)", rule: "seconds, at least 0")
    }
    guard options.gap >= 0 else {
      throw Diagnostic(
        .usage, "the gap cannot be used", value: "\(options.gap)", rule: "a number of at least 0")
    }
  }

  /// An unbounded relaxation leaves open whether the program has any point at all.
  private func solveUnbounded(_ options: SolveOptions) throws -> Solution {
    var feasibility = self
    feasibility.setObjective(.minimize, LinearExpression())
    let solution = try feasibility.solve(options)
    return solution.hasPoint ? .none(.unbounded, bound: nil) : solution
  }

  private func solution(_ answer: GLPKArrays.Answer, scale: Double) throws -> Solution {
    let result = answer.result
    guard let stopped = StopReason(result.stop) else {
      throw Diagnostic(
        .failure, "GLPK could not solve the program", value: answer.message,
        remedy: "check the model for coefficients of very different magnitude")
    }
    let values = zip(answer.point, columns).map { $1.isInteger ? $0.rounded() : $0 }
    let hasPoint = result.outcome == QUOIN_GLPK_POINT
    let objective = hasPoint ? objective.value(at: values) : nil
    let bound = result.bound.isFinite ? result.bound / scale + self.objective.constant : nil
    return Solution(
      stopped: stopped, outcome: outcome(result, stopped), values: hasPoint ? values : [],
      objective: objective,
      bound: hasPoint && stopped == .proved ? objective : bound.map { clamped($0, objective) },
      nodes: Int(result.nodes), cutOff: Int(result.separated))
  }

  private func outcome(_ result: quoin_glpk_result, _ stopped: StopReason) -> Solution.Outcome {
    switch result.outcome {
    case QUOIN_GLPK_POINT: stopped == .proved ? .optimal : .feasible
    case QUOIN_GLPK_INFEASIBLE: .infeasible
    case QUOIN_GLPK_UNBOUNDED: .unbounded
    default: .unknown
    }
  }

  /// A bound is never worse than a point at hand.
  private func clamped(_ bound: Double, _ objective: Double?) -> Double {
    guard let objective else { return bound }
    return sense == .minimize ? min(bound, objective) : max(bound, objective)
  }
}

extension Solution {
  /// A proved answer without a point.
  static func none(_ outcome: Outcome, bound: Double?) -> Solution {
    Solution(
      stopped: .proved, outcome: outcome, values: [], objective: nil, bound: bound, nodes: 0, cutOff: 0)
  }
}

extension StopReason {
  /// `nil` where GLPK failed.
  init?(_ stop: quoin_glpk_stop) {
    switch stop {
    case QUOIN_GLPK_PROVED: self = .proved
    case QUOIN_GLPK_GAP: self = .gap
    case QUOIN_GLPK_TIME_LIMIT: self = .timeLimit
    case QUOIN_GLPK_INTERRUPTED: self = .interrupted
    default: return nil
    }
  }
}
