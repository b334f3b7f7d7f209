/// Which alternative each group takes so that a sum of scores is best and sums of costs stay within budgets.
///
/// This is the multiple-choice knapsack problem with several constraints, extended by interactions: costs and scores
/// of a pair of choices. Puzzle (Bercovich et al., 2024) and HAWQ-V3 (Yao et al., 2021) select blocks and precisions
/// of a network this way.
///
///     let problem = try SelectionProblem(json: data)
///     let result = try SelectionSolver.solve(problem)
///     result.choices["layer0"]
///
/// The JSON form is the one of `quoin select`; ``validate()`` states the rules.
public struct SelectionProblem: Hashable, Sendable, Codable {
  /// Whether the sum of scores shall be small or large.
  public enum Sense: String, Hashable, Sendable, Codable, CaseIterable {
    case minimize
    case maximize
  }

  /// One alternative of a group.
  public struct Choice: Hashable, Sendable, Codable {
    /// Unique within the group.
    public var name: String
    /// What it adds to the objective.
    public var score: Double
    /// What it adds to each cost, by the cost's name. Savings are negative.
    public var costs: [String: Double]
    /// Whether the group has to take this choice.
    public var forced: Bool
    /// Whether the group must not take this choice.
    public var forbidden: Bool
    /// The standard deviation of each cost's error, in the cost's unit; errors of different choices are independent.
    public var deviations: [String: Double] = [:]
    /// What each item of the batch adds to costs: a key-value cache, activations.
    public var batchCosts: [String: Double] = [:]
    /// What it counts as where the number of kinds is limited.
    public var kind: String?
    /// Further groups that this choice fills: they take nothing of their own.
    public var covers: [String] = []
    /// What it takes from the choice before; see ``Interaction/matching``.
    public var input: String?
    /// What it gives to the choice after.
    public var output: String?

    /// Creates a choice.
    public init(
      name: String, score: Double, costs: [String: Double] = [:], forced: Bool = false,
      forbidden: Bool = false
    ) {
      self.name = name
      self.score = score
      self.costs = costs
      self.forced = forced
      self.forbidden = forbidden
    }
  }

  /// A place that takes exactly one of its choices.
  public struct Group: Hashable, Sendable, Codable {
    /// Unique within the problem.
    public var name: String
    /// The alternatives, at least one.
    public var choices: [Choice]

    /// Creates a group.
    public init(name: String, choices: [Choice]) {
      self.name = name
      self.choices = choices
    }
  }

  /// What it means that two choices are taken together.
  public struct Pair: Hashable, Sendable, Codable {
    /// The two choices' names, in the order of the interaction's groups.
    public var choices: [String]
    /// What the pair adds to the objective.
    public var score: Double
    /// What the pair adds to costs; costs that are not named are 0.
    public var costs: [String: Double]
    /// Whether the two must not be taken together, such as a block that needs a depth or a width which the other
    /// choice does not give.
    public var forbidden: Bool

    /// Creates a pair.
    public init(choices: [String], score: Double = 0, costs: [String: Double] = [:], forbidden: Bool = false) {
      self.choices = choices
      self.score = score
      self.costs = costs
      self.forbidden = forbidden
    }
  }

  /// Two groups whose choices influence each other. Pairs that are not listed cost nothing.
  public struct Interaction: Hashable, Sendable, Codable {
    /// The two groups' names.
    public var groups: [String]
    /// The pairs that cost something or are forbidden.
    public var pairs: [Pair]
    /// Whether the first group's choice has to give what the second one's takes: `output` equals `input`.
    public var matching: Bool

    /// Creates an interaction.
    public init(groups: [String], pairs: [Pair] = [], matching: Bool = false) {
      self.groups = groups
      self.pairs = pairs
      self.matching = matching
    }
  }

  /// The limits of one cost: at least one of the two.
  public struct Budget: Hashable, Sendable, Codable {
    /// The largest legal sum.
    public var max: Double?
    /// The smallest legal sum.
    public var min: Double?
    /// The same per item of the batch: a throughput of at least T items a second is a time of at most 1/T a second per item.
    public var maxPerItem: Double?
    /// The probability, above 0.5, with which the sum has to keep the limits, given the choices' deviations.
    public var probability: Double?
    /// The standard deviation of a factor that all of the cost has in common: a device that is slower than predicted.
    public var commonDeviation: Double?

    /// Creates a budget.
    public init(max: Double? = nil, min: Double? = nil) {
      self.max = max
      self.min = min
    }
  }

  /// How much a selection may have in common with earlier ones.
  public struct Diversity: Hashable, Sendable, Codable {
    /// Earlier selections: the name of the choice by the group's.
    public var earlier: [[String: String]]
    /// The largest fraction of the groups that may take the same as in any one of them.
    public var maxOverlap: Double

    /// Creates a limit of what is in common.
    public init(earlier: [[String: String]], maxOverlap: Double) {
      self.earlier = earlier
      self.maxOverlap = maxOverlap
    }
  }

  /// Whether the sum of scores shall be small or large.
  public var sense: Sense
  /// The places to fill.
  public var groups: [Group]
  /// What is spent whatever is chosen.
  public var fixedCosts: [String: Double]
  /// The limits by the cost's name. Every choice states each cost that has a budget.
  public var budgets: [String: Budget]
  /// Pairs of choices that influence each other.
  public var interactions: [Interaction]
  /// How many different kinds the choices taken may have; choices without a kind do not count.
  public var maxKinds: Int?
  /// What the selection may have in common with earlier ones (Puzzle's diversity constraint).
  public var diversity: Diversity?
  /// The batch sizes that are tried; empty where the costs are as they stand.
  public var batches: [Int] = []

  /// Creates a problem; it is checked when it is solved.
  public init(
    sense: Sense, groups: [Group], fixedCosts: [String: Double] = [:], budgets: [String: Budget] = [:],
    interactions: [Interaction] = []
  ) {
    self.sense = sense
    self.groups = groups
    self.fixedCosts = fixedCosts
    self.budgets = budgets
    self.interactions = interactions
  }
}
