import Foundation
import Tensors

/// Fits the costs of one device, and judges every way of doing so by cross-validation.
struct TableFit {
  typealias Measurement = (row: Int, latency: Double)

  let table: LatencyTable
  let encoding: TableEncoding
  let sources: SourceDevices
  let measured: [Measurement]
  let seed: UInt64

  /// From more measurements on, ridge regression competes with the Gaussian process, and beyond the second it is alone.
  private static let (mostFew, mostTransferred) = (60, 300)
  private static let foldCount = 5

  /// Measurements that were predicted without them.
  private struct Judged {
    var predictions: [LatencyPrediction]
    var report: ErrorReport
    /// The mean absolute error.
    var error: Double
  }

  /// The costs with the least error in cross-validation, and that error.
  func best(
    _ progress: (Int, Int) throws -> Void
  ) throws -> (costs: TableCosts, method: TableFitMethod, error: ErrorReport) {
    let isTransferred = measured.count <= Self.mostTransferred
    let isRidge = measured.count > Self.mostFew
    let total = (folds.count + 1) * ((isTransferred ? 1 : 0) + (isRidge ? 1 : 0))
    var done = 0
    func step() throws {
      done += 1
      try progress(done, total)
    }
    try progress(0, total)
    let transferred = isTransferred ? try transferred(step) : nil
    let ridge = isRidge ? try ridge(step) : nil
    switch (transferred, ridge) {
    case (let a?, let b?):
      return a.judged.error <= b.judged.error
        ? (a.costs, .transfer, a.judged.report) : (b.costs, .ridge, b.judged.report)
    case (let a?, nil): return (a.costs, .transfer, a.judged.report)
    case (nil, let b?): return (b.costs, .ridge, b.judged.report)
    case (nil, nil): preconditionFailure("few measurements are transferred, many are not")
    }
  }

  /// Positions of measurements that are predicted together, by the others.
  private var folds: [[Int]] {
    let count = min(Self.foldCount, measured.count)
    var random = RandomSource(seed: seed, purpose: "folds")
    let order = random.shuffled(Array(measured.indices))
    return (0..<count).map { fold in order.indices.filter { $0 % count == fold }.map { order[$0] } }
  }

  private func without(_ fold: [Int]) -> [Measurement] {
    let left = Set(fold)
    return measured.indices.filter { !left.contains($0) }.map { measured[$0] }
  }

  private func predict(_ positions: [Int], by costs: TableCosts) -> [LatencyPrediction] {
    var room = TableCosts.Workspace()
    return positions.map { position in
      guard let prediction = try? costs.predict(table.architecture(measured[position].row), &room) else {
        preconditionFailure("the table was encoded by the scheme of the costs")
      }
      return prediction
    }
  }

  private func judged(_ predictions: [LatencyPrediction], coverage: Double) -> Judged {
    let latencies = measured.map(\.latency)
    let error = zip(predictions, latencies).reduce(0) { $0 + abs($1.0.milliseconds - $1.1) } / Double(latencies.count)
    let report = ErrorReport(
      .crossValidation, predicted: predictions.map(\.milliseconds), measured: latencies, intervalCoverage: coverage)
    return Judged(predictions: predictions, report: report, error: error)
  }

  // MARK: The Gaussian process

  private func transferred(_ step: () throws -> Void) throws -> (costs: TableCosts, judged: Judged) {
    var predictor = TablePredictor(sources, seed: seed)
    func fit(_ measured: [Measurement]) throws -> TableCosts {
      let model = try predictor.adapted(to: measured)
      try step()
      return TableCosts(model, encoding)
    }
    var predictions = [LatencyPrediction?](repeating: nil, count: measured.count)
    for fold in folds {
      for (position, prediction) in zip(fold, predict(fold, by: try fit(without(fold)))) {
        predictions[position] = prediction
      }
    }
    let all = predictions.compactMap { $0 }
    let scores = zip(all, measured).map { prediction, measurement in
      let error = abs(measurement.latency - prediction.milliseconds)
      return error / max(prediction.upper - prediction.milliseconds, .ulpOfOne * prediction.milliseconds)
    }
    var costs = try fit(measured)
    // What the process says of itself is too narrow where costs outnumber many measurements and no source helps.
    guard measured.count > Self.mostFew else {
      return (costs, judged(all, coverage: Double(scores.count { $0 <= 1 }) / Double(scores.count)))
    }
    costs.reach *= conformalQuantile(scores)
    return (costs, judged(all, coverage: coverage(scores)))
  }

