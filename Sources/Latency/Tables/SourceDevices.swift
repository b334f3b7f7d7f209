import Foundation

/// What the devices that are known well are like: for each a linear model of its latencies, relative to their median.
struct SourceDevices: Sendable {
  let encoding: TableEncoding
  /// For every device, the rows that are known and their latencies relative to the median.
  let known: [(rows: [Int], latencies: [Double])]
  /// A column of coefficients per device.
  let coefficients: Matrix

  /// Fits every device.
  ///
  /// - Parameter known: For every device its known rows with their latencies; at least one.
  init(_ encoding: TableEncoding, known: [[(row: Int, latency: Double)]]) {
    self.encoding = encoding
    self.known = known.map { samples in
      let middle = median(samples.map(\.latency))
      return (samples.map(\.row), samples.map { $0.latency / middle })
    }
    let fits = self.known.map { CauchyRidge().coefficients(encoding.matrix.rows($0.rows), $0.latencies) }
    let width = encoding.matrix.columns
    coefficients = Matrix(
      rows: width, columns: fits.count, (0..<width).flatMap { column in fits.map { $0[column] } })
  }

  private init(_ encoding: TableEncoding, _ known: [(rows: [Int], latencies: [Double])], _ coefficients: Matrix) {
    (self.encoding, self.known, self.coefficients) = (encoding, known, coefficients)
  }

  var count: Int { known.count }

  /// Some of the devices.
  func only(_ devices: [Int]) -> SourceDevices {
    let columns = Matrix(
      rows: coefficients.rows, columns: devices.count,
      (0..<coefficients.rows).flatMap { row in devices.map { coefficients[row, $0] } })
    return SourceDevices(encoding, devices.map { known[$0] }, columns)
  }

  /// How alike two devices order the whole table, by their models: linear correlations.
  func correlations() -> Matrix {
    let products = coefficients.transposed * (encoding.covariance * coefficients)
    var result = products
    for i in 0..<count {
      for j in 0..<count {
        let scale = (products[i, i] * products[j, j]).squareRoot()
        result[i, j] = scale > 0 ? products[i, j] / scale : 0
      }
    }
    return result
  }
}

/// Ridge regression with an intercept, whose loss hardly grows with large residuals (Cauchy's): some measurements of public
/// tables are wrong by factors.
struct CauchyRidge {
  /// The ridge; the intercept has none.
  var ridge = 3.0
  /// Residuals beyond as many robust deviations lose their weight.
  var threshold = 2.0
  /// Steps of reweighting.
  var steps = 10

  /// The coefficients without the intercept.
  func coefficients(_ rows: Matrix, _ targets: [Double]) -> [Double] {
    let width = rows.columns + 1
    let design = Matrix(
      rows: rows.rows, columns: width, (0..<rows.rows).flatMap { [1] + Array(rows.row($0)) })
    var weights = [Double](repeating: 1, count: targets.count)
    var solution: [Double] = []
    for _ in 0..<steps {
      var gram = design.gram(weights: weights)
      for i in 0..<width { gram[i, i] += i == 0 ? 1e-6 : ridge }
      var moments = [Double](repeating: 0, count: width)
      for row in 0..<design.rows {
        for (i, value) in design.row(row).enumerated() { moments[i] += weights[row] * targets[row] * value }
      }
      solution = Cholesky(gram).solve(moments)
      let residuals = zip(targets, design * solution).map { $0 - $1 }
      // 1.4826 makes the median absolute residual a standard deviation where the residuals are normal.
      let deviation = 1.4826 * median(residuals.map(abs)) + 1e-6
      weights = residuals.map { 1 / (1 + pow($0 / (threshold * deviation), 2)) }
    }
    return Array(solution.dropFirst())
  }
}
