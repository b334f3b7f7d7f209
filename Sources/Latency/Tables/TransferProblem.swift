import Foundation

/// Measurements of a new device under a prior: a Gaussian process over architectures whose noise has the heavy tails of
/// Student's t, so that a wrong measurement does little harm (Jylänki, Vanhatalo and Vehtari, "Robust Gaussian process
/// regression with a Student-t likelihood", 2011), solved by variational reweighting.
struct TransferProblem {
  /// Degrees of freedom of the noise.
  static let freedom = 4.0
  /// How much of the noise does not grow with the latency.
  private static let constantNoise = 0.3

  let prior: TransferPrior
  let rows: [Int]
  let latencies: [Double]
  /// Per group, the features of the measured rows.
  let features: [Matrix]
  /// Per group, the products of all pairs of them.
  private let kernels: [Matrix]
  /// What the mean source does not say.
  private let residuals: [Double]
  /// The noise of each measurement, relative to the device's.
  private let noise: [Double]

  /// - Parameter latencies: Relative to about their middle.
  init(_ prior: TransferPrior, rows: [Int], latencies: [Double]) {
    (self.prior, self.rows, self.latencies) = (prior, rows, latencies)
    let chosen = prior.encoding.matrix.rows(rows)
    features = prior.features(chosen)
    kernels = features.map { $0.transposed.gram() }
    let expected = (chosen * prior.mean).map { 1 + $0 }
    residuals = zip(latencies, expected).map { $0 - $1 }
    noise = expected.map(Self.noise)
  }

  /// The noise of a measurement relative to the device's, by the expected relative latency.
  static func noise(_ expected: Double) -> Double { constantNoise + (1 - constantNoise) * max(expected, 0.1) }

  /// What the measurements say under one guess of the scales.
  struct Posterior {
    /// The logarithm of a lower bound of the measurements' probability.
    var evidence: Double
    /// The weights of the measurements in predictions.
    var weights: [Double]
    /// The inverse of the measurements' covariance, noise included.
    var precision: Matrix
    /// The noise variance of each measurement, after reweighting.
    var noise: [Double]
  }

  /// Solves for one guess of the scales.
  ///
  /// - Parameter steps: How often measurements are weighted anew.
  func posterior(_ scales: GroupScales, steps: Int = 4) -> Posterior {
    let count = rows.count
    let covariance = self.covariance(scales)
    let variances = noise.map { pow(pow(10, scales.noise) * $0, 2) }
    let (start, shape) = (Self.freedom / 2, (Self.freedom + 1) / 2)
    var (rates, trust) = ([Double](repeating: shape, count: count), [Double](repeating: 1, count: count))
    var (spread, alpha, precision) = (variances, residuals, covariance)
    var logDeterminant = 0.0
    for step in 0...steps {
      spread = zip(variances, trust).map { $0 / $1 }
      var total = covariance
      for i in 0..<count { total[i, i] += spread[i] }
      let factor = Cholesky(total)
      precision = factor.inverse
      alpha = precision * residuals
      logDeterminant = factor.logDeterminant
      guard step < steps else { break }
      for i in 0..<count {
        let residual = spread[i] * alpha[i]
        let variance = spread[i] - spread[i] * spread[i] * precision[i, i]
        rates[i] = (Self.freedom + (residual * residual + variance) / variances[i]) / 2
        trust[i] = shape / rates[i]
      }
    }
    var evidence = -0.5 * zip(alpha, residuals).reduce(0) { $0 + $1.0 * $1.1 } - 0.5 * logDeterminant
    evidence -= 0.5 * Double(count) * log(2 * Double.pi)
    let digamma = Self.digamma(shape)
    for i in 0..<count {
      // Expected logarithm of the weight, less its distance from the prior Gamma distribution.
      let distance =
        (shape - start) * digamma - lgamma(shape) + lgamma(start) + start * (log(rates[i]) - log(start))
        + shape * (start - rates[i]) / rates[i]
      evidence += 0.5 * (digamma - log(rates[i]) - log(trust[i])) - distance
    }
    return Posterior(evidence: evidence, weights: alpha, precision: precision, noise: spread)
  }

  private func covariance(_ scales: GroupScales) -> Matrix {
    var values = [Double](repeating: 0, count: rows.count * rows.count)
    for (kernel, scale) in zip(kernels, scales.groups) {
      let variance = pow(10, 2 * scale)
      kernel.values.withUnsafeBufferPointer { kernel in
        for i in values.indices { values[i] += variance * kernel[i] }
      }
    }
    return Matrix(rows: rows.count, columns: rows.count, values)
  }

  /// The derivative of the logarithm of the Gamma function, by its asymptotic series.
  private static func digamma(_ x: Double) -> Double {
    var (x, sum) = (x, 0.0)
    while x < 6 {
      sum -= 1 / x
      x += 1
    }
    let square = 1 / (x * x)
    return sum + log(x) - 0.5 / x - square * (1 / 12.0 - square * (1 / 120.0 - square / 252))
  }
}
