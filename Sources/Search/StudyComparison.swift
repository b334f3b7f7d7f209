import Foundation

/// Two studies side by side: their best trial within each budget, and the areas under their Pareto fronts.
public struct StudyComparison: Hashable, Sendable, Codable {
  /// The best of both studies within one budget.
  public struct Row: Hashable, Sendable, Codable {
    /// The largest cost allowed.
    public let budget: Double
    /// The first study's best trial within the budget.
    public let first: Trial?
    /// The second study's best trial within the budget.
    public let second: Trial?
  }

  /// A setting in which the studies differ.
  public struct Difference: Hashable, Sendable, Codable {
    /// The path of the setting in the configuration, such as `search.population`.
    public let setting: String
    /// The first study's value as JSON; `nil` where it has none.
    public let first: String?
    /// The second study's value as JSON; `nil` where it has none.
    public let second: String?
  }

  /// The first study.
  public let first: StudySummary
  /// The second study.
  public let second: StudySummary
  /// The settings that differ, by path.
  public let differences: [Difference]
  /// One row per budget, by rising budget.
  public let rows: [Row]
  /// The area that the first study's trials dominate, below the cost `hypervolumeReference` and above quality 0.
  public let firstHypervolume: Double
  /// The same area of the second study.
  public let secondHypervolume: Double
  /// The largest cost of both studies' complete trials, which bounds the areas.
  public let hypervolumeReference: Double

  /// Compares two studies.
  ///
  /// - Parameters:
  ///   - quality: what is compared; an objective in which 0 is the worst, such as an accuracy.
  ///   - cost: what budgets limit, such as a latency: a value that the trials of both studies record.
  ///   - budgets: the largest costs allowed.
  public init(
    _ first: (study: Study, trials: [Trial]), _ second: (study: Study, trials: [Trial]),
    quality: Objective = .expectedAccuracy, cost: Objective, budgets: [Double] = []
  ) {
    self.first = StudySummary(first.study, trials: first.trials, objective: quality)
    self.second = StudySummary(second.study, trials: second.trials, objective: quality)
    differences = Self.differences(first.study.configuration, second.study.configuration)
    rows = budgets.sorted().map { budget in
      func best(_ trials: [Trial]) -> Trial? {
        bestTrial(of: trials.filter { ($0.values[cost.name] ?? .infinity) <= budget }, by: quality)
      }
      return Row(budget: budget, first: best(first.trials), second: best(second.trials))
    }
    let points = [first.trials, second.trials].map { Self.points($0, quality, cost) }
    let reference = points.joined().map(\.1).max() ?? 0
    hypervolumeReference = reference
    func area(_ points: [(Double, Double)]) -> Double {
      hypervolume(of: points, reference: (0, reference), directions: (quality.direction, cost.direction))
    }
    firstHypervolume = area(points[0])
    secondHypervolume = area(points[1])
  }

  private static func points(_ trials: [Trial], _ quality: Objective, _ cost: Objective) -> [(Double, Double)] {
    trials.compactMap { trial in
      guard trial.state == .complete, let x = trial.values[quality.name], let y = trial.values[cost.name]
      else {
        return nil
      }
      return (x, y)
    }
  }
}

extension StudyComparison {
  private static func differences(_ first: String, _ second: String) -> [Difference] {
    let (first, second) = (settings(first), settings(second))
    return Set(first.keys).union(second.keys).sorted().compactMap { path in
      first[path] == second[path] ? nil : Difference(setting: path, first: first[path], second: second[path])
    }
  }

  /// The leaves of a JSON object by path; a list is a leaf.
  private static func settings(_ json: String) -> [String: String] {
    guard let object = try? JSONSerialization.jsonObject(with: Data(json.utf8)) else { return [:] }
    var leaves: [String: String] = [:]
    func visit(_ value: Any, _ path: String) {
      if let object = value as? [String: Any] {
        for (key, value) in object { visit(value, path.isEmpty ? key : "\(path).\(key)") }
        return
      }
      let options: JSONSerialization.WritingOptions = [
        .fragmentsAllowed, .sortedKeys, .withoutEscapingSlashes,
      ]
      let data = try? JSONSerialization.data(withJSONObject: value, options: options)
      leaves[path] = data.map { String(decoding: $0, as: UTF8.self) }
    }
    visit(object, "")
    return leaves
  }
}
