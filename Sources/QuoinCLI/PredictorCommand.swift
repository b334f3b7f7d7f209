import ArgumentParser
import Foundation

/// `quoin predictor`: latency predictors of devices and from tables of measurements.
struct PredictorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predictor", abstract: "Latency predictors of devices, from samples or tables of measurements.",
    subcommands: [Fit.self, Predict.self, Evaluate.self, Benchmark.self])
}

/// The names of a list with commas between them.
func commaSeparated(_ list: String) -> [String] {
  list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
}
