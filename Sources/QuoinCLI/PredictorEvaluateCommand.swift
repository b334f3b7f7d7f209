import ArgumentParser
import Diagnostics
import Foundation
import Latency
import Quoin

extension PredictorCommand {
  /// Compares predictors with measured networks.
  struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compare predictors of devices with measured networks.",
      discussion: """
        SAMPLES is a folder that quoin device collect wrote. Networks that were measured for a predictor too say little about
        it: --exclude names the folder of its samples, and networks in both are left out. Measurements that were disturbed
        are left out.

        EXAMPLES
          quoin predictor evaluate test predictors/cpu-1t --exclude samples
          quoin predictor evaluate test predictors/cpu-1t predictors/openvino-1t --exclude samples --plot errors.svg
        """)

    @Argument(help: "A folder of samples.") var samples: String
    @Argument(help: "The predictors' folders.") var predictors: [String]
    @Option(help: "A folder of samples whose networks are left out.") var exclude: String?
    @Option(help: "An SVG file to write, of predicted over measured latencies.") var plot: String?
    @Option(help: "How many of the worst predictions are named.") var worst = 5
    @Flag(help: "Print one JSON document.") var json = false

    private struct Answer: Encodable {
      struct Device: Encodable {
        let device: String
        let all: ErrorReport?
        let families: [String: ErrorReport]
        let unknown: Int
        let worst: [PredictorEvaluation.Row]
      }
      let devices: [Device]
      let pooledCoverage: Double?

      enum CodingKeys: String, CodingKey {
        case devices
        case pooledCoverage = "pooled_coverage"
      }
    }

    func validate() throws {
      guard !predictors.isEmpty else { throw ValidationError("name at least one predictor") }
      guard worst >= 0 else { throw ValidationError("--worst is a number of networks, not \(worst)") }
      try requirePath(exclude, "--exclude")
      try requirePath(plot, "--plot")
    }

    func run() throws {
      if let plot { try requireFolder(of: plot, "--plot") }
      let store = try SampleStore.existing(folder: samples)
      let excluded = try exclude.map { Set(try SampleStore.existing(folder: $0).networkRecipes().keys) } ?? []
      let monitor = Console.monitor()
      let evaluations = try predictors.map { folder in
        let predictor = try DevicePredictor.load(folder)
        let networks = try store.measuredNetworks(on: predictor.provenance.deviceName) { done, total in
          try monitor.checkInterruption(remedy: "run the same command again")
          monitor.report(.init(phase: "reading \(predictor.provenance.deviceName)", completed: done, total: total))
        }
        return try PredictorEvaluation(predictor, networks.filter { !excluded.contains($0.key) })
      }
      if let plot {
        let title = "Networks that the predictors were not fitted on"
        try writeAtomically(Data(PredictorEvaluation.plot(evaluations, title: title).utf8), to: plot)
      }
      if json { return try Console.print(json: answer(evaluations)) }
      for evaluation in evaluations { report(evaluation) }
    }

    private func answer(_ evaluations: [PredictorEvaluation]) -> Answer {
      let pooled = evaluations.reduce((rows: 0, covered: 0.0)) { sum, evaluation in
        let rows = evaluation.rows.count
        return (sum.rows + rows, sum.covered + Double(rows) * (evaluation.errors()?.intervalCoverage ?? 0))
      }
      return Answer(
        devices: evaluations.map { evaluation in
          let families = Dictionary(grouping: evaluation.rows, by: \.family).filter { $0.value.count > 1 }.keys
          var reports = Dictionary(
            uniqueKeysWithValues: families.map { family in (family, evaluation.errors { $0.family == family }) })
          reports["single networks"] = evaluation.errors { !families.contains($0.family) }
          return .init(
            device: evaluation.device, all: evaluation.errors(), families: reports.compactMapValues { $0 },
            unknown: evaluation.unknown, worst: Array(evaluation.rows.prefix(worst)))
        }, pooledCoverage: pooled.rows > 0 ? pooled.covered / Double(pooled.rows) : nil)
    }

    private func report(_ evaluation: PredictorEvaluation) {
      guard let errors = evaluation.errors() else {
        return Console.print(
          "\(evaluation.device): no network to compare with"
            + (evaluation.unknown > 0 ? ", \(evaluation.unknown) hold unknown kinds of operators" : ""))
      }
      Console.print(
        String(
          format:
            "%@: %d networks, mean error %.1f %%, within 5 %% %.1f %%, within 10 %% %.1f %%, in the interval %.1f %%",
          evaluation.device, errors.samples, 100 * errors.meanRelativeError, 100 * errors.within5,
          100 * errors.within10,
          100 * (errors.intervalCoverage ?? 0))
          + (evaluation.unknown > 0 ? ", \(evaluation.unknown) hold unknown kinds of operators" : ""))
      for row in evaluation.rows.prefix(worst) {
        Console.print(
          String(
            format: "  %@ %@: predicted %.4f ms (%.4f to %.4f), measured %.4f ms", row.family,
            String(row.key.suffix(8)),
            row.predicted, row.lower, row.upper, row.measured))
      }
    }
  }
}
