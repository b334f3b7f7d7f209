import Diagnostics
import SearchSpaces
import Tensors

/// Random search: every proposal is drawn from the domain, rejecting what was tried and what breaks a constraint.
///
/// The baseline that any other sampler has to beat.
public struct RandomSampler: Sampler {
  /// The name that is recorded with each trial.
  public let name = "random"
  private let draws: FeasibleDraws
  private let seed: UInt64

  /// Creates a sampler.
  ///
  /// - Parameter drawLimit: how many architectures one ask may draw before it gives up.
  public init(
    domain: ArchitectureDomain, constraints: [SearchConstraint] = [], drawLimit: Int = defaultDrawLimit,
    seed: UInt64
  ) throws {
    guard drawLimit >= 1 else {
      throw Diagnostic(
        .usage, "a sampler cannot draw", at: .init(path: "drawLimit"), value: "\(drawLimit)",
        rule: "at least 1 draw is allowed")
    }
    draws = FeasibleDraws(
      domain: domain, constraints: constraints, limit: drawLimit, mutationProbability: 0.1)
    self.seed = seed
  }

  /// A random architecture that is new and keeps the constraints.
  public func ask(_ history: TrialHistory) throws -> Architecture? {
    var random = RandomSource(seed: seed, purpose: "random search, trial \(history.nextNumber)")
    return try draws.next(history, &random) { draws.domain.sample(&$0) }
  }
}
