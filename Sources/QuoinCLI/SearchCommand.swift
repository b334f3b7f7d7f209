import ArgumentParser
import Diagnostics
import Foundation
import Quoin

/// `quoin search`: the whole road.
struct SearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Search the best network within a latency budget, and deliver it.",
    discussion: """
      Profiles the device, trains the supernet where its file is missing, searches every budget, and writes for each a
      folder with winner.onnx, winner.safetensors, winner.json and result.json, beside report.html and study.sqlite.
      Ctrl-C loses at most the step under way, a crash at most a minute of training; --resume goes on.

      EXAMPLES
        quoin search experiment.yaml
        quoin search experiment.yaml --latency-ms 1.5 --latency-ms 3 --device cpu-2t --out runs/two-threads
        quoin search experiment.yaml --resume
        quoin search experiment.yaml --out runs/again --replay runs/first/study.sqlite
      """)

  @OptionGroup var options: ExperimentOptions
  @Option(name: .customLong("latency-ms"), help: "A budget in milliseconds, in place of the experiment's; repeatable.")
  var budgets: [Double] = []
  @Option(help: "The device, in place of the experiment's: cpu-1t, cpu-2t, …, formula.") var device: String?
  @Option(help: "A study whose measured latencies are used in place of measuring.") var replay: String?
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    for budget in budgets where !(budget > 0 && budget < 1e9) {
      throw ValidationError("--latency-ms is a positive number of milliseconds, not \(budget)")
    }
  }

  private struct Answer: Encodable {
    let out: String
    let report: String
    let budgets: [SearchResult]
  }

  func run() throws {
    var experiment = try options.loaded()
    if let device { experiment.device = device }
    let folder = options.folder(experiment)
    var chosen = SearchWorkflow.Options()
    (chosen.budgets, chosen.resumes, chosen.replayedStudy) = (budgets, options.resume, replay)
    chosen.supernetPath = options.supernet
    let workflow = SearchWorkflow(experiment, folder: folder, options: chosen, monitor: Console.monitor())
    switch try workflow.run() {
    case .infeasible(let budget): try refuse(budget)
    case .delivered(let results):
      guard json else { return results.forEach { show($0, folder) } }
      try Console.print(json: Answer(out: folder, report: folder + "/report.html", budgets: results))
    }
  }

  private func refuse(_ budget: InfeasibleBudget) throws {
    if json { try Console.print(json: budget) }
    let attainable = budget.attainable["latency_ms"].map { "\($0) ms" } ?? "unknown"
    throw Diagnostic(
      .infeasible, "no network of the space keeps the budget on \(budget.device)",
      value: "\(budget.budgetMilliseconds) ms", rule: "the tightest budget that can be kept is \(attainable)",
      remedy: "raise --latency-ms (with --resume: what was measured is kept), or offer smaller choices in the space")
  }

  private func show(_ result: SearchResult, _ folder: String) {
    func number(_ value: Double) -> String { String(format: "%.3g", value) }
    Console.print("budget \(number(result.budgetMilliseconds)) ms on \(result.device)")
    Console.print(
      "  winner            \(number(result.measuredMilliseconds)) ms measured (\(number(result.predictedMilliseconds)) predicted), "
        + "test accuracy \(percent(result.accuracy)), found by \(result.method)")
    for baseline in result.baselines {
      Console.print(
        "  \(baseline.name.padding(toLength: 16, withPad: " ", startingAt: 0))  \(number(baseline.measuredMilliseconds)) ms measured, "
          + "test accuracy \(percent(baseline.accuracy))")
    }
    Console.print(
      "  files             \(folder)/\(String(format: "%g", result.budgetMilliseconds))ms/winner.onnx, .safetensors, .json"
    )
    Console.print("  report            \(folder)/report.html")
  }
}

/// A fraction as a percentage.
func percent(_ fraction: Double) -> String { String(format: "%.2f %%", 100 * fraction) }
