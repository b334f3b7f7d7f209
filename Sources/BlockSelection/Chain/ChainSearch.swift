import MixedInteger

/// Finds the best selection of a ``ChainProgram`` and proves that none is better: a dynamic program over labels.
///
/// A label is the beginning of a path: its class, cost and weights. Of two labels of a class one *dominates* the other
/// if it costs and weighs no more; the other goes. What a label's path costs at least follows from the cheapest way to
/// go on at fixed prices of weights (Lagrange); these prices are the best ones, found by column generation (Dantzig and
/// Wolfe, 1960). As in ``MultipleChoiceSearch``, a guess of how far the optimum lies above the bound keeps labels few,
/// and grows.
struct ChainSearch {
  /// When to end.
  struct Limits {
    var gap = 0.0
    /// Only selections of a smaller goal are wanted.
    var cutoff = Double.infinity
    /// Whether the first selection found is good enough.
    var isFirstEnough = false
    var mustStop: () -> StopReason? = { nil }
  }

  /// What was found.
  struct Answer {
    /// The best selection, as choices in the tables by group; `nil` where none was found.
    var selection: [Int]?
    /// No selection's goal, to be minimised, is less.
    var bound = Double.infinity
    var stopped = StopReason.proved
    /// Whether there were too many labels, or sums in another order would decide: then only the bound holds.
    var gaveUp = false
  }

  /// More labels are not kept at a position.
  private static let mostLabels = 300_000
  /// Prices are sought for so many rounds.
  private static let mostRounds = 100
  private static let relativeResolution = 1e-12

  private let program: ChainProgram
  private let limits: Limits
  private let counts: ([Int]) -> Bool
  private var answer = Answer()
  private var best = Double.infinity
  private let resolution: Double

  /// The best selection, as far as it is found.
  static func solve(
    _ program: ChainProgram, start: [Int]?, limits: Limits, counts: @escaping ([Int]) -> Bool
  ) -> Answer {
    var search = ChainSearch(program: program, limits: limits, counts: counts)
    if let start { search.offerStart(start) }
    search.run()
    return search.answer
  }

  private init(program: ChainProgram, limits: Limits, counts: @escaping ([Int]) -> Bool) {
    (self.program, self.limits, self.counts) = (program, limits, counts)
    best = limits.cutoff - program.offset
    resolution = Self.relativeResolution * program.magnitude
  }

  /// Nodes with such a bound are not looked at.
  private func cutoff(_ guess: Double) -> Double {
    guard best < .infinity else { return guess }
    if limits.isFirstEnough, answer.selection != nil { return -.infinity }
    return min(guess, best - max(resolution, limits.gap * abs(best + program.offset)))
  }

  private mutating func run() {
    let leasts = (0..<program.rowCount).map { row in
      var prices = [Double](repeating: 0, count: program.rowCount)
      prices[row] = 1
      return program.best(prices: prices, costUnit: 0)
    }
    let hasPath = program.best(prices: [Double](repeating: 0, count: program.rowCount)).path.value < .infinity
    guard hasPath, zip(leasts, program.limits).allSatisfy({ $0.path.value <= $1 }) else { return finish(.infinity) }
    let (prices, root) = bestPrices(leasts.map(\.path.value))
    if let reason = limits.mustStop() {
      answer.stopped = reason
      return finish(root)
    }
    let remainders = program.best(prices: prices).remainders
    var width = max(
      best < .infinity ? (best - root) / 16 : 1e-4 * program.magnitude, 1000 * resolution, .leastNormalMagnitude)
    var guess = -Double.infinity
    repeat {
      guess = width > program.magnitude * 4 ? .infinity : root + width
      var labels = ChainLabels(program, prices: prices, remainders, leasts.map(\.remainders))
      let cutoff = cutoff(guess)
      if root < cutoff {
        guard
          let ended = labels.extend(
            cutoff: cutoff, most: Self.mostLabels / (1 + program.rowCount / 4), mustStop: limits.mustStop)
        else { return giveUp(root) }
        if let reason = ended {
          answer.stopped = reason
          return finish(root)
        }
        if let path = labels.bestPath() {
          let selection = selection(path.choices)
          // The same sum in the order that counts may differ in its last digits, and then another label would have
          // been kept.
          guard counts(selection) else { return giveUp(root) }
          if path.cost < best { (best, answer.selection) = (path.cost, selection) }
        }
      }
      width *= best == .infinity ? 4 : 2
    } while cutoff(guess) >= guess && guess < .infinity
    return finish(cutoff(guess) < best - resolution ? max(root, cutoff(guess)) : .infinity)
  }

