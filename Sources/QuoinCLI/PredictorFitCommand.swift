import ArgumentParser
import Diagnostics
import Foundation
import Latency
import Quoin

extension PredictorCommand {
  /// Fits a predictor of one device on measured networks or on its latencies in a table.
  struct Fit: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Fit a predictor of a device on measured networks, or on its latencies in a table.",
      discussion: """
        On a folder of samples, as quoin device collect writes, the predictor knows any network. Twenty samples are the
        least; ten are enough with predictors of other devices to start from (--base).

        Of a table only the architectures' features are known. The device's cells that are not empty are its measurements. Ten to fifty of them are enough where other devices of
        the table are known well (--train-devices), or where an earlier predictor of another device is at hand (--base).
        Folder DIR gets predictor.json with the costs, the interval, where they come from and the error in
        cross-validation.

        EXAMPLES
          quoin predictor fit samples --device cpu-1t -o predictors/cpu-1t
          quoin predictor fit new-samples --device laptop --base predictors/cpu-1t,predictors/cpu-2t -o predictors/laptop
          quoin predictor fit nb201_latency.csv.gz --device pixel3 -o predictors/pixel3
          quoin predictor fit phones.csv --device new --train-devices pixel3,samsung_a50,samsung_s7 -o predictors/new
          quoin predictor fit new.csv --device new --base predictors/pixel3 -o predictors/new
        """)

    @Argument(help: "A folder of samples, or a table: NAME.csv or NAME.csv.gz; NAME.json lies beside it.") var table:
      String
    @Option(help: "The device's name in the samples, or a column of the table.") var device: String
    @Option(help: "Other columns that are known well, with commas between them.") var trainDevices = ""
    @Option(help: "The folder of a predictor of another device; several for samples, with commas between them.")
    var base: String?
    @Option(help: "Of a folder of samples only as many networks, those that teach most.") var networks: Int?
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
      guard networks.map({ $0 > 0 }) ?? true else { throw ValidationError("--networks is a number of networks") }
    }

    func run() throws {
      var isFolder: ObjCBool = false
      if FileManager.default.fileExists(atPath: table, isDirectory: &isFolder), isFolder.boolValue {
        try fitSamples()
      } else {
        try fitTable()
      }
    }

    private func fitTable() throws {
      guard networks == nil else {
        throw Diagnostic(
          .usage, "--networks chooses among samples", rule: "all measured cells of a table are used",
          remedy: "leave it out, or empty the cells of others")
      }
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
      print(error)
    }

    private struct SamplesAnswer: Encodable {
      let output: String
      let provenance: PredictorProvenance
      let samples: Int
      let crossValidation: ErrorReport
      let fileBytes: Int
      let seconds: Double

      enum CodingKeys: String, CodingKey {
        case output, provenance, samples, seconds
        case crossValidation = "cross_validation"
        case fileBytes = "file_bytes"
      }
    }

    private func fitSamples() throws {
      guard trainDevices.isEmpty else {
        throw Diagnostic(
          .usage, "--train-devices are columns of a table", rule: "samples are of one device",
          remedy: "name predictors of other devices with --base")
      }
      let store = try SampleStore.existing(folder: table)
      let (monitor, watch) = (Console.monitor(), Stopwatch())
      func progress(_ phase: String) -> (_ done: Int, _ total: Int) throws -> Void {
        { done, total in
          try monitor.checkInterruption(remedy: "run the same command again")
          monitor.report(ProgressUpdate(phase: phase, completed: done, total: total))
        }
      }
      let networks = taught(try store.measuredNetworks(on: device, progress: progress("reading samples")))
      guard let fingerprint = try store.devices()[device] else { preconditionFailure("samples have a fingerprint") }
      var provenance = PredictorProvenance(deviceName: device, device: fingerprint)
      let recipes = try store.networkRecipes()
      provenance.networks = Dictionary(
        networks.compactMap { recipes[$0.key] }.map { ($0.source, 1) }, uniquingKeysWith: +)
      provenance.seed = seed
      let predictor = try DevicePredictor.fit(
        networks, bases: commaSeparated(base ?? "").map(DevicePredictor.load), provenance: provenance, seed: seed,
        progress: progress("fitting \(device)"))
      try predictor.save(to: output)
      let path = output + "/" + DevicePredictor.fileName
      if json {
        return try Console.print(
          json: SamplesAnswer(
            output: path, provenance: predictor.provenance, samples: predictor.sampleCount,
            crossValidation: predictor.error, fileBytes: try readFile(path).count, seconds: watch.seconds))
      }
      Console.print("wrote \(path): \(device) from \(predictor.sampleCount) networks")
      print(predictor.error)
      Console.print(
        predictor.interval.hourFactor.map {
          String(format: "intervals are %.2f times as wide as within one hour, as hours differ", $0)
        }
          ?? "samples do not tell how hours differ, so that intervals may be too narrow in another one: collect some more "
          + "networks into the same folder later, and fit again")
    }

    /// The networks to fit on: all, or those that teach most.
    private func taught(_ measured: [MeasuredNetwork]) -> [MeasuredNetwork] {
      guard let networks else { return measured }
      return MeasuringOrder.byCoverage(measured.map(\.features)).prefix(networks).map { measured[$0] }
    }

    private func print(_ error: ErrorReport) {
      Console.print(
        String(
          format: "in cross-validation: mean error %.1f %%, within 5 %% %.1f %%, within 10 %% %.1f %%, "
            + "in the 90 %% interval %.1f %%, spearman %@",
          100 * error.meanRelativeError, 100 * error.within5, 100 * error.within10, 100 * (error.intervalCoverage ?? 0),
          error.spearman.map { String(format: "%.4f", $0) } ?? "undefined"))
    }
  }
}
