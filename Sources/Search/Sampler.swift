import SearchSpaces

/// Something that proposes architectures.
///
/// A sampler is a pure function of its own settings, its seed and the history that it is shown: it keeps no state
/// and reaches into no storage. Asked again with the same history, in this process or another, it answers the same;
/// that is all that resuming a search needs.
///
///     var history = TrialHistory()
///     while let architecture = try sampler.ask(history), history.nextNumber < 100 {
///       …                                                  // evaluate it, make a finished trial of it
///       try history.tell(trial)
///     }
public protocol Sampler: Sendable {
  /// The name that is recorded with each trial.
  var name: String { get }

  /// The architecture for trial number ``TrialHistory/nextNumber``: a new one, which no trial of the history has.
  ///
  /// - Returns: `nil` where every architecture that could be proposed has been tried.
  /// - Throws: ``Diagnostic`` of category `infeasible` where no architecture keeps the constraints.
  func ask(_ history: TrialHistory) throws -> Architecture?
}

/// The number of draws after which a sampler gives up, unless told otherwise.
public let defaultDrawLimit = 2000
