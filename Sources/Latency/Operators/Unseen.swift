import Foundation

/// A network's latency as predicted by a model that was fitted without it.
struct Unseen {
  let network: MeasuredNetwork
  var latency: OperatorModel.Latency
  /// The fold or the hour that was left out.
  let part: Int

  /// `nil` where the model does not know a kind of operator.
  init?(_ network: MeasuredNetwork, by model: OperatorModel, part: Int) {
    guard let latency = try? model.latency(of: network.features) else { return nil }
    (self.network, self.latency, self.part) = (network, latency, part)
  }

  /// The logarithm of measured over predicted, and the novelty that it goes with.
  var error: (log: Double, novelty: Double) {
    (log(network.milliseconds / latency.milliseconds), latency.novelty)
  }

  /// Sums of operators times the factor of the working set, learned from the other parts, so that no part of a model has
  /// seen the network.
  static func withFootprint(_ sums: [Unseen]) throws -> [Unseen] {
    var result = sums
    for part in Set(sums.map(\.part)) {
      let others = sums.filter { $0.part != part }.map { ($0.network, $0.latency.milliseconds) }
      let model = OperatorModel(footprint: others.isEmpty ? nil : try OperatorModel.footprint(others))
      for index in sums.indices where sums[index].part == part {
        result[index].latency.milliseconds *= model.footprintFactor(workingSet: sums[index].network.features.workingSet)
      }
    }
    return result
  }
}
