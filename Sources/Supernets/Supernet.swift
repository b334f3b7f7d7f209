import Networks
import SearchSpaces
import Training

/// One set of weights for all networks of a search space.
///
/// A network of the space sees boxes of these tensors, so nothing is copied for training. Batch norm statistics are not
/// among them: they belong to one network each, and ``SupernetEvaluator`` measures them.
///
/// Results depend on the space, the data, the settings and the seed alone; beyond four threads, on their number too.
public struct Supernet: Sendable {
  /// The space whose networks share the weights.
  public let space: SearchSpace
  /// The shared weights with their gradients.
  public let store: ParameterStore

  /// Creates an untrained supernet.
  ///
  /// The last batch norm of every residual branch begins with scale 0, so that deep networks start as shallow ones
  /// (Goyal et al., "Accurate, Large Minibatch SGD", 2017).
  public init(_ space: SearchSpace, seed: UInt64) throws {
    self.space = space
    let largest = try space.network(for: space.largest)
    store = try ParameterStore(space.sharedParameters, seed: seed, zeroed: largest.residualScales)
  }

  /// The network of an architecture with weights of its own, ready to be measured, run and exported.
  ///
  /// - Parameter statistics: The network's batch norm statistics, as ``SupernetEvaluator/statistics(of:)`` gives them.
  /// - Throws: `Diagnostic` where a statistic is missing.
  public func extracted(
    _ network: Network, statistics: Weights
  ) throws -> (network: Network, weights: Weights) {
    try network.extracted(from: store.weights.merging(statistics) { $1 })
  }
}

extension Network {
  /// The scales of batch norms that end a residual branch. Of the two operands of a residual sum, the branch is the one
  /// that was computed later; the other is the way around it.
  var residualScales: Set<String> {
    var names: Set<String> = []
    for node in nodes where node.op == .add {
      guard let branch = node.inputs.max(), case .batchNorm = nodes[branch].op else { continue }
      names.formUnion(nodes[branch].parameters.map(\.name).filter { $0.hasSuffix(".gamma") })
    }
    return names
  }
}