  /// The part of the measurements within the reach that those of the other folds ask for.
  private func coverage(_ scores: [Double]) -> Double {
    let covered = folds.reduce(0) { covered, fold in
      let left = Set(fold)
      let reach = conformalQuantile(scores.indices.filter { !left.contains($0) }.map { scores[$0] })
      return covered + fold.count { scores[$0] <= reach }
    }
    return Double(covered) / Double(scores.count)
  }

  // MARK: Ridge regression

  private func ridge(_ step: () throws -> Void) throws -> (costs: TableCosts, judged: Judged) {
    let choice = RidgeChoice(encoding, sources, measured, folds)
    var predictions = [LatencyPrediction?](repeating: nil, count: measured.count)
    var scores = [Double](repeating: 0, count: measured.count)
    for fold in folds {
      let costs = choice.costs(of: without(fold), encoding, sources, reach: 0)
      for (position, prediction) in zip(fold, predict(fold, by: costs)) {
        predictions[position] = prediction
        let noise = costs.middle * TransferProblem.noise(prediction.milliseconds / costs.middle)
        scores[position] = abs(measured[position].latency - prediction.milliseconds) / noise
      }
      try step()
    }
    let costs = choice.costs(of: measured, encoding, sources, reach: conformalQuantile(scores))
    try step()
    return (costs, judged(predictions.compactMap { $0 }, coverage: coverage(scores)))
  }
}

/// Which ridge, and whether what the source devices say is a feature of its own, so that only the difference from their
/// best mixture is held small.
struct RidgeChoice {
  private var ridge = CauchyRidge().ridge
  private var usesSources = false

  private static let ridges = [0.1, 0.3, 1, 3, 10, 30, 100]
  /// Sources' features are this much larger, and so hardly held at all.
  private static let sourceScale = 10.0

  /// Chooses by the errors of folds under weights from a fit of all measurements, so that no fold has to be fitted
  /// repeatedly.
  init(
    _ encoding: TableEncoding, _ sources: SourceDevices, _ measured: [TableFit.Measurement], _ folds: [[Int]]
  ) {
    let middle = median(measured.map(\.latency))
    let targets = measured.map { $0.latency / middle }
    let rows = encoding.matrix.rows(measured.map(\.row))
    let (intercept, coefficients) = CauchyRidge().fit(rows, targets)
    let weights = CauchyRidge().weights(zip(targets, rows * coefficients).map { $0 - intercept - $1 })
    var least = Double.infinity
    for usesSources in sources.count > 0 ? [false, true] : [false] {
      let design = CauchyRidge.design(usesSources ? Self.extended(rows, sources) : rows)
      func moments(_ positions: [Int]) -> CauchyRidge.Moments {
        CauchyRidge.Moments(
          design.rows(positions), positions.map { targets[$0] }, weights: positions.map { weights[$0] })
      }
      let (all, parts) = (moments(Array(measured.indices)), folds.map(moments))
      for ridge in Self.ridges {
        var error = 0.0
        for (fold, part) in zip(folds, parts) {
          let predicted = design.rows(fold) * (all - part).solution(ridge: ridge)
          for (position, value) in zip(fold, predicted) { error += weights[position] * abs(targets[position] - value) }
        }
        if error < least { (least, self.ridge, self.usesSources) = (error, ridge, usesSources) }
      }
    }
  }

  /// Fits measurements; the interval grows with the latency alone.
  func costs(
    of measured: [TableFit.Measurement], _ encoding: TableEncoding, _ sources: SourceDevices, reach: Double
  ) -> TableCosts {
    let middle = median(measured.map(\.latency))
    let rows = encoding.matrix.rows(measured.map(\.row))
    var (intercept, coefficients) = CauchyRidge(ridge: ridge).fit(
      usesSources ? Self.extended(rows, sources) : rows, measured.map { $0.latency / middle })
    let shares = coefficients.dropFirst(rows.columns).map { Self.sourceScale * $0 }
    coefficients = Array(coefficients.prefix(rows.columns))
    if usesSources {
      coefficients = zip(coefficients, sources.coefficients * shares).map { $0 + $1 }
    }
    return TableCosts(
      encoding, middle: middle, intercept: intercept, coefficients: coefficients, noise: 1, reach: reach)
  }

  /// The rows with what every source says of them.
  private static func extended(_ rows: Matrix, _ sources: SourceDevices) -> Matrix {
    let said = rows * sources.coefficients
    let values = (0..<rows.rows).flatMap { Array(rows.row($0)) + said.row($0).map { sourceScale * $0 } }
    return Matrix(rows: rows.rows, columns: rows.columns + said.columns, values)
  }
}
