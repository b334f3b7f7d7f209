/// The linear relaxation of a ``MultipleChoiceProgram`` over the choices that are left, and its solution by the dual
/// simplex method.
///
/// The rows "one choice per group" need no place in the basis (generalised upper bounds; Dantzig and Van Slyke, 1967):
/// each group has a *key*, which takes what the others leave of 1, and there are as many *working* columns as budget
/// rows: slacks or further choices. So the basis that is inverted has the size of the number of budgets, and a pivot
/// costs one pass over the choices that are left.
///
/// Choices are removed and put back; everything else is a matter of the basis. The bound that counts is never a result
/// of pivoting but evaluated afresh from the duals (``evaluate()``), so that errors of rounding cannot make it too
/// high.
final class MultipleChoiceRelaxation {
  /// How a solve ended.
  enum Outcome {
    /// The point is the best of the relaxation.
    case optimal
    /// The bound has reached the cutoff.
    case cutOff
    /// Nothing keeps the rows: the duals prove it.
    case infeasible
    /// Rounding or the number of pivots ended it; the bound holds all the same.
    case stuck
  }

  let groupCount: Int
  let rowCount: Int
  /// Places of choices; each group begins at a multiple of the vectors' width, and what is left over holds no choice.
  let size: Int
  let layout: Layout
  /// What a choice costs, and infinity where there is none.
  let cost: UnsafeMutablePointer<Double>
  /// The same, and infinity where the choice is removed.
  let price: UnsafeMutablePointer<Double>
  /// `weights[row * size + place]`.
  let weights: UnsafeMutablePointer<Double>
  let limits: UnsafeMutablePointer<Double>
  /// The costs less what their group's least one is, given the duals: set by ``evaluate()``.
  let reducedCost: UnsafeMutablePointer<Double>
  /// The key of each group.
  let key: UnsafeMutablePointer<Int32>
  /// The working columns: the place of a choice, or `-1 - row` for a slack.
  let working: UnsafeMutablePointer<Int32>
  /// The working columns' parts.
  let part: UnsafeMutablePointer<Double>
  /// What a unit of each row's limit is worth, at least 0.
  let dual: UnsafeMutablePointer<Double>
  /// The bound of the last solve, as pivoting has it.
  var bound = -Double.infinity
  /// Pivots so far.
  var pivots = 0
  /// Asked now and then while a solve pivots, which then ends as ``Outcome/stuck``.
  var mustStop: () -> Bool = { false }
  /// Whether each choice is a working column.
  let isWorking: UnsafeMutablePointer<Bool>
  /// Whether each row's slack is a working column.
  let isSlackWorking: UnsafeMutablePointer<Bool>
  /// The inverse of the working basis.
  let inverse: UnsafeMutablePointer<Double>
  /// The working basis while it is inverted.
  let matrix: UnsafeMutablePointer<Double>
  /// Where the duals move in a pivot.
  let direction: UnsafeMutablePointer<Double>
  /// The keys' weights by row, and their costs.
  let load: UnsafeMutablePointer<Double>
  var keyCost = 0.0
  private var removed: [Int32] = []

  /// How many choices there are, removed ones included.
  var choiceCount: Int { layout.choiceCount }

  /// Where the choices of each group stand.
  final class Layout: Sendable {
    /// `first[group] ..< first[group + 1]` are the group's places.
    let first: [Int]
    /// The group of each place.
    let group: [Int32]
    /// The choice of each place; negative where there is none.
    let choice: [Int32]
    /// How many places hold a choice.
    let choiceCount: Int

    init(_ kept: [[Int]]) {
      var (first, group, choice) = ([0], [Int32](), [Int32]())
      for (index, choices) in kept.enumerated() {
        let width = (choices.count + Lanes.scalarCount - 1) / Lanes.scalarCount * Lanes.scalarCount
        group += [Int32](repeating: Int32(index), count: width)
        choice += choices.map(Int32.init) + [Int32](repeating: -1, count: width - choices.count)
        first.append(choice.count)
      }
      (self.first, self.group, self.choice) = (first, group, choice)
      choiceCount = kept.reduce(0) { $0 + $1.count }
    }
  }

