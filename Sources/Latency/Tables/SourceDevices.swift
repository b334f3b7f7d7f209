import Foundation
import Tensors

/// What the devices that are known well are like: for each a linear model of its latencies, relative to their median.
struct SourceDevices: Sendable {
  let encoding: TableEncoding
  /// For every device, the rows that are known and their latencies relative to the median; none of a device that only
  /// its coefficients are known of.
  let known: [(rows: [Int], latencies: [Double])]
  /// A column of coefficients per device.
  let coefficients: Matrix
  /// Per device, the prediction for the middle of the table.
  let intercepts: [Double]

  /// Fits every device.
  ///
  /// - Parameters:
  ///   - known: For every device its known rows with their latencies; at least one.
  ///   - base: The coefficients of a device more, of which nothing else is known.
  init(_ encoding: TableEncoding, known: [[(row: Int, latency: Double)]], base: [Double]? = nil) {
    let relative = known.map { samples in
      let middle = median(samples.map(\.latency))
      return (rows: samples.map(\.row), latencies: samples.map { $0.latency / middle })
    }
    var fits = relative.map { CauchyRidge().fit(encoding.matrix.rows($0.rows), $0.latencies) }
    if let base { fits.append((1, base)) }
    let width = encoding.matrix.columns
    self.init(
      encoding, relative + (base == nil ? [] : [([], [])]),
      Matrix(rows: width, columns: fits.count, (0..<width).flatMap { column in fits.map { $0.coefficients[column] } }),
      fits.map(\.intercept))
  }

  private init(
    _ encoding: TableEncoding, _ known: [(rows: [Int], latencies: [Double])], _ coefficients: Matrix,
    _ intercepts: [Double]
  ) {
    (self.encoding, self.known, self.coefficients, self.intercepts) = (encoding, known, coefficients, intercepts)
  }

  var count: Int { known.count }

  /// The devices with known rows.
  var measured: [Int] { known.indices.filter { !known[$0].rows.isEmpty } }

  /// Some of the devices.
  func only(_ devices: [Int]) -> SourceDevices {
    let columns = Matrix(
      rows: coefficients.rows, columns: devices.count,
      (0..<coefficients.rows).flatMap { row in devices.map { coefficients[row, $0] } })
    return SourceDevices(encoding, devices.map { known[$0] }, columns, devices.map { intercepts[$0] })
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
