import Compute
import Diagnostics
import Foundation

/// A smooth function of positions, learned from noisy values at some of them (Rasmussen and Williams, "Gaussian Processes
/// for Machine Learning", 2006): the value anywhere is a weighted sum of the likenesses to the positions that were seen.
///
/// At a position that was seen it is nearly what was seen there; far from all it goes back to zero.
package struct GaussianProcess: Hashable, Sendable {
  /// What positions have to do with each other.
  package let kernel: Kernel
  /// The distinct positions that were seen.
  package let supports: [OperatorPosition]
  /// How much each adds.
  package let weights: [Float]

  /// Creates a process of known weights.
  package init(kernel: Kernel, supports: [OperatorPosition], weights: [Float]) {
    (self.kernel, self.supports, self.weights) = (kernel, supports, weights)
  }

  /// A sum of two bells over the distance of positions and of a constant, which all positions share.
  package struct Kernel: Hashable, Sendable {
    /// What changes slowly: variance, and width in octaves.
    package var wide: Bell
    /// What is peculiar to a position.
    package var narrow: Bell
    /// The variance of what all positions have in common.
    package var shared: Double

    /// Creates a kernel.
    package init(wide: Bell, narrow: Bell, shared: Double) {
      (self.wide, self.narrow, self.shared) = (wide, narrow, shared)
    }

    /// A bell over distance.
    package struct Bell: Hashable, Sendable, Codable {
      package var variance: Double
      package var width: Double

      /// Creates a bell.
      package init(variance: Double, width: Double) { (self.variance, self.width) = (variance, width) }
    }
  }

  /// Values that were seen at a position.
  package struct Observation {
    package var position: OperatorPosition
    package var value: Double
    /// The variance of the value's noise.
    package var noise: Double

    /// Creates an observation.
    package init(position: OperatorPosition, value: Double, noise: Double) {
      (self.position, self.value, self.noise) = (position, value, noise)
    }
  }

  /// The function at a position.
  package struct Value {
    package var value: Double
    /// How little is known of such positions, from 0, where one was seen, to 1.
    package var novelty: Double

    /// What a value that is a logarithm multiplies by. Nothing that is fitted lies beyond e², and a damaged file should not either.
    package var factor: Double { exp(max(-OperatorFit.greatestCorrection, min(OperatorFit.greatestCorrection, value))) }
  }

  /// The function at a position.
  package func value(at position: OperatorPosition) -> Value {
    var (sum, likest) = (0.0, 0.0)
    for (support, weight) in zip(supports, weights) {
      let likeness = kernel.likeness(position, support)
      sum += Double(weight) * likeness
      likest = max(likest, likeness)
    }
    return Value(value: sum, novelty: 1 - likest / kernel.greatest)
  }
}

extension GaussianProcess.Kernel {
  /// The likeness of a position to itself.
  package var greatest: Double { wide.variance + narrow.variance + shared }

  package func likeness(_ a: OperatorPosition, _ b: OperatorPosition) -> Double {
    let difference = a.lanes - b.lanes
    let distance = Double((difference * difference).sum())
    return wide.likeness(distance) + narrow.likeness(distance) + shared
  }

  /// The likenesses of all pairs, the lower triangle row after row.
  fileprivate func matrix(_ positions: [OperatorPosition]) -> [Double] {
    let size = positions.count
    var values = [Double](repeating: 0, count: size * size)
    for i in 0..<size { for j in 0...i { values[i * size + j] = likeness(positions[i], positions[j]) } }
    return values
  }
}

extension GaussianProcess.Kernel.Bell {
  fileprivate func likeness(_ squaredDistance: Double) -> Double {
    variance == 0 ? 0 : variance * exp(-squaredDistance / (2 * width * width))
  }
}

extension GaussianProcess {
  /// Fits observations at distinct positions; those far from what the others say lose weight (the noise is Student's t
  /// with four degrees of freedom; Lange et al., "Robust statistical modeling using the t distribution", 1989).
  ///
  /// - Throws: ``Diagnostic`` where OpenBLAS is not installed, or values are no numbers.
  package static func fit(_ observations: [Observation], kernel: Kernel) throws -> GaussianProcess {
    try BLAS.load()
    let observations = merged(observations)
    let likenesses = kernel.matrix(observations.map(\.position))
    var trust = [Double](repeating: 1, count: observations.count)
    var weights: [Double] = []
    for _ in 0..<rounds {
      let noise = zip(observations, trust).map { $0.noise / $1 }
      weights = try solve(likenesses, noise, observations.map(\.value))
      trust = observations.indices.map { i in
        // The residual of a Gaussian process is its weight times the noise's variance.
        let residual = weights[i] * noise[i]
        return (freedom + 1) / (freedom + residual * residual / observations[i].noise)
      }
    }
    return GaussianProcess(kernel: kernel, supports: observations.map(\.position), weights: weights.map(Float.init))
  }

  private static let (rounds, freedom) = (4, 4.0)
  /// Time grows with the cube of the observations and memory with their square, and files with their number.
  package static let mostObservations = 2_000

  /// At most so many observations: where there are more, those of one cell are one, of cells as small as can be.
  static func merged(_ observations: [Observation]) -> [Observation] {
    var (merged, side) = (observations, OperatorPosition.unit)
    while merged.count > mostObservations {
      side *= 2
      merged = Dictionary(grouping: observations) { ($0.position.lanes / side).rounded(.toNearestOrEven) }
        .values.map(mean).sorted { $0.position.isBefore($1.position) }
    }
    return merged
  }

  /// Observations as one, at their mean position; each counts as much as its noise allows.
  private static func mean(_ observations: [Observation]) -> Observation {
    let total = observations.reduce(0) { $0 + 1 / $1.noise }
    var (lanes, value) = (SIMD16<Float>.zero, 0.0)
    for observation in observations {
      let share = 1 / (observation.noise * total)
      lanes += Float(share) * observation.position.lanes
      value += share * observation.value
    }
    return Observation(position: OperatorPosition(lanes), value: value, noise: 1 / total)
  }

  private static func solve(_ likenesses: [Double], _ noise: [Double], _ values: [Double]) throws -> [Double] {
    var matrix = likenesses
    for i in noise.indices { matrix[i * noise.count + i] += noise[i] }
    // LAPACK takes what is no number for positive.
    if BLAS.factor(&matrix, size: noise.count) {
      let solution = BLAS.solve(factor: matrix, size: noise.count, values)
      if solution.allSatisfy(\.isFinite) { return solution }
    }
    throw Diagnostic(.failure, "timings of operators cannot be fitted", rule: "they are finite numbers")
  }
}
