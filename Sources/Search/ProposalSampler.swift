import SearchSpaces

/// A sampler that proposes given architectures in their order, such as the solutions of block selection or hand-made
/// baselines, leaving out those that were tried.
public struct ProposalSampler: Sampler {
  /// The name that is recorded with each trial.
  public let name: String
  private let proposals: [Architecture]

  /// Creates a sampler.
  public init(name: String, proposals: [Architecture]) {
    self.name = name
    self.proposals = proposals
  }

  /// The first architecture that was not tried, or `nil` where all were.
  public func ask(_ history: TrialHistory) -> Architecture? { proposals.first { !history.contains($0) } }
}
