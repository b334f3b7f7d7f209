/// The linear relaxation of a ``MultipleChoiceProgram`` over the choices that are left, and its solution by the dual simplex
/// method.
///
/// The rows "one choice per group" need no place in the basis (generalised upper bounds; Dantzig and Van Slyke, 1967): each
/// group has a *key*, which takes what the others leave of 1, and there are as many *working* columns as budget rows: slacks
/// or further choices. So the basis that is inverted has the size of the number of budgets, and a pivot costs one pass over
/// the choices that are left.
///
/// Choices are removed and put back; everything else is a matter of the basis. The bound that counts is never a result of
/// pivoting but evaluated afresh from the duals (``evaluate()``), so that errors of rounding cannot make it too high.
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
  private(set) var bound = -Double.infinity
  /// Pivots so far.
  private(set) var pivots = 0
  private let isWorking: UnsafeMutablePointer<Bool>
  private let isSlackWorking: UnsafeMutablePointer<Bool>
  private let inverse: UnsafeMutablePointer<Double>
  private let matrix: UnsafeMutablePointer<Double>
  private let direction: UnsafeMutablePointer<Double>
  /// The keys' weights by row, and their costs.
  private let load: UnsafeMutablePointer<Double>
  private var keyCost = 0.0
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

  private func setWorking(_ column: Int32, _ isIn: Bool) {
    if column >= 0 { isWorking[Int(column)] = isIn } else { isSlackWorking[Int(-1 - column)] = isIn }
  }

  private func setKey(_ group: Int, _ place: Int32) {
    let (old, new) = (Int(key[group]), Int(place))
    keyCost += cost[new] - cost[old]
    for row in 0..<rowCount { load[row] += weight(row, new) - weight(row, old) }
    key[group] = place
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

// MARK: Solving

extension MultipleChoiceRelaxation {
  /// Parts and slacks may fall short of 0 by this.
  private static let tolerance = 1e-9
  /// Smaller elements are no pivots.
  private static let smallestPivot = 1e-11

  /// Brings parts, duals and bound up to the basis without pivoting.
  func refresh() { _ = recompute() }

  /// Pivots from the present basis until no part is negative and no removed choice takes part.
  ///
  /// - Parameters:
  ///   - changed: the only group from which choices were removed since the basis was best; -1 for none.
  ///   - cutoff: the solve ends once the bound is as large.
  func solve(changed: Int, cutoff: Double, pivotLimit: Int) -> Outcome {
    guard recompute() else { return .stuck }
    if changed >= 0, !isLeft(Int(key[changed])), !hasWorkingChoice(changed) {
      guard rekey(changed) else { return .infeasible }
      guard factorise() else { return .stuck }
    }
    let last = pivots + pivotLimit
    while true {
      if bound >= cutoff { return .cutOff }
      guard let leaving = leaving() else { return .optimal }
      guard pivots < last else { return .stuck }
      if leaving.isKey {
        let place = working[leaving.row]
        let old = key[group(of: place)]
        setWorking(place, false)
        working[leaving.row] = old
        setWorking(old, true)
        setKey(group(of: place), place)
        guard factorise() else { return .stuck }
      }
      let sign = leaving.isTooLarge ? 1.0 : -1.0
      for row in 0..<rowCount { direction[row] = sign * inverse[leaving.row * rowCount + row] }
      guard let entering = entering() else { return provesInfeasible() ? .infeasible : .stuck }
      pivots += 1
      setWorking(working[leaving.row], false)
      working[leaving.row] = entering
      setWorking(entering, true)
      guard factorise() else { return .stuck }
      // A key without working choices takes all of its group and has to be left.
      if changed >= 0, !isLeft(Int(key[changed])), !hasWorkingChoice(changed) {
        guard rekey(changed) else { return .infeasible }
        guard factorise() else { return .stuck }
      }
    }
  }

  private func hasWorkingChoice(_ group: Int) -> Bool {
    for row in 0..<rowCount where working[row] >= 0 && self.group(of: working[row]) == group { return true }
    return false
  }

  /// Gives a group the key of the least reduced cost among the choices left; false where none is.
  private func rekey(_ group: Int) -> Bool {
    var (best, least) = (-1, Double.infinity)
    for place in places(of: group) {
      var value = price[place]
      for row in 0..<rowCount { value += dual[row] * weight(row, place) }
      if value < least { (best, least) = (place, value) }
    }
    guard best >= 0 else { return false }
    setKey(group, Int32(best))
    return true
  }

  /// Which working column has to leave the basis, or the key that first changes places with it.
  private struct Leaving {
    var row: Int
    var isKey: Bool
    /// Whether a removed choice takes part, rather than one less than nothing.
    var isTooLarge: Bool
  }

  /// The worst part; `nil` where all are as they should be.
  private func leaving() -> Leaving? {
    var (leaving, worst): (Leaving?, Double) = (nil, Self.tolerance)
    func consider(_ part: Double, _ place: Int32, _ row: Int, isKey: Bool) {
      if -part > worst { (leaving, worst) = (Leaving(row: row, isKey: isKey, isTooLarge: false), -part) }
      guard part > worst, place >= 0, !isLeft(Int(place)) else { return }
      (leaving, worst) = (Leaving(row: row, isKey: isKey, isTooLarge: true), part)
    }
    for row in 0..<rowCount {
      consider(part[row], working[row], row, isKey: false)
      guard working[row] >= 0 else { continue }
      let group = group(of: working[row])
      consider(keyPart(group), key[group], row, isKey: true)
    }
    return leaving
  }

  /// The column whose reduced cost is the first to reach 0 when the duals move against `direction`.
  private func entering() -> Int32? {
    var entering = Entering()
    for row in 0..<rowCount where !isSlackWorking[row] && direction[row] > Self.smallestPivot {
      entering.consider(Int32(-1 - row), max(0, dual[row]) / direction[row], direction[row])
    }
    // The number of rows as a constant lets the compiler unroll the inner loops.
    switch rowCount {
    case 1: price(1, &entering)
    case 2: price(2, &entering)
    case 3: price(3, &entering)
    case 4: price(4, &entering)
    default: price(rowCount, &entering)
    }
    return entering.column
  }

  private struct Entering {
    var column: Int32?
    var ratio = Double.greatestFiniteMagnitude
    var pivot = 0.0

    mutating func consider(_ column: Int32, _ ratio: Double, _ pivot: Double) {
      // Of equals the largest pivot, which is the safest.
      guard ratio < self.ratio || (ratio == self.ratio && pivot > self.pivot) else { return }
      (self.column, self.ratio, self.pivot) = (column, ratio, pivot)
    }
  }

  @inline(__always) private func price(_ rows: Int, _ entering: inout Entering) {
    let tiny = Lanes(repeating: Self.smallestPivot)
    for group in 0..<groupCount {
      let key = Int(key[group])
      var (base, turn) = (cost[key], 0.0)
      for row in 0..<rows {
        base += dual[row] * weights[row * size + key]
        turn += direction[row] * weights[row * size + key]
      }
      for place in stride(from: layout.first[group], to: layout.first[group + 1], by: Lanes.scalarCount) {
        var reduced = lanes(price, place) - base
        var pivot = Lanes(repeating: -turn)
        for row in 0..<rows {
          let weight = lanes(weights, row * size + place)
          reduced += dual[row] * weight
          pivot += direction[row] * weight
        }
        let isBetter = (pivot .> tiny) .& (reduced .<= pivot * entering.ratio)
        guard any(isBetter) else { continue }
        for lane in 0..<Lanes.scalarCount where isBetter[lane] && !isWorking[place + lane] && place + lane != key {
          entering.consider(Int32(place + lane), max(0, reduced[lane]) / pivot[lane], pivot[lane])
        }
      }
    }
  }

  @inline(__always) private func lanes(_ numbers: UnsafeMutablePointer<Double>, _ place: Int) -> Lanes {
    UnsafeRawPointer(numbers + place).loadUnaligned(as: Lanes.self)
  }

  /// Whether the sum of the rows, each times what `direction` says, is broken by whatever is chosen.
  private func provesInfeasible() -> Bool {
    var (least, magnitude) = (0.0, 0.0)
    for row in 0..<rowCount {
      direction[row] = max(0, -direction[row])
      least -= direction[row] * limits[row]
      magnitude += abs(direction[row] * limits[row])
    }
    for group in 0..<groupCount {
      var smallest = Double.infinity
      for place in places(of: group) where isLeft(place) {
        var sum = 0.0
        for row in 0..<rowCount { sum += direction[row] * weight(row, place) }
        smallest = min(smallest, sum)
      }
      least += smallest
      magnitude += abs(smallest)
    }
    return least > 1e-12 * magnitude
  }

  private func recompute() -> Bool {
    keyCost = 0
    for group in 0..<groupCount { keyCost += cost[Int(key[group])] }
    for row in 0..<rowCount {
      let weights = weights + row * size
      var sum = 0.0
      for group in 0..<groupCount { sum += weights[Int(key[group])] }
      load[row] = sum
    }
    return factorise()
  }

  /// Inverts the working basis, which is small, and takes parts, duals and bound from it; false where it is singular.
  private func factorise() -> Bool {
    let count = rowCount
    for column in 0..<count {
      let place = Int(working[column])
      let key = place >= 0 ? Int(key[group(of: working[column])]) : 0
      for row in 0..<count {
        matrix[row * count + column] =
          place >= 0 ? weight(row, place) - weight(row, key) : (row == -1 - place ? 1 : 0)
        inverse[row * count + column] = row == column ? 1 : 0
      }
    }
    guard invert() else { return false }
    bound = keyCost
    for row in 0..<count { (part[row], dual[row]) = (0, 0) }
    for column in 0..<count {
      let place = Int(working[column])
      let extra = place >= 0 ? cost[place] - cost[Int(key[group(of: working[column])])] : 0
      for row in 0..<count {
        part[column] += inverse[column * count + row] * (limits[row] - load[row])
        dual[row] -= extra * inverse[column * count + row]
      }
    }
    for row in 0..<count { bound += dual[row] * (load[row] - limits[row]) }
    return true
  }

  /// Gauss and Jordan's elimination with row exchanges.
  private func invert() -> Bool {
    let count = rowCount
    for column in 0..<count {
      var pivot = column
      for row in column..<count where abs(matrix[row * count + column]) > abs(matrix[pivot * count + column]) {
        pivot = row
      }
      guard abs(matrix[pivot * count + column]) > Self.smallestPivot else { return false }
      if pivot != column {
        for entry in 0..<count {
          (matrix[pivot * count + entry], matrix[column * count + entry]) =
            (matrix[column * count + entry], matrix[pivot * count + entry])
          (inverse[pivot * count + entry], inverse[column * count + entry]) =
            (inverse[column * count + entry], inverse[pivot * count + entry])
        }
      }
      let factor = 1 / matrix[column * count + column]
      for entry in 0..<count {
        matrix[column * count + entry] *= factor
        inverse[column * count + entry] *= factor
      }
      for row in 0..<count where row != column && matrix[row * count + column] != 0 {
        let factor = matrix[row * count + column]
        for entry in 0..<count {
          matrix[row * count + entry] -= factor * matrix[column * count + entry]
          inverse[row * count + entry] -= factor * inverse[column * count + entry]
        }
      }
    }
    return true
  }

  /// The Lagrangian bound of the present duals, whatever they are; sets ``reducedCost``.
  ///
  /// No point that keeps the rows and takes choices that are left costs less, and none with a certain choice costs less than
  /// the bound plus that choice's reduced cost.
  func evaluate() -> Double {
    var sum = 0.0
    for row in 0..<rowCount {
      dual[row] = max(0, dual[row])
      sum -= dual[row] * limits[row]
    }
    switch rowCount {
    case 2: sum += evaluateGroups(2)
    case 3: sum += evaluateGroups(3)
    case 4: sum += evaluateGroups(4)
    default: sum += evaluateGroups(rowCount)
    }
    return sum
  }

  @inline(__always) private func evaluateGroups(_ rows: Int) -> Double {
    var sum = 0.0
    for group in 0..<groupCount {
      let places = places(of: group)
      var least = Lanes(repeating: .infinity)
      for place in stride(from: places.lowerBound, to: places.upperBound, by: Lanes.scalarCount) {
        var value = lanes(price, place)
        for row in 0..<rows { value += dual[row] * lanes(weights, row * size + place) }
        store(value, place)
        least.replace(with: value, where: value .< least)
      }
      let smallest = least.min()
      sum += smallest
      for place in stride(from: places.lowerBound, to: places.upperBound, by: Lanes.scalarCount) {
        store(lanes(reducedCost, place) - smallest, place)
      }
    }
    return sum
  }

  @inline(__always) private func store(_ value: Lanes, _ place: Int) {
    UnsafeMutableRawPointer(reducedCost + place).storeBytes(of: value, as: Lanes.self)
  }
}
