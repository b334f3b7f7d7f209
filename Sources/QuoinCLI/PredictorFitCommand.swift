import ArgumentParser
import Diagnostics
import Foundation
import Latency
import Quoin

extension PredictorCommand {
  /// Fits a predictor of one device on its latencies in a table.
  struct Fit: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Fit a predictor of a device on its latencies in a table.",
      discussion: """
        The device's cells that are not empty are its measurements. Ten to fifty of them are enough where other devices of
        the table are known well (--train-devices), or where an earlier predictor of another device is at hand (--base).
        Folder DIR gets predictor.json with the costs, the interval, where they come from and the error in
        cross-validation.

        EXAMPLES
          quoin predictor fit nb201_latency.csv.gz --device pixel3 -o predictors/pixel3
          quoin predictor fit phones.csv --device new --train-devices pixel3,samsung_a50,samsung_s7 -o predictors/new
          quoin predictor fit new.csv --device new --base predictors/pixel3 -o predictors/new
        """)

    @Argument(help: "The table, NAME.csv or NAME.csv.gz; NAME.json lies beside it.") var table: String
    @Option(help: "The device, a column of the table.") var device: String
    @Option(help: "Other columns that are known well, with commas between them.") var trainDevices = ""
    @Option(help: "The folder of a predictor of another device with the same features.") var base: String?
    @Option(name: .shortAndLong, help: "The folder to write; it is created where it is missing.") var output: String
    @Option(help: "The seed of guesses and of the folds of cross-validation.") var seed: UInt64 = 1
    @Flag(help: "Print one JSON document.") var json = false

    private struct Answer: Encodable {
      let output: String
      let provenance: FittedTablePredictor.Provenance
      let crossValidation: ErrorReport
      let fileBytes: Int
      let seconds: Double

      enum CodingKeys: String, CodingKey {
        case output, provenance, seconds
        case crossValidation = "cross_validation"
        case fileBytes = "file_bytes"
      }
    }

    func validate() throws {
      try requirePath(output, "--output")
      try requirePath(base, "--base")
    }

    func run() throws {
      let file = try TableFile.read(table)
      let table = try LatencyTable.load(file)
      let monitor = Console.monitor()
      let watch = Stopwatch()
      let predictor = try FittedTablePredictor.fit(
        table, device: device, sources: commaSeparated(trainDevices), base: base.map(FittedTablePredictor.load),
        origin: (file.name, file.sha256), seed: seed, versions: ["quoin": QuoinCommand.configuration.version]
      ) { done, total in
        if monitor.isInterrupted() { throw Diagnostic(.interrupted, "interrupted") }
        monitor.report(ProgressUpdate(phase: "fitting \(device)", completed: done, total: total))
      }
      try predictor.save(to: output)
      let path = output + "/" + FittedTablePredictor.fileName
      let error = predictor.error
      let answer = Answer(
        output: path, provenance: predictor.provenance, crossValidation: error, fileBytes: try readFile(path).count,
        seconds: watch.seconds)
      if json { return try Console.print(json: answer) }
      Console.print(
        "wrote \(path): \(device) from \(error.samples) measurements, by \(predictor.provenance.method.rawValue)")
      Console.print(
        String(
          format: "in cross-validation: mean error %.1f %%, within 5 %% %.1f %%, within 10 %% %.1f %%, "
            + "in the 90 %% interval %.1f %%, spearman %@",
          100 * error.meanRelativeError, 100 * error.within5, 100 * error.within10, 100 * (error.intervalCoverage ?? 0),
          error.spearman.map { String(format: "%.4f", $0) } ?? "undefined"))
    }
  }
}
