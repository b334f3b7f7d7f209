/// Settings of one ``IntegerProgram/solve(_:cuttingOff:)``.
public struct SolveOptions: Sendable {
  /// Seconds after which the search stops; `nil` for no limit.
  public var timeLimit: Double?
  /// The search stops where the objective is within this fraction of the bound; 0 asks for a proof.
  public var gap: Double
  /// A solution to start from: one value per variable.
  public var start: [Double]?
  /// Asked now and then; the search stops where it answers `true`.
  public var isInterrupted: (@Sendable () -> Bool)?
  /// Given what GLPK says while it works, line by line, on the thread that solves; `nil` keeps GLPK silent. The objective
  /// in these lines is the program's times a power of two, without its constant.
  public var log: (@Sendable (String) -> Void)?

  /// Creates settings; by default the search goes on until it has proved its answer, and says nothing.
  public init(
    timeLimit: Double? = nil, gap: Double = 0, start: [Double]? = nil,
    isInterrupted: (@Sendable () -> Bool)? = nil, log: (@Sendable (String) -> Void)? = nil
  ) {
    self.timeLimit = timeLimit
    self.gap = gap
    self.start = start
    self.isInterrupted = isInterrupted
    self.log = log
  }
}

/// Why a search stopped; what it has found is another matter, see ``Solution/Outcome``.
public enum StopReason: String, Sendable, Hashable, Codable {
  /// The outcome is proved.
  case proved
  /// The wanted gap was reached.
  case gap
  /// The time was over.
  case timeLimit = "time_limit"
  /// The caller asked to stop.
  case interrupted
}

/// What a search has found.
public struct Solution: Sendable, Hashable {
  /// What the point, or its absence, is worth.
  public enum Outcome: Sendable, Hashable {
    /// There is a point, and none is better. (GLPK works in floating point: none is better by more than about
    /// 1e-9 of the objective.)
    case optimal
    /// There is a point; a better one may exist.
    case feasible
    /// It is proved that no point exists.
    case infeasible
    /// It is proved that the objective has no limit.
    case unbounded
    /// No point was found in the time given.
    case unknown
  }

  /// Why the search stopped.
  public let stopped: StopReason
  /// What was found.
  public let outcome: Outcome
  /// One value per variable, integer ones exactly whole; empty where no point was found.
  public let values: [Double]
  /// The objective at the point, as a plain sum; `nil` where there is none.
  public let objective: Double?
  /// No point is better than this; `nil` where nothing is known.
  public let bound: Double?
  /// How many subproblems were solved.
  public let nodes: Int
  /// How many points the caller has cut off.
  public let cutOff: Int

  /// Whether there is a point to read.
  public var hasPoint: Bool { outcome == .optimal || outcome == .feasible }

  /// The value of a variable; `nil` where no point was found.
  public func value(_ variable: Variable) -> Double? {
    values.indices.contains(variable.index) ? values[variable.index] : nil
  }
}
