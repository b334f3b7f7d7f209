/// Goes through all selections of a node in which few choices are left, where that is cheaper than solving relaxations.
///
/// A selection costs the node's bound, plus the reduced costs of its choices, plus what it leaves unused of each row times
/// the row's dual. So depth-first search leaves a branch as soon as the first two exceed the cutoff, together with
/// what must remain unused whatever follows.
final class MultipleChoiceEnumeration {
  /// Rows that are looked at at once.
  private typealias Rows = SIMD4<Double>

  private let rowCount: Int
  /// How many vectors hold a number for every row.
  private let width: Int
  private let limit: UnsafeMutablePointer<Rows>
  private let dual: UnsafeMutablePointer<Rows>
  /// By choice that is left in a group with several: its place, reduced cost, cost and weights.
  private let place: UnsafeMutablePointer<Int32>
  private let reduced: UnsafeMutablePointer<Double>
  private let cost: UnsafeMutablePointer<Double>
  private let weight: UnsafeMutablePointer<Rows>
  /// By depth: the group, its first choice, the choice that comes next, and sums over what is chosen before.
  private let group: UnsafeMutablePointer<Int32>
  private let first: UnsafeMutablePointer<Int>
  private let end: UnsafeMutablePointer<Int>
  private let cursor: UnsafeMutablePointer<Int>
  private let reducedSum: UnsafeMutablePointer<Double>
  private let costSum: UnsafeMutablePointer<Double>
  private let weightSum: UnsafeMutablePointer<Rows>
  /// By depth: the least and the largest that this and all later groups can weigh.
  private let least: UnsafeMutablePointer<Rows>
  private let largest: UnsafeMutablePointer<Rows>
  private var depthCount = 0
  /// The place that each group takes.
  private let taken: UnsafeMutablePointer<Int32>

  /// Room for the nodes of a relaxation.
  init(_ relaxation: MultipleChoiceRelaxation) {
    func room<Element>(_ count: Int, _ value: Element) -> UnsafeMutablePointer<Element> {
      let pointer = UnsafeMutablePointer<Element>.allocate(capacity: max(1, count))
      pointer.initialize(repeating: value, count: max(1, count))
      return pointer
    }
    (rowCount, width) = (relaxation.rowCount, (relaxation.rowCount + Rows.scalarCount - 1) / Rows.scalarCount)
    let (depths, places) = (relaxation.groupCount + 1, relaxation.size)
    (limit, dual) = (room(width, .zero), room(width, .zero))
    (place, reduced, cost) = (room(places, -1), room(places, 0), room(places, 0))
    weight = room(places * width, .zero)
    group = room(depths, 0)
    (first, end, cursor) = (room(depths, 0), room(depths, 0), room(depths, 0))
    (reducedSum, costSum) = (room(depths, 0), room(depths, 0))
    (weightSum, least, largest) = (
      room(depths * width, .zero), room(depths * width, .zero), room(depths * width, .zero)
    )
    taken = room(depths, 0)
  }

  deinit {
    for rows in [limit, dual, weight, weightSum, least, largest] { rows.deallocate() }
    for numbers in [reduced, cost, reducedSum, costSum] { numbers.deallocate() }
    for places in [place, group, taken] { places.deallocate() }
    for indices in [first, end, cursor] { indices.deallocate() }
  }

  /// The place that a group takes in the selection that was found.
  func place(of group: Int) -> Int { Int(taken[group]) }

  /// Goes through the node that `relaxation` has just been evaluated at.
  ///
  /// - Parameters:
  ///   - visits: how many choices are looked at before it gives up.
  ///   - found: told of each selection that keeps the rows and costs less than the cutoff, which it answers anew.
  /// - Returns: whether everything was gone through.
  func run(
    _ relaxation: MultipleChoiceRelaxation, bound: Double, cutoff: Double, visits: Int, found: () -> Double
  ) -> Bool {
    guard load(relaxation) else { return true }
    // A local copy: reads of a class's variable are checked for exclusive access, which here costs a tenth of the time.
    let depthCount = depthCount
    var (cutoff, visits, depth) = (cutoff, visits, 0)
    if depthCount == 0 {
      if costSum[0] < cutoff { _ = found() }
      return true
    }
    cursor[0] = first[0]
    while depth >= 0 {
      let entry = cursor[depth]
      // The choices are in order of reduced costs.
      guard entry < end[depth], bound + reducedSum[depth] + reduced[entry] < cutoff else {
        depth -= 1
        continue
      }
      cursor[depth] = entry + 1
      visits -= 1
      guard visits > 0 else { return false }
      let unused = add(entry, depth)
      guard unused >= 0, bound + reducedSum[depth + 1] + unused < cutoff else { continue }
      taken[Int(group[depth])] = place[entry]
      if depth + 1 < depthCount {
        depth += 1
        cursor[depth] = first[depth]
      } else if costSum[depth + 1] < cutoff {
        cutoff = found()
      }
    }
    return true
  }

