import ArgumentParser
import Devices
import Diagnostics
import Foundation
import Interchange
import Latency
import Quoin

extension PredictorCommand {
  /// Predicts networks, or the architectures of a table.
  struct Predict: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Predict the latencies of ONNX files or of a table's architectures.",
      discussion: """
        A predictor that was fitted on samples predicts ONNX files. Where this machine has a device of its name that is not
        as it was when the samples were measured, a warning says so and how to correct the predictor by ten measurements.

        A predictor that was fitted on a table predicts the rows of another. Features are found by their names in the header; a JSON document beside the table is not needed, and further columns
        are ignored. OUT.csv holds the features, then predicted_ms, lower_ms and upper_ms (in the unit of the fitted
        table), where the last two are a 90 % interval. Where the table has a column with the device's name, the
        predictions are compared with it.

        EXAMPLES
          quoin predictor predict predictors/cpu-1t --model resnet-18.onnx --model mobilenetv2.onnx
          quoin predictor predict predictors/cpu-1t --model resnet-18.onnx --operators
          quoin predictor predict predictors/pixel3 --table candidates.csv -o latencies.csv
          quoin predictor predict predictors/pixel3 --table nb201_latency.csv.gz -o latencies.csv --json
        """)

    @Argument(help: "The predictor's folder.") var predictor: String
    @Option(name: .customLong("model"), help: "An ONNX file; repeatable.") var models: [String] = []
    @Flag(help: "Say what each operator of the ONNX files takes, too.") var operators = false
    @Option(help: "The table, NAME.csv or NAME.csv.gz.") var table: String?
    @Option(name: .shortAndLong, help: "The file to write of a table, in a folder that exists.") var output: String?
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
      guard models.isEmpty == (table != nil), (table != nil) == (output != nil) else {
        throw ValidationError("give --model, or --table and --output")
      }
      guard table == nil || !operators else { throw ValidationError("--operators is about ONNX files") }
      try requirePath(output, "--output")
      try requirePath(predictor, "PREDICTOR")
    }

    func run() throws {
      guard let table, let output else { return try predictModels() }
      try requireFolder(of: output, "--output")
      let watch = Stopwatch()
      let predictor = try FittedTablePredictor.load(predictor)
      let file = try TableFile.read(table)
      let monitor = Console.monitor()
      let answer = try predictor.predict(csv: file.text, path: file.path) { _ in
        if monitor.isInterrupted() { throw Diagnostic(.interrupted, "interrupted") }
      }
      try writeAtomically(answer.csv, to: output)
      try report(answer, output, predictor.provenance, watch.seconds)
    }

    private func report(
      _ answer: TablePredictions, _ output: String, _ provenance: FittedTablePredictor.Provenance, _ seconds: Double
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
            predicted: Range(least: sorted[0], median: sorted.medianOfSorted, greatest: sorted[sorted.count - 1]),
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

    private struct Prediction: Encodable {
      let model: String
      let milliseconds: Double
      let lower: Double
      let upper: Double
      /// What the operators take, where that is asked.
      let operators: [DevicePredictor.OperatorLatency]?
    }

    private func predictModels() throws {
      let folder = predictor
      let predictor = try DevicePredictor.load(folder)
      warn(of: predictor, folder)
      let predictions = try models.map { path in
        let features = NetworkFeatures(of: try ONNX.import(readFile(path), path: path).network)
        let prediction = try predictor.predict(features)
        return Prediction(
          model: path, milliseconds: prediction.milliseconds, lower: prediction.lower, upper: prediction.upper,
          operators: operators ? try predictor.operators(of: features) : nil)
      }
      if json { return try Console.print(json: predictions) }
      for one in predictions {
        Console.print(
          String(
            format: "%@: %.4f ms, 90 %% between %.4f and %.4f ms", one.model, one.milliseconds, one.lower, one.upper))
        for part in one.operators ?? [] where part.milliseconds > 0 {
          Console.print(
            String(
              format: "  %8.4f ms %4.1f %%  %@ (%@)", part.milliseconds, 100 * part.milliseconds / one.milliseconds,
              part.node, part.kind))
        }
      }
    }

    /// A device of the predictor's name on this machine may have changed since, or there is none.
    private func warn(of predictor: DevicePredictor, _ folder: String) {
      let (name, fitted) = (predictor.provenance.deviceName, predictor.provenance.device)
      let shelf = DeviceShelf()
      // Only what the user listed: the file of a predictor must not choose addresses to contact or programs to run.
      guard shelf.entries.contains(where: { $0.name == name }), let device = try? shelf.device(named: name) else {
        return Console.note(
          "warning: \(name.shown) cannot be compared with the device that the predictor was fitted on "
            + "(\(fitted.cpu.shown), \(fitted.runtime.shown)): none that is listed has the name and answers")
      }
      guard let mismatch = predictor.mismatch(with: device.fingerprint) else { return }
      let base = folder.hasSuffix("/") ? String(folder.dropLast()) : folder
      Console.note(
        "warning: \(name) is not the device that the predictor was fitted on: \(mismatch); to correct the predictor by ten "
          + "measurements: quoin device collect \(name) --probes 10 --out \(base)-samples && "
          + "quoin predictor fit \(base)-samples --device \(name) --base \(base) -o \(base)-corrected")
    }
  }
}
