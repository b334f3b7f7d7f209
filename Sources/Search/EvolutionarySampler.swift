import Diagnostics
import SearchSpaces
import Tensors

/// Elitist evolution with mutation and crossover: the search of Once-for-All (Cai et al., ICLR 2020), with an end to
/// its rejection sampling and without evaluating an architecture twice.
///
/// The first `population` trials, whoever proposed them, are the first generation; what is missing is filled with the
/// given architectures, then with random ones. Later generations are of `children` trials each, and have the best
/// `parentShare` of a population as parents, chosen among all trials of earlier generations; a child is a crossover of
/// two parents or a mutation of one. Small generations make more of few evaluations. With one objective the best are those
/// of the best value; with several, those of the first nondominated fronts, ties in the last front going to the less
/// crowded (NSGA-II: Deb et al., IEEE Transactions on Evolutionary Computation, 2002), so that one search serves
/// several budgets.
///
/// Parents come from earlier generations alone, so a generation may be evaluated by several workers: asked in the
/// order of the numbers, the answers do not depend on who finishes first.
public struct EvolutionarySampler: Sampler {
  /// The settings of the evolution; the defaults are those of Once-for-All, at half its population.
  public struct Options: Hashable, Sendable, Codable {
    /// The number of trials in the first generation.
    public var population = 50
    /// The number of trials in every later generation.
    public var children = 50
    /// The share of a population that become parents.
    public var parentShare = 0.25
    /// The share of children that are crossovers; the others are mutations.
    public var crossoverShare = 0.5
    /// The probability that a mutation draws a variable anew.
    public var mutationProbability = 0.1
    /// How many architectures one ask may draw before it gives up.
    public var drawLimit = defaultDrawLimit

    /// Creates the default settings.
    public init() {}
  }

  /// The name that is recorded with each trial.
  public let name = "evolution"
  private let objectives: [Objective]
  private let initial: [Architecture]
  private let options: Options
  private let seed: UInt64
  private let draws: FeasibleDraws

  /// Creates a sampler.
  ///
  /// - Parameters:
  ///   - objectives: what the search improves: one, or several for a Pareto front.
  ///   - constraints: what every proposal keeps.
  ///   - initial: architectures to try first, such as the winners of block selection; those that break a constraint
  ///     are left out.
  /// - Throws: ``Diagnostic`` where a setting breaks its rule.
  public init(
    domain: ArchitectureDomain, objectives: [Objective], constraints: [SearchConstraint] = [],
    initial: [Architecture] = [], options: Options = Options(), seed: UInt64
  ) throws {
    try options.validate()
    guard !objectives.isEmpty else {
      throw Diagnostic(.usage, "the evolution has no objective", rule: "there is at least one")
    }
    self.objectives = objectives
    self.initial = initial
    self.options = options
    self.seed = seed
    draws = FeasibleDraws(
      domain: domain, constraints: constraints, limit: options.drawLimit,
      mutationProbability: options.mutationProbability)
  }

  /// A child of the best of earlier generations, or a given or random architecture in the first.
  public func ask(_ history: TrialHistory) throws -> Architecture? {
    if let architecture = try initial.first(where: { try isWelcome($0, history) }) { return architecture }
    let number = history.nextNumber
    var random = RandomSource(seed: seed, purpose: "evolution, trial \(number)")
    let parents = parents(history, before: options.firstNumber(ofGenerationOf: number))
    return try draws.next(history, &random) { child(of: parents, &$0) }
  }

  private func isWelcome(_ architecture: Architecture, _ history: TrialHistory) throws -> Bool {
    try !history.contains(architecture) && ConstraintCheck(architecture, draws.constraints).violation == 0
  }

  private func child(of parents: [Architecture], _ random: inout RandomSource) -> Architecture {
    guard !parents.isEmpty else { return draws.domain.sample(&random) }
    guard parents.count > 1, random.uniform() < options.crossoverShare else {
      return draws.domain.mutate(random.pick(parents), options.mutationProbability, &random)
    }
    let first = random.below(parents.count)
    let second = (first + 1 + random.below(parents.count - 1)) % parents.count
    return draws.domain.cross(parents[first], parents[second], &random)
  }

  /// The parents of the generation that starts at a number, best first. Trials that failed, or turned out to be
  /// infeasible, are none.
  package func parents(_ history: TrialHistory, before number: Int) -> [Architecture] {
    let known = history.entries.compactMap { entry -> (architecture: Architecture, point: [Double])? in
      guard entry.number < number, entry.state == .complete else { return nil }
      let point = objectives.compactMap { entry.values[$0.name] }
      return point.count == objectives.count ? (entry.architecture, point) : nil
    }
    let order = ParetoRanking(points: known.map(\.point), directions: objectives.map(\.direction)).order
    return order.prefix(options.parentCount).map { known[$0].architecture }
  }
}

extension EvolutionarySampler.Options {
  /// The number of parents of a generation: at least 1.
  var parentCount: Int { max(1, Int((parentShare * Double(population)).rounded())) }

  /// The number of the first trial in a trial's generation.
  func firstNumber(ofGenerationOf number: Int) -> Int {
    number < population ? 0 : number - (number - population) % children
  }

  /// Checks every setting.
  ///
  /// - Throws: ``Diagnostic`` that names the setting, its value and the rule.
  public func validate() throws {
    try require(population >= 1, "population", "\(population)", "at least 1")
    try require(children >= 1, "children", "\(children)", "at least 1")
    try require(drawLimit >= 1, "drawLimit", "\(drawLimit)", "at least 1")
    try require(parentShare > 0 && parentShare <= 1, "parentShare", "\(parentShare)", "above 0 and at most 1")
    try require((0...1).contains(crossoverShare), "crossoverShare", "\(crossoverShare)", "from 0 to 1")
    try require(
      mutationProbability > 0 && mutationProbability <= 1, "mutationProbability", "\(mutationProbability)",
      "above 0 and at most 1")
  }

  private func require(_ holds: Bool, _ name: String, _ value: String, _ rule: String) throws {
    guard holds else {
      throw Diagnostic(
        .usage, "a setting of the evolution is out of range", at: .init(path: name), value: value,
        rule: "\(name) is \(rule)")
    }
  }
}
