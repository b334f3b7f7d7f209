import MixedInteger

/// The mixed-integer program of a selection: one binary variable per candidate, one continuous variable per listed
/// pair (the product of two binaries), and a row per budget.
///
/// A product is linearised by the rows of its interaction: for every choice `a` of the one group, and likewise for
/// the other,
///
///     sum over b of y[a,b]  <=  x[a]
///     sum over b of y[a,b]  >=  x[a] + (sum over b of x[b]) - 1
///
/// where b runs over the choices that form a listed pair with a. With whole x these leave y no freedom; the sums make
/// the relaxation tighter than rows per pair would (Sherali and Adams, 1990, level 1).
struct SelectionProgram {
  private(set) var program = IntegerProgram()
  private let tables: SelectionTables
  private let candidates: [[Int]]
  /// `variables[group][place of the candidate]`.
  private var variables: [[Variable]] = []
  /// The variable of each listed pair among candidates that is not forbidden.
  private var products: [Product] = []
  private var kindVariables: [Int: Variable] = [:]

  private struct Product {
    let interaction: Int
    let pair: SelectionTables.Pair
    let variable: Variable
  }

  /// The program that optimises `goal` within `rows` over the candidates.
  init(_ tables: SelectionTables, candidates: [[Int]], goal: Goal, rows: [BudgetRow]) {
    self.tables = tables
    self.candidates = candidates
    for (group, choices) in candidates.enumerated() {
      let ofGroup = choices.map { program.addBinary("x[\(group),\($0)]") }
      variables.append(ofGroup)
      program.add(LinearExpression(sum: ofGroup).equals(1))
    }
    for index in tables.interactions.indices { addInteraction(index) }
    if let maxKinds = tables.maxKinds { addKinds(maxKinds) }
    for row in rows { program.add(constraint(row)) }
    program.setObjective(
      goal.sense == .minimize ? .minimize : .maximize, sum(of: goal.measure, shifted: true))
  }

  /// The measure as an expression. Shifted, a group's smallest value stands in the constant, so that tolerances
  /// relate to what the choices differ by.
  private func sum(of measure: Int, shifted: Bool) -> LinearExpression {
    var sum = LinearExpression(tables.constants[measure])
    for (group, choices) in candidates.enumerated() {
      let values = tables.values[measure][group]
      let shift = shifted ? choices.map { values[$0] }.min() ?? 0 : 0
      sum.constant += shift
      for (place, choice) in choices.enumerated() { sum.add(values[choice] - shift, variables[group][place]) }
    }
    for product in products { sum.add(product.pair.values[measure], product.variable) }
    return sum
  }

  /// A row in numbers that GLPK's tolerances suit: counted from the smallest of each group, times a power of two, which
  /// rounds nothing. Its limits give way by more than sums in `Double` can differ; points are judged by exact sums.
  /// What is less than that, in all groups together, is left out: GLPK loses its way among coefficients of 1 and 1e-15.
  private func constraint(_ row: BudgetRow) -> LinearConstraint {
    let sum = sum(of: row.measure, shifted: true)
    let magnitude = tables.magnitude(of: row.measure, candidates)
    let largest = sum.terms.reduce(0) { max($0, abs($1.coefficient)) }
    let scale = largest > 0 ? Double(sign: .plus, exponent: -largest.exponent, significand: 1) : 1
    func limit(_ limit: Double, _ sign: Double) -> Double {
      guard limit.isFinite else { return limit }
      return (limit - sum.constant + sign * BudgetSide.slackness * (abs(limit) + 2 * magnitude)) * scale
    }
    let (lower, upper) = (limit(row.lower, -1), limit(row.upper, 1))
    let tiny = BudgetSide.slackness * magnitude / Double(candidates.count + tables.interactions.count)
    var rest = LinearExpression()
    for term in sum.terms where abs(term.coefficient) > tiny { rest.add(scale * term.coefficient, term.variable) }
    return LinearConstraint(rest, lower: lower, upper: upper, name: tables.name(of: row.measure))
  }

  private mutating func addInteraction(_ index: Int) {
    let interaction = tables.interactions[index]
    let firstPlace = placeByChoice(interaction.first)
    let secondPlace = placeByChoice(interaction.second)
    var firstLinks: [Int: [(other: Variable, product: Variable?)]] = [:]
    var secondLinks = firstLinks
    for pair in interaction.pairs {
      guard let a = firstPlace[pair.first], let b = secondPlace[pair.second] else { continue }
      var product: Variable?
      if !pair.isForbidden {
        let variable = program.addContinuous("y[\(index),\(pair.first),\(pair.second)]", upper: 1)
        products.append(Product(interaction: index, pair: pair, variable: variable))
        product = variable
      }
      firstLinks[a, default: []].append((variables[interaction.second][b], product))
      secondLinks[b, default: []].append((variables[interaction.first][a], product))
    }
    addRows(firstLinks, of: interaction.first)
    addRows(secondLinks, of: interaction.second)
    if !interaction.given.isEmpty { addMatching(interaction) }
  }

  /// What is given is what is taken: a row per tag.
  private mutating func addMatching(_ interaction: SelectionTables.Interaction) {
    var sums: [Int: LinearExpression] = [:]
    for (place, choice) in candidates[interaction.first].enumerated() {
      sums[interaction.given[choice], default: .init()].add(1, variables[interaction.first][place])
    }
    for (place, choice) in candidates[interaction.second].enumerated() {
      sums[interaction.taken[choice], default: .init()].add(-1, variables[interaction.second][place])
    }
    for (_, sum) in sums.sorted(by: { $0.key < $1.key }) { program.add(sum.equals(0)) }
  }

