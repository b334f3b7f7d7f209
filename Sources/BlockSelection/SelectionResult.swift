import Foundation

/// Settings of a selection.
public struct SelectionOptions: Sendable {
  /// Seconds after which the search stops; `nil` for no limit.
  public var timeLimit: Double?
  /// The search stops where the objective is within this fraction of the bound; 0 asks for a proof.
  public var gap: Double
  /// The seed of the random baseline.
  public var seed: UInt64
  /// Whether the baselines are part of the result. The greedy one is the search's start in any case.
  public var reportsBaselines: Bool
  /// Asked now and then; the search stops where it answers `true`.
  public var isInterrupted: (@Sendable () -> Bool)?
  /// Given what GLPK says, line by line, where it is the solver.
  public var log: (@Sendable (String) -> Void)?
  /// The most groups of which the dynamic program tells apart what they take, all at a time. GLPK proves what needs
  /// more, and with 0 whatever groups that interact need.
  package var widestChain = 8

  /// Told of each selection of a sweep or a pool: how many are done, and how many are wanted.
  public var progress: (@Sendable (Int, Int) -> Void)?

  /// Creates settings; by default the search goes on until it has proved its answer.
  public init(
    timeLimit: Double? = nil, gap: Double = 0, seed: UInt64 = 0, reportsBaselines: Bool = true,
    isInterrupted: (@Sendable () -> Bool)? = nil, log: (@Sendable (String) -> Void)? = nil
  ) {
    self.timeLimit = timeLimit
    self.gap = gap
    self.seed = seed
    self.reportsBaselines = reportsBaselines
    self.isInterrupted = isInterrupted
    self.log = log
  }
}

/// The answer to a ``SelectionProblem``.
public struct SelectionResult: Hashable, Sendable, Codable {
  /// What the answer is worth.
  public enum Status: String, Hashable, Sendable, Codable {
    /// A selection is given and none is better: proved to about 1e-12 of the scores' spread by ``Solver/search`` and
    /// ``Solver/chain``, to about 1e-9 by ``Solver/glpk``.
    case optimal
    /// A selection is given; a better one may exist.
    case feasible
    /// It is proved that no selection keeps the budgets.
    case infeasible
    /// No selection was found before the search was stopped.
    case timeLimit = "time_limit"
  }

  /// Why the search stopped.
  public enum Stop: String, Hashable, Sendable, Codable {
    case proved
    case gap
    case timeLimit = "time_limit"
    case interrupted
  }

  /// What looked for the answer, and proved it where it is proved.
  public enum Solver: String, Hashable, Sendable, Codable {
    /// Branch and bound over the linear relaxation of groups and budgets, of Quoin's own.
    case search
    /// A dynamic program along an order of the groups: where few groups at a time interact with later ones.
    case chain
    /// GLPK: where groups interact otherwise.
    case glpk
  }

  /// How many choices there were, and how many were left to the program.
  public struct Presolve: Hashable, Sendable, Codable {
    enum CodingKeys: String, CodingKey {
      case choicesBefore = "choices_before"
      case choicesAfter = "choices_after"
    }

    /// All choices of all groups.
    public var choicesBefore: Int
    /// Those that may be taken and that no other dominates.
    public var choicesAfter: Int
  }

  /// What simple methods reach: objective values, `nil` where they found nothing feasible.
  public struct Baselines: Hashable, Sendable, Codable {
    /// From the best score of every group, the swap that mends most per score lost, until the budgets hold; then
    /// swaps that improve the score while they hold.
    public var greedy: Double?
    /// The best single choice name, or place in the list, taken in every group.
    public var uniform: Double?
    /// The best of 1000 random selections.
    public var random: Double?
  }

  /// What the answer is worth.
  public var status: Status
  /// Why the search stopped.
  public var stopped: Stop
  /// What looked for the answer.
  public var solver: Solver
  /// The sum of scores: groups in order, then interactions in order.
  public var objective: Double?
  /// No selection is better than this.
  public var bound: Double?
  /// `|objective - bound|` relative to `|objective|`; 0 where both are equal.
  public var gap: Double?
  /// The sum of every cost that all choices state: fixed cost, groups in order, interactions in order.
  public var costs: [String: Double]
  /// The name of the choice that each group takes; empty where there is no selection.
  public var choices: [String: String]
  /// How long it took to solve, without reading the problem and without what the answer is compared with.
  public var solveSeconds: Double
  /// What was left of the choices.
  public var presolve: Presolve
  /// What simple methods reach, where wanted.
  public var baselines: Baselines?
  /// Where infeasible: for each budget the tightest value that the cost could take if it were the only budget, kinds and diversity kept
  /// (its smallest sum; its largest where only a minimum is asked, or where the largest misses the minimum). `nil`
  /// where even without budgets there is no selection, or where the time was over.
  public var attainable: [String: Double?]?
  /// Where infeasible: what would have to give way.
  public var relaxation: Relaxation?
  /// The batch size that is best, where sizes are listed.
  public var batch: Int?
  /// What every batch size gives, where sizes are listed.
  public var batches: [Batch]?

  /// What one batch size gives.
  public struct Batch: Hashable, Sendable, Codable {
    /// The size.
    public var batch: Int
    /// What the answer at that size is worth.
    public var status: Status
    /// The sum of scores of the best selection found.
    public var objective: Double?
  }

  /// How budgets would have to change so that a selection keeps them.
  public struct Relaxation: Hashable, Sendable, Codable {
    /// For each budget the limit that would be enough while all others stay; budgets that alone are not enough are absent.
    public var single: [String: Double]
    /// The fraction of their magnitudes by which all limits together would have to give way, to about 1e-6; `nil` where no
    /// such fraction is enough.
    public var together: Double?
    /// The same in words.
    public var words: String
  }
}

/// The best selections of a problem, from the best on.
public struct SelectionPool: Hashable, Sendable, Codable {
  /// Distinct selections in order. Where there is none, the only element says why.
  public var pool: [SelectionResult]
  /// Whether no further feasible selection exists.
  public var isExhausted: Bool

  enum CodingKeys: String, CodingKey {
    case pool
    case isExhausted = "exhausted"
  }
}

/// Selections over the limits of two budgets.
public struct SelectionGrid: Hashable, Sendable, Codable {
  /// The answer at one pair of limits.
  public struct Point: Hashable, Sendable, Codable {
    /// The limits by budget.
    public var limits: [String: Double]
    /// The answer.
    public var result: SelectionResult
  }

  /// The budgets' names.
  public var budgets: [String]
  /// The first budget's limits from the tightest on, and for each of them the second one's. Points that no selection keeps are
  /// infeasible. Empty where there is no selection at all.
  public var points: [Point]
  /// Why there are no points.
  public var failure: SelectionResult?
}

/// Selections along one budget.
public struct SelectionSweep: Hashable, Sendable, Codable {
  /// The answer at one value of the budget.
  public struct Point: Hashable, Sendable, Codable {
    /// The budget's limit.
    public var limit: Double
    /// The answer.
    public var result: SelectionResult
  }

  /// The budget's name.
  public var budget: String
  /// From the tightest value to the one at which the budget no longer matters. Empty where there is no selection.
  public var points: [Point]
  /// Why there are no points.
  public var failure: SelectionResult?
}
