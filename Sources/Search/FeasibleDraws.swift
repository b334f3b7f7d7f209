import Diagnostics
import SearchSpaces
import Tensors

/// Rejection sampling that ends: draws until an architecture is new and keeps the constraints, a bounded number of
/// times.
struct FeasibleDraws {
  let domain: ArchitectureDomain
  let constraints: [SearchConstraint]
  let limit: Int
  /// The probability with which a variable changes where a draw approaches the constraints.
  let mutationProbability: Double

  private struct Tightest {
    var architecture: Architecture
    var check: ConstraintCheck
  }

  /// A new architecture that keeps the constraints.
  ///
  /// The first half of the draws comes from `propose`. The second half mutates, in turn, the architecture that broke
  /// the constraints least, which finds the way into budgets that few random architectures meet, and draws at random.
  ///
  /// - Returns: `nil` where nothing new was found though architectures that keep the constraints are known: the domain
  ///   is exhausted.
  /// - Throws: ``Diagnostic`` of category `infeasible`, with the tightest values seen, where no architecture kept the
  ///   constraints.
  func next(
    _ history: TrialHistory, _ random: inout RandomSource,
    propose: (inout RandomSource) throws -> Architecture
  ) throws -> Architecture? {
    var tightest: Tightest?
    for draw in 0..<limit {
      let candidate: Architecture
      if draw < (limit + 1) / 2 {
        candidate = try propose(&random)
      } else if draw.isMultiple(of: 2), let tightest {
        candidate = domain.mutate(tightest.architecture, mutationProbability, &random)
      } else {
        candidate = domain.sample(&random)
      }
      guard !history.contains(candidate) else { continue }
      let check = try ConstraintCheck(candidate, constraints)
      if check.violation == 0 { return candidate }
      if tightest.map({ check.violation < $0.check.violation }) ?? true {
        tightest = Tightest(architecture: candidate, check: check)
      }
    }
    try throwIfInfeasible(history, tightest)
    return nil
  }

  /// A domain of which an architecture was tried that keeps the constraints is exhausted; any other is infeasible.
  private func throwIfInfeasible(_ history: TrialHistory, _ tightest: Tightest?) throws {
    var tightest = tightest
    for entry in history.entries {
      let check = try ConstraintCheck(entry.architecture, constraints)
      if check.violation == 0 { return }
      if tightest.map({ check.violation < $0.check.violation }) ?? true {
        tightest = Tightest(architecture: entry.architecture, check: check)
      }
    }
    guard let tightest else { return }
    throw infeasible(tightest.check)
  }

  private func infeasible(_ check: ConstraintCheck) -> Diagnostic {
    let broken = zip(constraints, check.values).filter { !($0.1 <= $0.0.limit) }
    func text(_ number: Double, _ unit: String) -> String { unit.isEmpty ? "\(number)" : "\(number) \(unit)" }
    return Diagnostic(
      .infeasible, "no architecture within the limits was found in \(limit) draws",
      at: .init(path: broken.map(\.0.name).joined(separator: ", ")),
      value: broken.map { text($0.1, $0.0.unit) }.joined(separator: ", "),
      rule: "the limit is " + broken.map { text($0.0.limit, $0.0.unit) }.joined(separator: ", ")
        + ", and the value shown is the tightest seen",
      remedy: "raise the limit at least to that value, or add smaller choices to the space")
  }
}