  private mutating func finish(_ bound: Double) {
    answer.bound = min(bound, best) + program.offset
    if answer.stopped == .proved, bound < best { answer.stopped = .gap }
  }

  private mutating func giveUp(_ bound: Double) {
    answer.bound = min(bound, best) + program.offset
    answer.gaveUp = true
  }

  // MARK: Selections

  private func selection(_ choices: [Int]) -> [Int] {
    var selection = [Int](repeating: 0, count: choices.count)
    for (position, choice) in zip(program.positions, choices) { selection[position.group] = position.choices[choice] }
    return selection
  }

  private mutating func offerStart(_ selection: [Int]) {
    let choices = program.positions.compactMap { $0.choices.firstIndex(of: selection[$0.group]) }
    if choices.count == program.positions.count { offer(choices) }
  }

  private mutating func offer(_ choices: [Int]) {
    guard !choices.isEmpty else { return }
    let sums = program.sums(choices)
    guard sums.cost < best, zip(sums.weights, program.limits).allSatisfy({ $0 <= $1 }) else { return }
    let selection = selection(choices)
    if counts(selection) { (best, answer.selection) = (sums.cost, selection) }
  }

  // MARK: Prices

  /// The prices of weights that give the highest bound, and that bound; `leasts` is the least that each row can weigh.
  private mutating func bestPrices(_ leasts: [Double]) -> (prices: [Double], bound: Double) {
    var prices = [Double](repeating: 0, count: program.rowCount)
    var highest = (prices: prices, bound: -Double.infinity)
    // Paths found so far; the first is none that exists, so that there is always a mixture that keeps the rows.
    var columns = [(cost: 10 * program.magnitude + 1, weights: leasts)]
    // The first path gives a bound, however little time there is.
    for round in 0..<Self.mostRounds where round == 0 || limits.mustStop() == nil {
      let path = program.best(prices: prices).path
      let bound = path.value - zip(prices, program.limits).reduce(0) { $0 + $1.0 * $1.1 }
      if bound > highest.bound { highest = (prices, bound) }
      offer(path.choices)
      let sums = program.sums(path.choices)
      columns.append((sums.cost, sums.weights))
      guard program.rowCount > 0 else { break }
      let master = MultipleChoiceRelaxation(mixing: columns, limits: program.limits, leasts: leasts)
      guard master.solve(changed: -1, cutoff: .infinity, pivotLimit: 10_000) == .optimal else { break }
      if master.bound - highest.bound <= 1e-9 * program.magnitude { break }
      prices = (0..<program.rowCount).map { max(0, master.dual[$0]) }
    }
    return highest
  }
}

extension MultipleChoiceRelaxation {
  /// The mixtures of columns that keep limits: one group whose choices are whole paths.
  convenience init(mixing columns: [(cost: Double, weights: [Double])], limits: [Double], leasts: [Double]) {
    let program = MultipleChoiceProgram(
      costs: [columns.map(\.cost)],
      weights: limits.indices.map { row in [columns.map { $0.weights[row] - leasts[row] }] },
      limits: zip(limits, leasts).map { $0 - $1 })
    self.init(program, keeping: [Array(columns.indices)])
  }
}
