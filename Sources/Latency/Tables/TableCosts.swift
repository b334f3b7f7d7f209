import Foundation

/// Latencies as sums of costs, one per value of a decision, and what their intervals need; all relative to the device's
/// middle latency.
///
/// Besides the latency, `factors` further sums are made for every architecture. The sum of their squares, a constant,
/// and a noise that grows with the latency are the variance of a new measurement.
package struct TableCosts: Hashable, Sendable {
  package let scheme: TableScheme
  /// The device's middle latency, in the table's unit.
  package let middle: Double
  /// Of the latency, then of every factor.
  package let constants: [Double]
  /// For every column of the encoding the latency's cost, then every factor's.
  package let columns: [Double]
  /// The variance that no factor says.
  package let rest: Double
  /// The standard deviation of the noise where the latency is in the middle.
  package let noise: Double
  /// Intervals reach as many standard deviations.
  package var reach: Double

  /// At most as many factors; what they leave is spread evenly.
  package static let mostFactors = 24
  /// The share of the mean variance that may be left.
  private static let leftShare = 0.02
  /// Factors have as many digits, which intervals do not feel and files do.
  private static let digits = 5

  /// How many sums are made.
  package var quantities: Int { constants.count }

  package init(
    scheme: TableScheme, middle: Double, constants: [Double], columns: [Double], rest: Double, noise: Double,
    reach: Double
  ) {
    (self.scheme, self.middle, self.constants, self.columns) = (scheme, middle, constants, columns)
    (self.rest, self.noise, self.reach) = (rest, noise, reach)
  }

  /// Costs without factors.
  init(
    _ encoding: TableEncoding, middle: Double, intercept: Double, coefficients: [Double], noise: Double, reach: Double
  ) {
    self.init(encoding, middle, [[intercept] + coefficients], rest: 0, noise: noise, reach: reach)
  }

  /// What a model says without its measurements.
  init(_ model: TableModel, _ encoding: TableEncoding) {
    let (factors, rest) = Self.factors(of: model.covariance(), encoding.covariance)
    self.init(
      encoding, model.unit, [[model.constant] + model.coefficients] + factors, rest: rest,
      noise: model.noiseVariance.squareRoot(), reach: model.reach)
  }

  /// - Parameter sums: Per quantity a constant and coefficients of the centred columns.
  private init(
    _ encoding: TableEncoding, _ middle: Double, _ sums: [[Double]], rest: Double, noise: Double, reach: Double
  ) {
    let plain = sums.map { Self.uncentred($0, encoding) }
    let width = encoding.scheme.width
    self.init(
      scheme: encoding.scheme, middle: middle, constants: plain.map { $0[0] },
      columns: (0..<width).flatMap { column in plain.map { $0[column + 1] } }, rest: rest, noise: noise, reach: reach)
  }

  /// A constant and coefficients for columns that are not centred.
  private static func uncentred(_ sum: [Double], _ encoding: TableEncoding) -> [Double] {
    let (coded, numbers) = (encoding.codedMeans.count, encoding.numbers)
    var result = sum
    for i in 0..<coded { result[0] -= encoding.codedMeans[i] * sum[1 + i] }
    for i in encoding.otherMeans.indices { result[0] -= encoding.otherMeans[i] * sum[1 + coded + i] }
    for k in 0..<numbers {
      for i in 0..<coded {
        result[1 + coded + k] -= encoding.codedMeans[i] * sum[1 + coded + numbers + k * coded + i]
      }
    }
    return result
  }

  /// The coefficients of the latency for the centred columns of a table that is encoded by the same scheme.
  func coefficients(in encoding: TableEncoding) -> [Double] {
    let (coded, numbers) = (encoding.codedMeans.count, encoding.numbers)
    var result = stride(from: 0, to: columns.count, by: quantities).map { columns[$0] }
    for k in 0..<numbers {
      for i in 0..<coded { result[coded + k] += encoding.codedMeans[i] * result[coded + numbers + k * coded + i] }
    }
    return result
  }

  /// Vectors whose squares' sum is close to a covariance where it counts, and the mean variance that they leave: a
  /// pivoted Cholesky factorisation (Harbrecht, Peters and Schneider, "On the low-rank approximation by the pivoted
  /// Cholesky decomposition", 2012).
  ///
  /// - Parameters:
  ///   - covariance: Of a constant and the columns' coefficients.
  ///   - spread: The mean over the table of products of columns.
  private static func factors(of covariance: Matrix, _ spread: Matrix) -> (factors: [[Double]], rest: Double) {
    let count = covariance.rows
    /// The mean over the table of the square of a sum.
    func meanSquare(_ sum: [Double]) -> Double {
      let rest = Array(sum.dropFirst())
      return sum[0] * sum[0] + zip(rest, spread * rest).reduce(0) { $0 + $1.0 * $1.1 }
    }
    var total = covariance[0, 0]
    for i in 1..<count { for j in 1..<count { total += covariance[i, j] * spread[i - 1, j - 1] } }
    let importance = [1] + (0..<count - 1).map { spread[$0, $0] }
    var diagonal = (0..<count).map { covariance[$0, $0] }
    var (factors, rest) = ([[Double]](), total)
    while factors.count < mostFactors, rest > leftShare * total {
      let pivot = (0..<count).max { diagonal[$0] * importance[$0] < diagonal[$1] * importance[$1] } ?? 0
      guard diagonal[pivot] > 1e-12 * max(total, .leastNormalMagnitude) else { break }
      let root = diagonal[pivot].squareRoot()
      var factor = (0..<count).map { i in
        (covariance[i, pivot] - factors.reduce(0) { $0 + $1[i] * $1[pivot] }) / root
      }
      factor = factor.map(rounded)
      for i in 0..<count { diagonal[i] -= factor[i] * factor[i] }
      rest -= meanSquare(factor)
      factors.append(factor)
    }
    return (factors, max(0, rest))
  }

  private static func rounded(_ value: Double) -> Double {
    guard value != 0 else { return 0 }
    let power = pow(10, Double(digits - 1) - log10(abs(value)).rounded(.down))
    return power.isFinite ? (value * power).rounded() / power : 0
  }
}
