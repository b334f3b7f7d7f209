import ArgumentParser
import Diagnostics
import Foundation
import Latency
import Quoin

extension PredictorCommand {
  /// Predicts the architectures of a table.
  struct Predict: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Predict the latencies of a table's architectures.",
      discussion: """
        Features are found by their names in the header; a JSON document beside the table is not needed, and further columns
        are ignored. OUT.csv holds the features, then predicted_ms, lower_ms and upper_ms (in the unit of the fitted
        table), where the last two are a 90 % interval. Where the table has a column with the device's name, the
        predictions are compared with it.

        EXAMPLES
          quoin predictor predict predictors/pixel3 --table candidates.csv -o latencies.csv
          quoin predictor predict predictors/pixel3 --table nb201_latency.csv.gz -o latencies.csv --json
        """)

    @Argument(help: "The predictor's folder.") var predictor: String
    @Option(help: "The table, NAME.csv or NAME.csv.gz.") var table: String
    @Option(name: .shortAndLong, help: "The file to write, in a folder that exists.") var output: String
    @Flag(help: "Print one JSON document.") var json = false

    private struct Range: Encodable {
      let least: Double
      let median: Double
      let greatest: Double
    }

    private struct Answer: Encodable {
      let output: String
      let device: String
      let unit: String
      let rows: Int
      let predicted: Range
      let extrapolatedRows: Int
      let measuredRows: Int
      let figures: TableFigures?
      let seconds: Double

      enum CodingKeys: String, CodingKey {
        case output, device, unit, rows, predicted, figures, seconds
        case extrapolatedRows = "extrapolated_rows"
        case measuredRows = "measured_rows"
      }
    }

    func validate() throws {
      try requirePath(output, "--output")
      try requirePath(predictor, "PREDICTOR")
    }

    func run() throws {
      try requireFolder(of: output, "--output")
      let watch = Stopwatch()
      let predictor = try FittedTablePredictor.load(predictor)
      let file = try TableFile.read(table)
      let monitor = Console.monitor()
      let answer = try predictor.predict(csv: file.text, path: file.path) { _ in
        if monitor.isInterrupted() { throw Diagnostic(.interrupted, "interrupted") }
      }
      try writeAtomically(answer.csv, to: output)
      try report(answer, predictor.provenance, watch.seconds)
    }

    private func report(
      _ answer: TablePredictions, _ provenance: FittedTablePredictor.Provenance, _ seconds: Double
    ) throws {
      let sorted = answer.predictions.map(\.milliseconds).sorted()
      if answer.extrapolated > 0 {
        Console.note(
          "warning: \(answer.extrapolated) rows have a number outside of the fitted table's; intervals may be too narrow"
        )
      }
      if json {
        return try Console.print(
          json: Answer(
            output: output, device: provenance.device, unit: provenance.unit, rows: sorted.count,
            predicted: Range(least: sorted[0], median: sorted[sorted.count / 2], greatest: sorted[sorted.count - 1]),
            extrapolatedRows: answer.extrapolated, measuredRows: answer.measured, figures: answer.figures,
            seconds: seconds))
      }
      Console.print(
        String(
          format: "wrote %@: %d rows on %@, %.4g to %.4g %@", output, sorted.count, provenance.device,
          sorted[0], sorted[sorted.count - 1], provenance.unit))
      guard let figures = answer.figures else { return }
      Console.print(
        String(
          format: "against %d latencies of the table: spearman %.4f, mean error %.1f %%, within 10 %% %.1f %%, "
            + "in the 90 %% interval %.1f %%",
          answer.measured, figures.spearman, 100 * figures.mape, 100 * figures.within10, 100 * figures.coverage))
    }
  }
}
