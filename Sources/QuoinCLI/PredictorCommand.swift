import ArgumentParser
import Foundation

/// `quoin predictor`: latency predictors from tables of measurements.
struct PredictorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predictor", abstract: "Latency predictors from tables of measurements.",
    subcommands: [Fit.self, Predict.self, Benchmark.self])
}

/// The names of a list with commas between them.
func commaSeparated(_ list: String) -> [String] {
  list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
}
