import Foundation

extension TableCosts {
  /// Room that predicting many architectures one after the other uses again.
  struct Workspace {
    fileprivate var columns: [Int] = []
    fileprivate var numbers: [Double] = []
    fileprivate var sums: [Double] = []
    fileprivate var inner: [Double] = []
  }

  /// Predicts one architecture.
  ///
  /// - Parameter architecture: A value per feature.
  func predict(
    _ architecture: ArraySlice<Double>, _ room: inout Workspace
  ) throws(TableScheme.UnknownValue) -> LatencyPrediction {
    try scheme.columns(of: architecture, into: &room.columns)
    scheme.numbers(of: architecture, into: &room.numbers)
    let (quantities, coded) = (constants.count, scheme.codedWidth)
    room.sums = constants
    for column in room.columns { add(column, to: &room.sums) }
    for (k, number) in room.numbers.enumerated() {
      room.inner = Array(columns[(coded + k) * quantities..<(coded + k + 1) * quantities])
      let products = coded + room.numbers.count + k * coded
      for column in room.columns { add(products + column, to: &room.inner) }
      for i in 0..<quantities { room.sums[i] += number * room.inner[i] }
    }
    let mean = room.sums[0]
    var variance = rest + pow(noise * TransferProblem.noise(mean), 2)
    for factor in room.sums.dropFirst() { variance += factor * factor }
    return LatencyPrediction(relative: mean, deviation: reach * variance.squareRoot(), unit: middle)
  }

  private func add(_ column: Int, to sums: inout [Double]) {
    let first = column * constants.count
    for i in sums.indices { sums[i] += columns[first + i] }
  }
}
