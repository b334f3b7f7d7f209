import Compute
import Foundation
import Networks
import Tensors

/// How much of a network's results quantisation leaves.
public enum QuantisationNoise {
  /// The ratio of signal to noise of every output, in decibels: 10 · log10(Σ y² / Σ (y′ − y)²) over all samples; infinite
  /// where nothing changed.
  ///
  /// - Throws: ``Diagnostic`` where a network does not compile or the samples do not fit.
  public static func ratios(
    of quantised: (network: Network, weights: Weights), to exact: (network: Network, weights: Weights),
    samples: [String: Tensor], pool: ThreadPool
  ) throws -> [String: Double] {
    let fused = try exact.network.fused(with: exact.weights)
    let reference = try CompiledNetwork(fused.network, weights: fused.weights, pool: pool)
    let rounded = try CompiledNetwork(quantised.network, weights: quantised.weights, pool: pool)
    var sums: [String: (signal: Double, noise: Double)] = [:]
    for sample in 0..<(samples.values.first?.shape[0] ?? 0) {
      let inputs = samples.mapValues { $0.rows(sample..<sample + 1) }
      let (wanted, found) = (try reference.run(inputs), try rounded.run(inputs))
      for (name, tensor) in wanted {
        guard let other = found[name] else { continue }
        for (y, z) in zip(tensor.values, other.values) {
          sums[name, default: (0, 0)].signal += Double(y) * Double(y)
          sums[name, default: (0, 0)].noise += Double(z - y) * Double(z - y)
        }
      }
    }
    return sums.mapValues { $0.noise == 0 ? .infinity : 10 * log10($0.signal / $0.noise) }
  }
}
