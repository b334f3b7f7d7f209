/// A selection whose interactions form paths, as plain numbers: a choice at each position, least sum of costs, and
/// every row's sum of weights at most its limit.
///
/// What a choice means to the next position is its *class*: choices of one class may be followed by the same ones at
/// the same price.
struct ChainProgram {
  /// One place of the chain.
  struct Position {
    /// The group in the tables, and the choices left in it.
    let group: Int
    let choices: [Int]
    let costs: [Double]
    /// `weights[choice * rows + row]`.
    var weights: [Double]
    /// The class of each choice, and how many there are.
    let classes: [Int]
    let classCount: Int
    /// What joins a class of the position before and a choice: `joints[class * choices + choice]` is a place in
    /// `pairs`, 0 where nothing is listed, negative where the two must not be taken together.
    let joints: [Int32]
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

  /// More joints are not kept.
  private static let mostJoints = 20_000_000

  /// `nil` where the program would be too large.
  init?(_ tables: SelectionTables, _ chain: SelectionChain, candidates: [[Int]], goal: Goal, rows: [BudgetRow]) {
    let sign = goal.sign
    let sides = rows.sides
    rowCount = sides.count
    offset = sign * tables.constants[goal.measure]
    pairWeights = [Double](repeating: 0, count: sides.count)
    limits = sides.map { $0.bound - $0.sign * tables.constants[$0.measure] }
    var magnitudes = sides.map { abs($0.bound) + abs(tables.constants[$0.measure]) }
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
      let following = index + 1 < chain.groups.count ? chain.links[index + 1] : []
      let (classes, count) = Self.classes(tables, group, choices, following)
      joints += (positions.last?.classCount ?? 1) * choices.count
      guard joints <= Self.mostJoints else { return nil }
      let firstPair = pairCosts.count
      let matrix = joined(
        tables, chain.links[index], group, choices, goal, sides)
      // A path has one of the position's pairs.
      magnitude += pairCosts[firstPair...].reduce(0) { max($0, abs($1)) }
      for row in sides.indices {
        magnitudes[row] += (firstPair..<pairCosts.count).reduce(0) {
          max($0, abs(pairWeights[$1 * sides.count + row]))
        }
      }
      positions.append(
        Position(
          group: group, choices: choices, costs: costs, weights: weights, classes: classes, classCount: count,
          joints: matrix))
    }
    for row in sides.indices { limits[row] += BudgetSide.slackness * magnitudes[row] }
    normalise()
  }

  /// Choices that mean the same to what follows: those that give the same and stand in no pair.
  private static func classes(
    _ tables: SelectionTables, _ group: Int, _ choices: [Int], _ links: [Int]
  ) -> (classes: [Int], count: Int) {
    let interactions = links.map { tables.interactions[$0] }
    var paired: Set<Int> = []
    for interaction in interactions {
      for pair in interaction.pairs { paired.insert(interaction.first == group ? pair.first : pair.second) }
    }
    var known: [[Int]: Int] = [:]
    let classes = choices.map { choice in
      let tags = interactions.filter { !$0.given.isEmpty }.map {
        $0.first == group ? $0.given[choice] : $0.taken[choice]
      }
      let key = tags + [paired.contains(choice) ? choice : -1]
      let number = known[key] ?? known.count
      known[key] = number
      return number
    }
    return (classes, max(1, known.count))
  }

  private mutating func joined(
    _ tables: SelectionTables, _ links: [Int], _ group: Int, _ choices: [Int], _ goal: Goal, _ sides: [BudgetSide]
  ) -> [Int32] {
    guard let before = positions.last, !links.isEmpty else { return [Int32](repeating: 0, count: choices.count) }
    var matrix = [Int32](repeating: 0, count: before.classCount * choices.count)
    for member in 0..<before.classCount {
      guard let place = before.classes.firstIndex(of: member) else { continue }
      for (number, choice) in choices.enumerated() {
        matrix[member * choices.count + number] = joint(
          tables, links.map { tables.interactions[$0] }, group, before.choices[place], choice, goal, sides)
      }
    }
    return matrix
  }

  /// The place of what two choices cost together.
  private mutating func joint(
    _ tables: SelectionTables, _ interactions: [SelectionTables.Interaction], _ group: Int, _ before: Int,
    _ choice: Int, _ goal: Goal, _ sides: [BudgetSide]
  ) -> Int32 {
    var (cost, weights, isListed) = (0.0, [Double](), false)
    for interaction in interactions {
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
    for pair in pairs.indices {
      for row in 0..<rowCount { pairs[pair] += prices[row] * pairWeights[pair * rowCount + row] }
    }
    var steps: [[Int32]] = positions.map { _ in [] }
    for index in positions.indices.reversed() {
      let position = positions[index]
      let count = position.choices.count
      let values = (0..<count).map { choice in
        var value = costUnit * position.costs[choice] + remainders[index][position.classes[choice]]
        for row in 0..<rowCount { value += prices[row] * position.weights[choice * rowCount + row] }
        return value
      }
      let classes = position.joints.count / count
      var (least, step) = ([Double](repeating: .infinity, count: classes), [Int32](repeating: -1, count: classes))
      for before in 0..<classes {
        for choice in 0..<count {
          let joint = position.joints[before * count + choice]
          guard joint >= 0 else { continue }
          let value = values[choice] + pairs[Int(joint)]
          if value < least[before] { (least[before], step[before]) = (value, Int32(choice)) }
        }
      }
      steps[index] = step
      if index > 0 {
        // A position without links has one class before it, whatever was chosen there.
        let spread = positions[index - 1].classCount
        remainders[index - 1] = classes == spread ? least : [Double](repeating: least[0], count: spread)
      } else {
        return ((follow(steps), least[0]), remainders)
      }
    }
    return (([], 0), remainders)
  }

  private func follow(_ steps: [[Int32]]) -> [Int] {
    var (choices, member) = ([Int](), 0)
    for (position, step) in zip(positions, steps) {
      let choice = Int(step[step.count == 1 ? 0 : member])
      guard choice >= 0 else { return [] }
      choices.append(choice)
      member = position.classes[choice]
    }
    return choices
  }

  /// A path's cost and weights.
  func sums(_ choices: [Int]) -> (cost: Double, weights: [Double]) {
    var (cost, weights, member) = (0.0, [Double](repeating: 0, count: rowCount), 0)
    for (position, choice) in zip(positions, choices) {
      let count = position.choices.count
      let joint = Int(position.joints[(position.joints.count == count ? 0 : member) * count + choice])
      cost += position.costs[choice] + pairCosts[joint]
      for row in 0..<rowCount {
        weights[row] += position.weights[choice * rowCount + row] + pairWeights[joint * rowCount + row]
      }
      member = position.classes[choice]
    }
    return (cost, weights)
  }
}