  /// Sums with a choice more: the worth of what must remain unused, negative where a row must be broken.
  @inline(__always) private func add(_ entry: Int, _ depth: Int) -> Double {
    let next = depth + 1
    reducedSum[next] = reducedSum[depth] + reduced[entry]
    costSum[next] = costSum[depth] + cost[entry]
    var worth = Rows.zero
    for part in 0..<width {
      let sum = weightSum[depth * width + part] + weight[entry * width + part]
      weightSum[next * width + part] = sum
      let remaining = limit[part] - sum
      if any(remaining .< least[next * width + part]) { return -1 }
      let unused = remaining - largest[next * width + part]
      worth += dual[part] * unused.replacing(with: 0, where: unused .< 0)
    }
    return worth.sum()
  }

  // MARK: Loading

  /// Takes over what is left; false where a group has nothing left.
  private func load(_ relaxation: MultipleChoiceRelaxation) -> Bool {
    depthCount = 0
    reducedSum[0] = 0
    costSum[0] = 0
    for part in 0..<width { weightSum[part] = .zero }
    for row in 0..<rowCount {
      limit[row / Rows.scalarCount][row % Rows.scalarCount] = relaxation.limits[row]
      dual[row / Rows.scalarCount][row % Rows.scalarCount] = relaxation.dual[row]
    }
    var begin = 0
    for index in 0..<relaxation.groupCount {
      var end = begin
      for candidate in relaxation.places(of: index) where relaxation.isLeft(candidate) {
        insert(candidate, relaxation, begin, end)
        end += 1
      }
      guard end > begin else { return false }
      if end == begin + 1 {
        fix(index, begin, relaxation)
      } else {
        open(index, begin, end)
        begin = end
      }
    }
    for depth in 0..<depthCount {
      for entry in first[depth]..<end[depth] { loadWeights(entry, Int(place[entry]), relaxation) }
    }
    sumUp()
    return true
  }

  /// Puts a choice where its reduced cost belongs.
  private func insert(_ candidate: Int, _ relaxation: MultipleChoiceRelaxation, _ begin: Int, _ end: Int) {
    let value = relaxation.reducedCost[candidate]
    var entry = end
    while entry > begin, reduced[entry - 1] > value {
      (place[entry], reduced[entry], cost[entry]) = (place[entry - 1], reduced[entry - 1], cost[entry - 1])
      entry -= 1
    }
    (place[entry], reduced[entry], cost[entry]) = (Int32(candidate), value, relaxation.cost[candidate])
  }

  private func fix(_ index: Int, _ entry: Int, _ relaxation: MultipleChoiceRelaxation) {
    taken[index] = place[entry]
    reducedSum[0] += reduced[entry]
    costSum[0] += cost[entry]
    for row in 0..<rowCount {
      weightSum[row / Rows.scalarCount][row % Rows.scalarCount] += relaxation.weight(row, Int(place[entry]))
    }
  }

  /// Groups whose second choice costs most come first, so that as few beginnings as can be stay below the cutoff.
  private func open(_ index: Int, _ begin: Int, _ end: Int) {
    var depth = depthCount
    while depth > 0, reduced[first[depth - 1] + 1] < reduced[begin + 1] {
      (group[depth], first[depth], self.end[depth]) = (group[depth - 1], first[depth - 1], self.end[depth - 1])
      depth -= 1
    }
    (group[depth], first[depth], self.end[depth]) = (Int32(index), begin, end)
    depthCount += 1
  }

  private func loadWeights(_ entry: Int, _ place: Int, _ relaxation: MultipleChoiceRelaxation) {
    for row in 0..<rowCount {
      weight[entry * width + row / Rows.scalarCount][row % Rows.scalarCount] = relaxation.weight(row, place)
    }
  }

  /// What the groups from each depth on weigh at least and at most.
  private func sumUp() {
    for part in 0..<width { (least[depthCount * width + part], largest[depthCount * width + part]) = (.zero, .zero) }
    for depth in (0..<depthCount).reversed() {
      for part in 0..<width {
        var (low, high) = (weight[first[depth] * width + part], weight[first[depth] * width + part])
        for entry in first[depth] + 1..<end[depth] {
          let value = weight[entry * width + part]
          low.replace(with: value, where: value .< low)
          high.replace(with: value, where: value .> high)
        }
        least[depth * width + part] = least[(depth + 1) * width + part] + low
        largest[depth * width + part] = largest[(depth + 1) * width + part] + high
      }
    }
  }
}
