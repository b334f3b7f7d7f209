import Compute
import Foundation
import Latency
import Quoin
import SearchSpaces
import Tensors

/// How many architectures of a space are predicted per second on one core: from codes, as a loop over millions of them
/// would, and from architectures, as a search meets them.
enum PredictionBench {
  static func run(_ space: SearchSpace, _ predictor: LatencyPredictor) throws {
    let table = SpaceLatencyTable(space, predictor)
    var random = RandomSource(seed: 1, purpose: "prediction benchmark")
    let architectures = (0..<20_000).map { _ in space.sample(using: &random) }
    let codes = architectures.map(space.code)
    let networks = try architectures.prefix(200).map { try space.network(for: $0) }
    let filling = try seconds { _ = try table.milliseconds(of: codes) }
    // A single thread, and the best of several rounds: what else runs here only ever slows it down.
    let fromCodes = try (0..<5).map { _ in try seconds { _ = try table.milliseconds(of: codes) } }.min() ?? .infinity
    let fromArchitectures =
      try (0..<5).map { _ in try seconds { for one in architectures { _ = try table.predict(one) } } }.min()
      ?? .infinity
    let fromNetworks = try seconds { for network in networks { _ = try predictor.predict(network) } }
    print("\(space.name): \(architectures.count) architectures, table filled in \(number(filling)) s")
    print("  from codes          \(number(Double(codes.count) / fromCodes)) per second")
    print("  from architectures  \(number(Double(architectures.count) / fromArchitectures)) per second")
    print("  from networks       \(number(Double(networks.count) / fromNetworks)) per second")
  }

  private static func seconds(_ body: () throws -> Void) rethrows -> Double { try MonotonicClock.seconds(body) }

  private static func number(_ value: Double) -> String { String(format: "%.4g", value) }
}
