/// Half of a node's open groups: how its selections depart from the choices that cost least.
///
/// Groups stand in the order of what their cheapest departures cost, and the departures of a group in the order of their reduced
/// costs. So every step of a walk is a selection, and a walk turns back at the first departure that costs too much.
final class MultipleChoiceHalf {
  /// Rows that are looked at at once.
  typealias Rows = SIMD4<Double>

  /// How many vectors hold a number for every row.
  let width: Int
  /// By departure: its reduced cost, infinite behind the last one.
  let reduced: UnsafeMutablePointer<Double>
  /// By departure: what it weighs more than the choice that costs least.
  let weight: UnsafeMutablePointer<Rows>
  /// Each group's departures.
  private(set) var groups: [Range<Int>] = []
  /// By departure: its place, its group, and where the next group's departures begin.
  private let place: UnsafeMutablePointer<Int32>
  private let group: UnsafeMutablePointer<Int32>
  private let next: UnsafeMutablePointer<Int32>
  /// By departure: whether it is the cheapest of its group.
  private let isFirst: UnsafeMutablePointer<Bool>
  /// By depth of a walk: the departure taken, the one that comes next, and sums over those taken.
  private let taken: UnsafeMutablePointer<Int32>
  private let cursor: UnsafeMutablePointer<Int32>
  private let reducedSum: UnsafeMutablePointer<Double>
  private let weightSum: UnsafeMutablePointer<Rows>
  private var count = 0

  /// Room for so many departures and groups.
  init(width: Int, departures: Int, groups: Int) {
    func room<Element>(_ count: Int, _ value: Element) -> UnsafeMutablePointer<Element> {
      let pointer = UnsafeMutablePointer<Element>.allocate(capacity: count)
      pointer.initialize(repeating: value, count: count)
      return pointer
    }
    let (steps, depths) = (departures + 1, groups + 1)
    self.width = width
    (reduced, weight) = (room(steps, .infinity), room(steps * width, .zero))
    (place, group, next, isFirst) = (room(steps, -1), room(steps, 0), room(steps, 0), room(steps, true))
    (taken, cursor, reducedSum) = (room(depths, 0), room(depths, 0), room(depths, 0))
    weightSum = room(depths * width, .zero)
  }

  deinit {
    for numbers in [reduced, reducedSum] { numbers.deallocate() }
    for rows in [weight, weightSum] { rows.deallocate() }
    for indices in [place, group, next, taken, cursor] { indices.deallocate() }
    isFirst.deallocate()
  }

  /// Leaves no groups.
  func removeAll() {
    count = 0
    groups.removeAll(keepingCapacity: true)
    (reduced[0], isFirst[0]) = (.infinity, true)
  }

  /// Adds a group whose cheapest choice is at `base`; its departures cost no less than those of the groups before.
  func add(_ departures: ArraySlice<(reduced: Double, place: Int32)>, base: Int, _ relaxation: MultipleChoiceRelaxation)
  {
    let (first, end) = (count, count + departures.count)
    for departure in departures {
      (reduced[count], place[count]) = (departure.reduced, departure.place)
      (group[count], next[count], isFirst[count]) = (Int32(groups.count), Int32(end), count == first)
      for row in 0..<relaxation.rowCount {
        weight[count * width + row / Rows.scalarCount][row % Rows.scalarCount] =
          relaxation.weight(row, Int(departure.place)) - relaxation.weight(row, base)
      }
      count += 1
    }
    (reduced[end], isFirst[end]) = (.infinity, true)
    groups.append(first..<end)
  }

  /// Goes through the selections whose reduced costs sum to less than `room`, and always the one without departures.
  ///
  /// - Parameter visit: is told the sum, what the selection weighs more than the cheapest one, and how many departures
  ///   it has; answers with the room from there on, and whether to go on to selections with further departures.
  @inline(__always)
  func walk(room: Double, visit: (Double, UnsafePointer<Rows>, Int) -> (room: Double, goesOn: Bool)) {
    let (width, end) = (width, Int32(count))
    var depth = 0
    (reducedSum[0], cursor[0]) = (0, 0)
    for part in 0..<width { weightSum[part] = .zero }
    var (room, goesOn) = visit(0, weightSum, 0)
    if !goesOn { cursor[0] = end }
    while true {
      let index = Int(cursor[depth])
      let sum = reducedSum[depth] + reduced[index]
      if sum < room {
        cursor[depth] = Int32(index + 1)
        for part in 0..<width {
          weightSum[(depth + 1) * width + part] = weightSum[depth * width + part] + weight[index * width + part]
        }
        depth += 1
        (reducedSum[depth], taken[depth], cursor[depth]) = (sum, Int32(index), next[index])
        (room, goesOn) = visit(sum, weightSum + depth * width, depth)
        if !goesOn { cursor[depth] = end }
      } else if !isFirst[index] {
        cursor[depth] = next[index]
      } else if depth > 0 {
        depth -= 1
      } else {
        return
      }
    }
  }

  /// The departure that a walk has taken at a depth, from 1 on.
  @inline(__always) func departure(_ depth: Int) -> Int32 { taken[depth] }

  /// The first group that may still depart at a depth of a walk.
  @inline(__always) func nextGroup(_ depth: Int) -> Int { depth == 0 ? 0 : Int(group[Int(taken[depth])]) + 1 }

  /// The place of a departure.
  func place(_ departure: Int32) -> Int32 { place[Int(departure)] }
}
