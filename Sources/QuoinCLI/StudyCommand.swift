import ArgumentParser
import Diagnostics
import Foundation
import Search
import Store

/// `quoin study`: what a search has recorded.
struct StudyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "study", abstract: "Look into a study.sqlite.", subcommands: [List.self, Show.self, Compare.self])

  /// Opens a file that must be there, without changing it.
  fileprivate static func open(_ path: String) throws -> SQLiteStorage {
    guard FileManager.default.fileExists(atPath: path) else {
      throw Diagnostic(
        .unusableFile, "there is no such file", at: .init(file: path),
        rule: "a search writes study.sqlite into its folder")
    }
    return try SQLiteStorage(path: path, access: .readOnly)
  }

  /// One JSON document on standard output, its dates in ISO 8601.
  fileprivate static func print(json value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.dateEncodingStrategy = .custom { date, encoder in
      var container = encoder.singleValueContainer()
      try container.encode(StudyCommand.text(date))
    }
    let data: Data
    do {
      data = try encoder.encode(value)
    } catch {
      throw Diagnostic(.failure, "the study holds a number that JSON cannot hold: \(error)")
    }
    Console.print(String(decoding: data, as: UTF8.self))
  }

  /// A date such as `2026-03-01T12:30:00.250Z`; its milliseconds are the whole ones that a storage keeps.
  private static func text(_ date: Date) -> String {
    let (seconds, milliseconds) = date.millisecondsSince1970.quotientAndRemainder(dividingBy: 1000)
    let whole = Date(timeIntervalSince1970: Double(seconds)).ISO8601Format()
    return "\(whole.dropLast())." + String(format: "%03d", Int(milliseconds)) + "Z"
  }

  fileprivate static func line(_ trial: Trial) -> String {
    let values = trial.values.sorted { $0.key < $1.key }.map { "\($0.key) \(String(format: "%.4g", $0.value))" }
    let columns = ["#\(trial.number)", trial.state.rawValue, trial.sampler, String(trial.hash.prefix(12))] + values
    return columns.joined(separator: "  ")
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "List the studies of a file.", discussion: "EXAMPLE\n  quoin study list runs/demo/study.sqlite")

    @Argument(help: "The file.") var file: String
    @Flag(help: "Print one JSON document.") var json = false

    func run() throws {
      let summaries = try StudyCommand.open(file).summaries()
      if json { return try StudyCommand.print(json: summaries) }
      for summary in summaries {
        let best = summary.best?.values[Objective.expectedAccuracy.name].map(percent) ?? "none"
        let state = summary.study.finished == nil ? "unfinished" : "finished"
        Console.print(
          "\(summary.study.name): \(summary.trials) trials, best \(best), \(state), \(summary.study.device)")
      }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show a study's trials.",
      discussion: "EXAMPLE\n  quoin study show runs/demo/study.sqlite \"demo 0.07 ms\" --trials 10")

    @Argument(help: "The file.") var file: String
    @Argument(help: "The study; may be left out where there is one.") var study: String?
    @Option(help: "How many trials are shown, best first.") var trials = 20
    @Flag(help: "Print one JSON document with all trials.") var json = false

    private struct Answer: Encodable {
      let summary: StudySummary
      let trials: [Trial]
    }

    func validate() throws {
      guard trials >= 0 else { throw ValidationError("--trials is 0 or more, not \(trials)") }
    }

    func run() throws {
      let storage = try StudyCommand.open(file)
      let found = try storage.chosen(study)
      let all = try storage.trials(of: found.name)
      let summary = StudySummary(found, trials: all)
      if json { return try StudyCommand.print(json: Answer(summary: summary, trials: all)) }
      Console.print("\(found.name): space \(found.space), device \(found.device), seed \(found.seed)")
      let samplers = summary.samplers.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
      Console.print("trials by sampler: \(samplers.joined(separator: ", "))")
      let name = Objective.expectedAccuracy.name
      for trial in all.sorted(by: { ($0.values[name] ?? -1) > ($1.values[name] ?? -1) }).prefix(trials) {
        Console.print(StudyCommand.line(trial))
      }
      if let best = summary.best { Console.print("best: \(best.architecture)") }
    }
  }

  struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Put two studies side by side.",
      discussion: """
        EXAMPLE
          quoin study compare runs/demo/study.sqlite "demo 0.07 ms" "demo 0.07 ms, random search"
        """)

    @Argument(help: "The file.") var file: String
    @Argument(help: "The first study.") var first: String
    @Argument(help: "The second study.") var second: String
    @Option(help: "The file of the second study, where it is another.") var other: String?
    @Flag(help: "Print one JSON document.") var json = false

    /// What searches compare with budgets, in milliseconds.
    private static let cost = Objective("predicted_ms", .minimize)

    /// A comparison whose budgets are milliseconds.
    private struct Answer: Encodable {
      struct Row: Encodable {
        enum CodingKeys: String, CodingKey {
          case first, second
          case budget = "budget_ms"
        }

        let budget: Double
        let first: Trial?
        let second: Trial?
      }

      enum CodingKeys: String, CodingKey {
        case first, second, differences, rows
        case firstHypervolume = "first_hypervolume"
        case secondHypervolume = "second_hypervolume"
        case hypervolumeReference = "hypervolume_reference_ms"
      }

      let first: StudySummary
      let second: StudySummary
      let differences: [StudyComparison.Difference]
      let rows: [Row]
      let firstHypervolume: Double
      let secondHypervolume: Double
      let hypervolumeReference: Double

      init(_ comparison: StudyComparison) {
        (first, second) = (comparison.first, comparison.second)
        differences = comparison.differences
        rows = comparison.rows.map { Row(budget: $0.budget, first: $0.first, second: $0.second) }
        (firstHypervolume, secondHypervolume) = (comparison.firstHypervolume, comparison.secondHypervolume)
        hypervolumeReference = comparison.hypervolumeReference
      }
    }

    func run() throws {
      let storage = try StudyCommand.open(file)
      let others = try other.map(StudyCommand.open) ?? storage
      let pair = (try storage.study(named: first), try others.study(named: second))
      let trials = (try storage.trials(of: first), try others.trials(of: second))
      let latencies = (trials.0 + trials.1).compactMap { $0.values[Self.cost.name] }
      let comparison = StudyComparison(
        (pair.0, trials.0), (pair.1, trials.1), cost: Self.cost,
        budgets: budgets(upTo: latencies.max() ?? 0))
      if json { return try StudyCommand.print(json: Answer(comparison)) }
      for difference in comparison.differences {
        Console.print("\(difference.setting): \(difference.first ?? "-") against \(difference.second ?? "-")")
      }
      Console.print("best expected accuracy within a predicted latency:")
      for row in comparison.rows {
        func best(_ trial: Trial?) -> String { trial?.values[Objective.expectedAccuracy.name].map(percent) ?? "none" }
        Console.print(String(format: "  %.3g ms: ", row.budget) + "\(best(row.first)) against \(best(row.second))")
      }
    }

    private func budgets(upTo largest: Double) -> [Double] {
      largest > 0 ? [0.25, 0.5, 0.75, 1].map { $0 * largest } : []
    }
  }
}

extension StudyStorage {
  /// The named study, or the only one.
  fileprivate func chosen(_ name: String?) throws -> Study {
    if let name { return try study(named: name) }
    let all = try studies()
    guard all.count == 1 else {
      throw Diagnostic(
        .usage, "the study is not clear", rule: "the file holds \(all.map { "'\($0.name)'" }.joined(separator: ", "))",
        remedy: "name one of them")
    }
    return all[0]
  }
}
