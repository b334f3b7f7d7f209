import ArgumentParser
import Diagnostics
import Foundation
import Latency
import Quoin

extension PredictorCommand {
  /// Judges few-shot prediction on a table.
  struct Benchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Judge how well latencies on new devices are predicted from a few measurements.",
      discussion: """
        A table is a CSV file, one architecture per row, with a JSON document of the same name that says which columns are
        features and which are devices. Training devices are known in the first rows. On a test device the reference rows
        are measured, and a few rows drawn outside the test rows; the figures are about the test rows.

        EXAMPLES
          quoin predictor benchmark nb201_latency.csv.gz --train-devices 1080ti_1,silver_4114,pixel3 \\
            --test-devices raspi4,fpga --samples 20 --test-rows 900:1900 --repeats 10 --plot plot.svg
        """)

    @Argument(help: "The table, NAME.csv or NAME.csv.gz; NAME.json lies beside it.") var table: String
    @Option(help: "Devices that are known well, with commas between them.") var trainDevices = ""
    @Option(help: "New devices, with commas between them.") var testDevices: String
    @Option(help: "How many first rows of a training device are known.") var sourceSamples = 900
    @Option(help: "Rows that are measured on every test device, with commas between them.") var references = ""
    @Option(help: "Further rows that are drawn and measured on every test device.") var samples = 20
    @Option(help: "FROM:TO, the rows that are predicted; without TO itself. (default: 1000 after the known ones)")
    var testRows: String?
    @Option(help: "The fraction of the fastest, and of the slowest, test rows that is left out.") var trim = 0.0
    @Option(help: "How often samples are drawn anew.") var repeats = 1
    @Option(help: "transfer, which wins, or help: HELP's meta-learned network, which needs --references.")
    var method = TableMethod.transfer
    @Option(help: "The seed of the drawing.") var seed: UInt64 = 0
    @Option(help: "An SVG file to write, of predicted over measured latencies in the first repeat.") var plot: String?
    @Flag(help: "Print one JSON document.") var json = false

    private struct Answer: Encodable {
      let devices: [String: TableFigures]
      let mean: TableFigures
      let geomeanSpearman: Double
      let spearmanByRepeat: [Double]
      let spearmanHalfWidth95: Double?
      let method: TableMethod
      let repeats: Int
      let seed: UInt64
      let seconds: Double

      enum CodingKeys: String, CodingKey {
        case devices, mean, method, repeats, seed, seconds
        case geomeanSpearman = "geomean_spearman"
        case spearmanByRepeat = "spearman_by_repeat"
        case spearmanHalfWidth95 = "spearman_half_width_95"
      }
    }

    func validate() throws {
      guard (0..<0.5).contains(trim) else { throw ValidationError("--trim is at least 0 and below 0.5") }
      guard (1...1000).contains(repeats) else { throw ValidationError("--repeats is from 1 to 1000") }
      guard samples >= 0, sourceSamples > 0 else { throw ValidationError("numbers of rows are not negative") }
      guard testRows == nil || range != nil else { throw ValidationError("--test-rows is FROM:TO with FROM below TO") }
      try requirePath(plot, "--plot")
      guard rows != nil else { throw ValidationError("--references are whole numbers with commas between them") }
    }

    private var rows: [Int]? {
      let parts = commaSeparated(references)
      let rows = parts.compactMap { Int($0) }
      return rows.count == parts.count ? rows : nil
    }

    private var range: Range<Int>? {
      let parts = (testRows ?? "").split(separator: ":", omittingEmptySubsequences: false).map { Int($0) }
      guard parts.count == 2, let from = parts[0], let to = parts[1], 0 <= from, from < to else { return nil }
      return from..<to
    }

    func run() throws {
      if let plot { try requireFolder(of: plot, "--plot") }
      let table = try LatencyTable.load(self.table)
      let known = min(sourceSamples, table.rows)
      let split = TableSplit(
        sources: commaSeparated(trainDevices), targets: commaSeparated(testDevices), sourceSamples: sourceSamples,
        references: rows ?? [],
        samples: samples, testRows: range ?? known..<min(table.rows, known + 1000))
      let monitor = Console.monitor()
      let clock = ContinuousClock.now
      let result = try TableBenchmark(split: split, trim: trim, repeats: repeats, method: method, seed: seed).run(
        on: table
      ) {
        done, total in
        if monitor.isInterrupted() { throw Diagnostic(.interrupted, "interrupted") }
        monitor.report(ProgressUpdate(phase: done == 0 ? "learning" : "predicting", completed: done, total: total))
      }
      let answer = Answer(
        devices: Dictionary(uniqueKeysWithValues: result.devices.enumerated().map { ($1, result.mean(of: $0)) }),
        mean: result.mean, geomeanSpearman: result.geometricSpearman, spearmanByRepeat: result.spearmanByRepeat,
        spearmanHalfWidth95: result.halfWidth, method: method, repeats: repeats, seed: seed,
        seconds: (ContinuousClock.now - clock) / .seconds(1))
      if let plot {
        let title =
          URL(fileURLWithPath: self.table).lastPathComponent + ", \(split.references.count + samples) measurements"
        try writeAtomically(Data(result.plot(title: title, unit: table.unit).utf8), to: plot)
      }
      if json { return try Console.print(json: answer) }
      Console.print("device               spearman  kendall    mape  within 5 %  within 10 %  in 90 % interval")
      for (position, name) in result.devices.enumerated() { Console.print(Self.line(name, result.mean(of: position))) }
      Console.print(Self.line("mean", result.mean))
      let width = result.halfWidth.map { String(format: " ± %.4f (95 %% over the repeats)", $0) } ?? ""
      Console.print(
        String(
          format: "mean spearman %.4f%@, geometric mean over devices %.4f", result.mean.spearman, width,
          result.geometricSpearman))
    }

    private static func line(_ name: String, _ figures: TableFigures) -> String {
      name.padding(toLength: 20, withPad: " ", startingAt: 0)
        + String(
          format: " %8.4f %8.4f %6.1f %% %9.1f %% %10.1f %% %15.1f %%", figures.spearman, figures.kendall,
          100 * figures.mape,
          100 * figures.within5, 100 * figures.within10, 100 * figures.coverage)
    }
  }
}

extension TableMethod: ExpressibleByArgument {}
