import Diagnostics
import Foundation

/// What a predictor says of the architectures of a table.
public struct TablePredictions: Sendable {
  /// The features as they stand in the table, and the predictions with their intervals, as comma-separated values.
  public var csv: Data
  /// A prediction per architecture.
  public var predictions: [LatencyPrediction]
  /// How many architectures have a number outside of what the predictor was fitted on.
  public var extrapolated: Int
  /// How many architectures the table has a latency of the device for.
  public var measured: Int
  /// How well these were predicted; `nil` where the table has none.
  public var figures: TableFigures?
}

extension FittedTablePredictor {
  /// Predicts all architectures of a table of comma-separated values. Columns other than the predictor's features are
  /// ignored, but one with the name of the device, which is compared with.
  ///
  /// - Parameter path: The table's file, for messages.
  /// - Throws: ``Diagnostic`` that names the column that is missing, or the row, column and value that cannot be used.
  public func predict(
    csv: Data, path: String, progress: (_ rows: Int) throws -> Void = { _ in }
  ) throws -> TablePredictions {
    var text = try CSVReader(csv, path: path)
    let reader = try TableScheme.Reader(costs.scheme, header: text.header, path: path)
    let truth = text.header.firstIndex(of: provenance.device)
    var (output, room) = (CSVWriter(), TableCosts.Workspace())
    var (predictions, extrapolated) = ([LatencyPrediction](), 0)
    var compared: (predictions: [LatencyPrediction], latencies: [Double]) = ([], [])
    output.append(features.map(\.name) + ["predicted", "lower", "upper"].map { "\($0)_\(provenance.unit)" })
    while let record = try text.next() {
      let row = predictions.count
      if row % 10_000 == 0 { try progress(row) }
      let values = try reader.values(record, row: row, line: text.line)
      let prediction = try predict(values[...], row: row, at: .init(file: path, line: text.line), &room)
      if costs.scheme.isOutside(values) { extrapolated += 1 }
      predictions.append(prediction)
      if let truth, !record[truth].isEmpty {
        compared.predictions.append(prediction)
        compared.latencies.append(try latency(record[truth], row: row, line: text.line, path: path))
      }
      output.append(reader.fields(record), [prediction.milliseconds, prediction.lower, prediction.upper])
    }
    guard !predictions.isEmpty else {
      throw Diagnostic(.unusableFile, "the table has no rows", at: .init(file: path))
    }
    return TablePredictions(
      csv: Data(output.text), predictions: predictions, extrapolated: extrapolated, measured: compared.latencies.count,
      figures: compared.latencies.isEmpty ? nil : TableFigures(compared.predictions, compared.latencies))
  }

  private func latency(_ field: Substring, row: Int, line: Int, path: String) throws -> Double {
    guard let latency = Double(field), latency.isFinite, latency > 0 else {
      throw Diagnostic(
        .unusableFile, "a latency is not positive",
        at: .init(file: path, line: line, path: "row \(row), column \(provenance.device)"), value: String(field),
        rule: "what was not measured is left empty")
    }
    return latency
  }
}

extension TableScheme {
  /// Whether a number lies outside of the table's that the scheme was learned from.
  func isOutside(_ architecture: [Double]) -> Bool {
    numbers.contains { !($0.least...$0.greatest).contains(architecture[$0.feature]) }
  }
}
