import SearchSpaces
import Tensors

/// The operations that samplers need of a search space.
///
/// Samplers see a space only through these three, so that a search can be confined, for example to one resolution,
/// by a domain that keeps it fixed.
public struct ArchitectureDomain: Sendable {
  /// A random architecture.
  public let sample: @Sendable (inout RandomSource) -> Architecture
  /// An architecture in which each variable is drawn anew with a probability.
  public let mutate: @Sendable (Architecture, Double, inout RandomSource) -> Architecture
  /// An architecture whose variables each come from one of two parents.
  public let cross: @Sendable (Architecture, Architecture, inout RandomSource) -> Architecture

  /// Creates a domain from its operations.
  public init(
    sample: @escaping @Sendable (inout RandomSource) -> Architecture,
    mutate: @escaping @Sendable (Architecture, Double, inout RandomSource) -> Architecture,
    cross: @escaping @Sendable (Architecture, Architecture, inout RandomSource) -> Architecture
  ) {
    self.sample = sample
    self.mutate = mutate
    self.cross = cross
  }
}

extension ArchitectureDomain {
  /// The whole of a search space; its limits on parameters and operations are kept by every proposal.
  public init(_ space: SearchSpace) {
    self.init(
      sample: { space.sample(using: &$0) },
      mutate: { space.mutated($0, probability: $1, using: &$2) },
      cross: { space.crossed($0, $1, using: &$2) })
  }
}
