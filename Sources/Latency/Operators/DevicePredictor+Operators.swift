import Diagnostics

extension DevicePredictor {
  /// A part of a predicted latency.
  public struct OperatorLatency: Hashable, Sendable, Codable {
    /// The name of the node in the fused network; empty for what the runtime does beside all nodes.
    public let node: String
    /// The kind of work, as ``OperatorCategory`` names it.
    public let kind: String
    /// What it takes, with what the runtime takes between it and those that read its result.
    public let milliseconds: Double
    /// How little is known of such operators, from 0, where one was timed, to 1.
    public let novelty: Double
  }

  /// What the parts of a network take, in the order of its nodes; their sum is the prediction.
  ///
  /// - Throws: ``Diagnostic`` that names the first operator of a kind that was never measured.
  public func operators(of network: NetworkFeatures) throws -> [OperatorLatency] {
    let factor = model.footprintFactor(workingSet: network.workingSet)
    var latencies = try zip(network.operators, network.passings).map { features, passing in
      let own = features.category.isGiven ? OperatorModel.Parts() : try model.parts(of: features)
      let parts = own + model.parts(of: passing)
      return OperatorLatency(
        node: features.node, kind: features.category.rawValue, milliseconds: factor * parts.milliseconds,
        novelty: parts.milliseconds > 0 ? parts.doubt / parts.milliseconds : 0)
    }
    let overhead = factor * model.overhead(of: network)
    if overhead > 0 {
      latencies.append(OperatorLatency(node: "", kind: "runtime", milliseconds: overhead, novelty: 0))
    }
    return latencies
  }
}