  /// The relaxation over `kept`, at least one choice of each group; the first basis takes the cheapest of each.
  init(_ program: MultipleChoiceProgram, keeping kept: [[Int]]) {
    layout = Layout(kept)
    (groupCount, rowCount, size) = (program.groupCount, program.rowCount, layout.choice.count)
    func numbers(_ count: Int) -> UnsafeMutablePointer<Double> {
      let numbers = UnsafeMutablePointer<Double>.allocate(capacity: max(1, count))
      numbers.initialize(repeating: 0, count: max(1, count))
      return numbers
    }
    (cost, price, reducedCost) = (numbers(size), numbers(size), numbers(size))
    (weights, limits) = (numbers(size * rowCount), numbers(rowCount))
    (part, dual, direction, load) = (numbers(rowCount), numbers(rowCount), numbers(rowCount), numbers(rowCount))
    (inverse, matrix) = (numbers(rowCount * rowCount), numbers(rowCount * rowCount))
    key = .allocate(capacity: max(1, groupCount))
    working = .allocate(capacity: max(1, rowCount))
    isWorking = .allocate(capacity: max(1, size))
    isSlackWorking = .allocate(capacity: max(1, rowCount))
    for place in 0..<size {
      let (group, choice) = (Int(layout.group[place]), Int(layout.choice[place]))
      cost[place] = choice < 0 ? .infinity : program.costs[group][choice]
      price[place] = cost[place]
      for row in 0..<rowCount where choice >= 0 {
        weights[row * size + place] = program.weights[row][group][choice]
      }
    }
    for row in 0..<rowCount { limits[row] = program.limits[row] }
    resetBasis()
  }

  deinit {
    for numbers in [cost, price, reducedCost, weights, limits, part, dual, direction, load, inverse, matrix] {
      numbers.deallocate()
    }
    key.deallocate()
    working.deallocate()
    isWorking.deallocate()
    isSlackWorking.deallocate()
  }

  /// The places of a group.
  func places(of group: Int) -> Range<Int> { layout.first[group]..<layout.first[group + 1] }

  /// The group of a working choice.
  func group(of place: Int32) -> Int { Int(layout.group[Int(place)]) }

  /// What a choice weighs in a row.
  func weight(_ row: Int, _ place: Int) -> Double { weights[row * size + place] }

  // MARK: Choices that are left

  /// How many choices are removed; see ``restoreChoices(_:)``.
  var removedCount: Int { removed.count }

  /// Whether a choice is left.
  func isLeft(_ place: Int) -> Bool { price[place] < .infinity }

  /// Removes a choice that is left.
  func remove(_ place: Int) {
    price[place] = .infinity
    removed.append(Int32(place))
  }

  /// Puts back what was removed since there were `count` choices removed.
  func restoreChoices(_ count: Int) {
    while removed.count > count {
      let place = Int(removed.removeLast())
      price[place] = cost[place]
    }
  }

  // MARK: The basis

  /// The keys, then the working columns.
  typealias Basis = [Int32]

  /// The present basis.
  var basis: Basis {
    get {
      Basis(unsafeUninitializedCapacity: groupCount + rowCount) { buffer, count in
        guard let start = buffer.baseAddress else { return }
        start.update(from: key, count: groupCount)
        (start + groupCount).update(from: working, count: rowCount)
        count = groupCount + rowCount
      }
    }
    set {
      for row in 0..<rowCount { setWorking(working[row], false) }
      newValue.withUnsafeBufferPointer { buffer in
        guard let start = buffer.baseAddress else { return }
        key.update(from: start, count: groupCount)
        working.update(from: start + groupCount, count: rowCount)
      }
      for row in 0..<rowCount { setWorking(working[row], true) }
    }
  }

  private func resetBasis() {
    for group in 0..<groupCount {
      let places = places(of: group)
      key[group] = Int32(places.min { price[$0] < price[$1] } ?? places.lowerBound)
    }
    isWorking.update(repeating: false, count: size)
    for row in 0..<rowCount { working[row] = Int32(-1 - row) }
    isSlackWorking.update(repeating: true, count: rowCount)
  }

  /// Notes that a column is working, or is not.
  func setWorking(_ column: Int32, _ isIn: Bool) {
    if column >= 0 { isWorking[Int(column)] = isIn } else { isSlackWorking[Int(-1 - column)] = isIn }
  }

  /// Gives a group another key.
  func setKey(_ group: Int, _ place: Int32) {
    let (old, new) = (Int(key[group]), Int(place))
    keyCost += cost[new] - cost[old]
    for row in 0..<rowCount { load[row] += weight(row, new) - weight(row, old) }
    key[group] = place
  }

  /// The choices of a group that take part in the point.
  func parts(of group: Int) -> [(place: Int, part: Double)] {
    var parts = [(Int(key[group]), keyPart(group))]
    for row in 0..<rowCount where working[row] >= 0 && self.group(of: working[row]) == group {
      parts.append((Int(working[row]), part[row]))
    }
    return parts
  }

  /// What the key of a working choice's group takes.
  func keyPart(_ group: Int) -> Double {
    var part = 1.0
    for row in 0..<rowCount where working[row] >= 0 && self.group(of: working[row]) == group { part -= self.part[row] }
    return part
  }
}

/// Choices that are looked at at once.
typealias Lanes = SIMD4<Double>
