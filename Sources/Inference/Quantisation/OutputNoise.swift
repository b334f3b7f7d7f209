import Compute
import Foundation
import Networks
import Tensors

/// What a network computes on samples, to say how far others are from it.
public struct OutputNoise {
  private let samples: [String: Tensor]
  private let pool: ThreadPool
  private let results: [[String: Tensor]]

  /// Runs the exact network on every sample.
  ///
  /// - Throws: ``Diagnostic`` where it does not compile or the samples do not fit.
  public init(of exact: (network: Network, weights: Weights), samples: [String: Tensor], pool: ThreadPool) throws {
    (self.samples, self.pool) = (samples, pool)
    results = try Self.results(exact, samples, pool)
  }

  /// The ratio of noise to signal of every output: Σ (y′ − y)² / Σ y² over all samples; 0 where nothing changed.
  ///
  /// - Throws: ``Diagnostic`` where the network does not compile.
  public func noiseToSignal(of other: (network: Network, weights: Weights)) throws -> [String: Double] {
    var sums: [String: (signal: Double, noise: Double)] = [:]
    for (wanted, found) in zip(results, try Self.results(other, samples, pool)) {
      for (name, tensor) in wanted {
        guard let other = found[name] else { continue }
        for (y, z) in zip(tensor.values, other.values) {
          sums[name, default: (0, 0)].signal += Double(y) * Double(y)
          sums[name, default: (0, 0)].noise += Double(z - y) * Double(z - y)
        }
      }
    }
    return sums.mapValues { $0.noise == 0 ? 0 : $0.noise / $0.signal }
  }

  private static func results(
    _ model: (network: Network, weights: Weights), _ samples: [String: Tensor], _ pool: ThreadPool
  ) throws -> [[String: Tensor]] {
    let fused = try model.network.fused(with: model.weights)
    let compiled = try CompiledNetwork(fused.network, weights: fused.weights, pool: pool)
    return try (0..<(samples.values.first?.shape[0] ?? 0)).map { sample in
      try compiled.run(samples.mapValues { $0.rows(sample..<sample + 1) })
    }
  }
}
