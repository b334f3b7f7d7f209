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
    try OutputNoise(of: exact, samples: samples, pool: pool).noiseToSignal(of: quantised).mapValues(decibels)
  }

  /// The ratio of signal to noise in decibels for one of noise to signal; infinite for none.
  public static func decibels(noiseToSignal: Double) -> Double {
    noiseToSignal == 0 ? .infinity : -10 * log10(noiseToSignal)
  }
  /// The ratio of noise to signal for one of signal to noise in decibels.
  public static func noiseToSignal(decibels: Double) -> Double { pow(10, -decibels / 10) }
}