  /// A variable per kind that is at least each of its choices', and a row for their number.
  private mutating func addKinds(_ maxKinds: Int) {
    var byKind: [Int: [Variable]] = [:]
    for (group, choices) in candidates.enumerated() {
      for (place, choice) in choices.enumerated() where tables.kinds[group][choice] >= 0 {
        byKind[tables.kinds[group][choice], default: []].append(variables[group][place])
      }
    }
    guard byKind.count > maxKinds else { return }
    var used = LinearExpression()
    for (kind, members) in byKind.sorted(by: { $0.key < $1.key }) {
      let variable = program.addBinary("kind[\(kind)]")
      kindVariables[kind] = variable
      used.add(1, variable)
      for member in members { program.add((1 * member - 1 * variable).atMost(0)) }
    }
    program.add(used.atMost(Double(maxKinds)))
  }

  /// A forbidden pair is a product that is 0 and so needs no variable.
  private mutating func addRows(_ links: [Int: [(other: Variable, product: Variable?)]], of group: Int) {
    for (place, ofChoice) in links.sorted(by: { $0.key < $1.key }) {
      let x = variables[group][place]
      let products = LinearExpression(sum: ofChoice.compactMap(\.product))
      if !products.terms.isEmpty { program.add((products - 1 * x).atMost(0)) }
      let others = LinearExpression(sum: ofChoice.map(\.other))
      program.add((products - 1 * x - others).atLeast(-1))
    }
  }

  private func placeByChoice(_ group: Int) -> [Int: Int] {
    Dictionary(uniqueKeysWithValues: candidates[group].enumerated().map { ($1, $0) })
  }

  /// Excludes exactly one assignment, if it is made of candidates.
  mutating func exclude(_ assignment: [Int]) {
    var terms = LinearExpression()
    for (group, choice) in assignment.enumerated() {
      guard let place = candidates[group].firstIndex(of: choice) else { return }
      terms.add(1, variables[group][place])
    }
    program.add(terms.atMost(Double(assignment.count - 1)))
  }

  /// Adds a row of ``cut(_:breaking:)``.
  mutating func add(_ cut: LinearConstraint) { program.add(cut) }

  /// The choices of a point.
  func assignment(at point: [Double]) -> [Int] {
    variables.indices.map { group in
      let best = variables[group].indices.max { a, b in
        point[variables[group][a].index] < point[variables[group][b].index]
      }
      return candidates[group][best ?? 0]
    }
  }

  /// The point of an assignment made of candidates.
  func point(of assignment: [Int]) -> [Double]? {
    var point = [Double](repeating: 0, count: program.variableCount)
    for (group, choice) in assignment.enumerated() {
      guard let place = candidates[group].firstIndex(of: choice) else { return nil }
      point[variables[group][place].index] = 1
    }
    for (group, choice) in assignment.enumerated() {
      if let kind = kindVariables[tables.kinds[group][choice]] { point[kind.index] = 1 }
    }
    for product in products {
      let interaction = tables.interactions[product.interaction]
      let isTaken =
        assignment[interaction.first] == product.pair.first
        && assignment[interaction.second] == product.pair.second
      point[product.variable.index] = isTaken ? 1 : 0
    }
    return point
  }
}

extension SelectionProgram {
  /// A row that an assignment breaks and no feasible one does, where the assignment breaks a budget as it is summed
  /// in `Double`; otherwise `nil`.
  ///
  /// Adding in `Double` is monotone in every summand. So if a sum is too large, it stays so when any group takes a
  /// choice that costs as much or more; only groups that take part in an interaction with a cost of this kind have to
  /// stay as they are. The row forbids all of these assignments at once:
  ///
  ///     sum over groups of (sum of x over the choice and those at least as costly)  <=  groups - 1
  func cut(_ assignment: [Int], breaking rows: [BudgetRow]) -> LinearConstraint? {
    for row in rows {
      let total = tables.total(row.measure, of: assignment)
      if total > row.upper { return cut(assignment, row.measure, isTooLarge: true) }
      if total < row.lower { return cut(assignment, row.measure, isTooLarge: false) }
    }
    return nil
  }

  private func cut(_ assignment: [Int], _ measure: Int, isTooLarge: Bool) -> LinearConstraint {
    var terms = LinearExpression()
    var others = -1.0
    for (group, choice) in assignment.enumerated() {
      let values = tables.values[measure][group]
      let isBound = tables.hasPairs(group, measure)
      let places = candidates[group].indices.filter { place in
        let other = candidates[group][place]
        if other == choice { return true }
        return !isBound && (isTooLarge ? values[other] >= values[choice] : values[other] <= values[choice])
      }
      // Where every candidate counts, the sum is 1 whatever is chosen.
      if places.count == candidates[group].count { continue }
      others += 1
      for place in places { terms.add(1, variables[group][place]) }
    }
    return terms.atMost(others)
  }
}

extension SelectionTables {
  /// Whether an interaction of the group has a pair that adds to the measure.
  func hasPairs(_ group: Int, _ measure: Int) -> Bool {
    interactionsOfGroup[group].contains { index in
      interactions[index].pairs.contains { $0.values[measure] != 0 }
    }
  }

  /// The largest sum of magnitudes of a measure over the candidates.
  func magnitude(of measure: Int, _ candidates: [[Int]]) -> Double {
    var sum = abs(constants[measure])
    for (choices, values) in zip(candidates, values[measure]) {
      sum += choices.reduce(0) { max($0, abs(values[$1])) }
    }
    for interaction in interactions {
      sum += interaction.pairs.reduce(0) { $1.isForbidden ? $0 : max($0, abs($1.values[measure])) }
    }
    return sum
  }

  /// What messages call a measure.
  func name(of measure: Int) -> String {
    if measure == Self.score { return "score" }
    return measure <= costNames.count ? costNames[measure - 1] : "measure \(measure)"
  }
}
