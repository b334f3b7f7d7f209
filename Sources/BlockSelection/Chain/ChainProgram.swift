/// A selection along a ``SelectionChain`` as plain numbers: a choice at each position, least sum of costs, and every row's sum of
/// weights at most its limit.
///
/// What is chosen up to a position means to those that follow its *class*: what the frontier's groups take, where choices of
/// a group that may be followed by the same ones at the same price are one.
struct ChainProgram {
  /// One place of the chain.
  struct Position {
    /// The group in the tables, and the choices left in it.
    let group: Int
    let choices: [Int]
    let costs: [Double]
    /// `weights[choice * rows + row]`.
    var weights: [Double]
    /// How many classes there are after the position.
    let classCount: Int
    /// What joins a class of the position before and a choice: `joints[class * choices + choice]` is a place among
    /// the pairs, 0 where nothing is listed, negative where the two must not be taken together.
    let joints: [Int32]
    /// The class that the two lead to, in the same order.
    let classes: [Int32]
  }

  /// What pairs cost and weigh; the first is nothing.
  private(set) var pairCosts: [Double] = [0]
  private(set) var pairWeights: [Double]
  private(set) var positions: [Position] = []
  let rowCount: Int
  private(set) var limits: [Double]
  /// What the goal is where all costs are 0, to be minimised.
  private(set) var offset: Double
  /// The largest sum of what a path's choices cost more than the cheapest of their positions, and of its pairs'
  /// magnitudes.
  private(set) var magnitude = 0.0

  /// More joints are not kept, and not as many where a class is what several groups take: each price goes through all of them.
  private static let (mostJoints, mostWideJoints) = (20_000_000, 2_000_000)

  /// `nil` where the program would be too large.
  init?(_ tables: SelectionTables, _ chain: SelectionChain, candidates: [[Int]], goal: Goal, rows: [BudgetRow]) {
    let sign = goal.sign
    let sides = rows.sides
    rowCount = sides.count
    offset = sign * tables.constants[goal.measure]
    pairWeights = [Double](repeating: 0, count: sides.count)
    limits = sides.map { $0.bound - $0.sign * tables.constants[$0.measure] }
    var magnitudes = sides.map { abs($0.bound) + abs(tables.constants[$0.measure]) }
    var classes = ChainClasses(tables, candidates)
    var joints = 0
    for (index, group) in chain.groups.enumerated() {
      let choices = candidates[group]
      let goals = choices.map { sign * tables.values[goal.measure][group][$0] }
      let least = goals.min() ?? 0
      let costs = goals.map { $0 - least }
      offset += least
      magnitude += costs.max() ?? 0
      let weights = choices.flatMap { choice in sides.map { $0.sign * tables.values[$0.measure][group][choice] } }
      for row in sides.indices {
        magnitudes[row] += choices.indices.reduce(0) { max($0, abs(weights[$1 * sides.count + row])) }
      }
      joints += classes.assignments.count * choices.count
      guard joints <= (chain.width > 1 ? Self.mostWideJoints : Self.mostJoints) else { return nil }
      let firstPair = pairCosts.count
      let matrix = joined(tables, chain.links[index], group, choices, classes, goal, sides)
      // A path has one of the position's pairs.
      magnitude += pairCosts[firstPair...].reduce(0) { max($0, abs($1)) }
      for row in sides.indices {
        magnitudes[row] += (firstPair..<pairCosts.count).reduce(0) {
          max($0, abs(pairWeights[$1 * sides.count + row]))
        }
      }
      let following = classes.place(group, frontier: chain.frontiers[index], isJoined: matrix.map { $0 >= 0 })
      positions.append(
        Position(
          group: group, choices: choices, costs: costs, weights: weights, classCount: classes.assignments.count,
          joints: matrix, classes: following))
    }
    for row in sides.indices { limits[row] += BudgetSide.slackness * magnitudes[row] }
    normalise()
  }

  private mutating func joined(
    _ tables: SelectionTables, _ links: [Int], _ group: Int, _ choices: [Int], _ classes: ChainClasses, _ goal: Goal,
    _ sides: [BudgetSide]
  ) -> [Int32] {
    guard !links.isEmpty else { return [Int32](repeating: 0, count: classes.assignments.count * choices.count) }
    let interactions = links.map { tables.interactions[$0] }
    let places = interactions.map { interaction in
      let other = interaction.first == group ? interaction.second : interaction.first
      guard let place = classes.frontier.firstIndex(of: other) else {
        preconditionFailure("a group that interacts with a later one is on the frontier")
      }
      return place
    }
    var matrix: [Int32] = []
    for assignment in classes.assignments {
      let before = places.map { assignment[$0] }
      for choice in choices { matrix.append(joint(interactions, group, before, choice, goal, sides)) }
    }
    return matrix
  }

  /// The place of what a choice costs together with those that its interactions' other groups take.
  private mutating func joint(
    _ interactions: [SelectionTables.Interaction], _ group: Int, _ before: [Int], _ choice: Int, _ goal: Goal,
    _ sides: [BudgetSide]
  ) -> Int32 {
    var (cost, weights, isListed) = (0.0, [Double](), false)
    for (interaction, before) in zip(interactions, before) {
      let (a, b) = interaction.first == group ? (choice, before) : (before, choice)
      if interaction.forbids(a, b) { return -1 }
      guard !interaction.pairs.isEmpty, let pair = interaction.pair(a, b) else { continue }
      if !isListed { weights = [Double](repeating: 0, count: sides.count) }
      isListed = true
      cost += goal.sign * pair.values[goal.measure]
      for (row, side) in sides.enumerated() { weights[row] += side.sign * pair.values[side.measure] }
    }
    guard isListed else { return 0 }
    pairCosts.append(cost)
    pairWeights += weights
    return Int32(pairCosts.count - 1)
  }

  /// Weighs in units of what each row's least leaves of its limit, so that tolerances mean the same everywhere.
  private mutating func normalise() {
    for row in 0..<rowCount {
      let least = best(rowCosts: row).value
      guard least < .infinity, limits[row] > least else { continue }
      let unit = 1 / (limits[row] - least)
      for index in positions.indices {
        for choice in positions[index].choices.indices { positions[index].weights[choice * rowCount + row] *= unit }
      }
      for pair in 0..<pairCosts.count { pairWeights[pair * rowCount + row] *= unit }
      limits[row] *= unit
    }
  }
}

// MARK: The best path at given prices

extension ChainProgram {
  /// The choices of a path, by position, and its value.
  typealias Path = (choices: [Int], value: Double)

  /// The least that a path adds after each position, by class: `values[position][class]`.
  typealias Remainders = [[Double]]

  /// The cheapest path where a row's weight is the cost.
  private func best(rowCosts row: Int) -> Path {
    var prices = [Double](repeating: 0, count: rowCount)
    prices[row] = 1
    return best(prices: prices, costUnit: 0).path
  }

  /// The path of the least `costUnit` times cost plus weights times prices, and what remains after each position. The
  /// path's value is infinite where there is none.
  func best(prices: [Double], costUnit: Double = 1) -> (path: Path, remainders: Remainders) {
    var remainders = positions.map { [Double](repeating: 0, count: $0.classCount) }
    var pairs = pairCosts.map { costUnit * $0 }
    // Most rows cost nothing, and all but one where a row's least is asked for.
    let priced = (0..<rowCount).filter { prices[$0] != 0 }
    for row in priced {
      for pair in pairs.indices { pairs[pair] += prices[row] * pairWeights[pair * rowCount + row] }
    }
    var steps: [[Int32]] = positions.map { _ in [] }
    for index in positions.indices.reversed() {
      let position = positions[index]
      let count = position.choices.count
      let values = (0..<count).map { choice in
        var value = costUnit * position.costs[choice]
        for row in priced { value += prices[row] * position.weights[choice * rowCount + row] }
        return value
      }
      let classes = position.joints.count / count
      var (least, step) = ([Double](repeating: .infinity, count: classes), [Int32](repeating: -1, count: classes))
      for before in 0..<classes {
        for choice in 0..<count {
          let entry = before * count + choice
          let joint = position.joints[entry]
          guard joint >= 0 else { continue }
          let value = values[choice] + pairs[Int(joint)] + remainders[index][Int(position.classes[entry])]
          if value < least[before] { (least[before], step[before]) = (value, Int32(choice)) }
        }
      }
      steps[index] = step
      if index == 0 { return ((follow(steps), least[0]), remainders) }
      remainders[index - 1] = least
    }
    return (([], 0), remainders)
  }

  private func follow(_ steps: [[Int32]]) -> [Int] {
    var (choices, member) = ([Int](), 0)
    for (position, step) in zip(positions, steps) {
      let choice = Int(step[member])
      guard choice >= 0 else { return [] }
      choices.append(choice)
      member = Int(position.classes[member * position.choices.count + choice])
    }
    return choices
  }

  /// A path's cost and weights.
  func sums(_ choices: [Int]) -> (cost: Double, weights: [Double]) {
    var (cost, weights, member) = (0.0, [Double](repeating: 0, count: rowCount), 0)
    for (position, choice) in zip(positions, choices) {
      let entry = member * position.choices.count + choice
      let joint = Int(position.joints[entry])
      cost += position.costs[choice] + pairCosts[joint]
      for row in 0..<rowCount {
        weights[row] += position.weights[choice * rowCount + row] + pairWeights[joint * rowCount + row]
      }
      member = Int(position.classes[entry])
    }
    return (cost, weights)
  }
}
