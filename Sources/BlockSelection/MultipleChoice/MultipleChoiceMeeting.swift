/// Goes through all selections of a node by meeting in the middle (Horowitz and Sahni, 1974).
///
/// A selection costs the node's bound, plus the reduced costs of its choices, plus what it leaves unused of each row times
/// the row's dual. What the cutoff leaves above the bound is the *room*. The open groups are parted in two halves. In any
/// selection that counts, one of them costs less than half of the room. Such selections of a half are few and are kept in a grid;
/// those of the other half are gone through without being kept, and beside each of them those are looked up that
/// fill the rows so well that the room is worth more than what is left unused.
final class MultipleChoiceMeeting {
  typealias Rows = MultipleChoiceHalf.Rows

  /// So many selections are worth a part of the room that ``MultipleChoiceReach`` tells apart.
  private static let selectionsPerPart = 1000.0
  private static let mostParts = 64
  /// The clock is looked at after so many selections of a half and entries of the grid.
  private static let workBetweenLooks = 100_000
  /// So many are looked at for each that was expected before it is given up: where the grid tells too few apart.
  private static let mostWork = 16.0
  private static let leastWork = 1000.0

  private let rowCount: Int
  private let width: Int
  private let (groupCount, choiceCount): (Int, Int)
  private lazy var halves = (half(), half())
  private let layout: MultipleChoiceRelaxation.Layout
  /// What the cheapest choices leave of each row's limit, each row's dual, and what a selection of a half leaves.
  private let limit: UnsafeMutablePointer<Rows>
  private let dual: UnsafeMutablePointer<Rows>
  private let remaining: UnsafeMutablePointer<Rows>
  /// The places of each group's cheapest choice, and of those in the selection that was found.
  private var base: [Int32] = []
  private var taken: [Int32] = []
  private var counts = SelectionCounts(of: [], upTo: 1)
  /// Whether every group has a choice left.
  private var isPossible = false

  /// Room for the nodes of a relaxation.
  init(_ relaxation: MultipleChoiceRelaxation) {
    (rowCount, layout) = (relaxation.rowCount, relaxation.layout)
    let width = max(1, (relaxation.rowCount + Rows.scalarCount - 1) / Rows.scalarCount)
    func rows() -> UnsafeMutablePointer<Rows> {
      let pointer = UnsafeMutablePointer<Rows>.allocate(capacity: width)
      pointer.initialize(repeating: .zero, count: width)
      return pointer
    }
    (groupCount, choiceCount) = (relaxation.groupCount, relaxation.choiceCount)
    (self.width, limit, dual, remaining) = (width, rows(), rows(), rows())
  }

  private func half() -> MultipleChoiceHalf {
    MultipleChoiceHalf(width: width, departures: choiceCount, groups: groupCount)
  }

  deinit {
    for rows in [limit, dual, remaining] { rows.deallocate() }
  }

  /// The place that a group takes in the selection that was found.
  func place(of group: Int) -> Int { Int(taken[group]) }

  /// About how many selections of both halves cost less than `room`.
  func selections(below room: Double) -> Double { counts.selections(below: room) }

  // MARK: Loading

  /// Takes over the node that `relaxation` has just been evaluated at.
  func load(_ relaxation: MultipleChoiceRelaxation, room: Double) {
    var groups: [(base: Int, departures: ArraySlice<(reduced: Double, place: Int32)>)] = []
    base.removeAll(keepingCapacity: true)
    halves.0.removeAll()
    halves.1.removeAll()
    isPossible = false
    for group in 0..<relaxation.groupCount {
      var choices: [(reduced: Double, place: Int32)] = []
      for place in relaxation.places(of: group) where relaxation.isLeft(place) && relaxation.reducedCost[place] < room {
        choices.append((relaxation.reducedCost[place], Int32(place)))
      }
      guard choices.count != 1 else {
        base.append(choices[0].place)
        continue
      }
      choices.sort { $0.reduced < $1.reduced }
      guard let cheapest = choices.first else { return counts = SelectionCounts(of: [], upTo: room) }
      base.append(cheapest.place)
      groups.append((Int(cheapest.place), choices.dropFirst()))
    }
    isPossible = true
    groups.sort { $0.departures[1].reduced < $1.departures[1].reduced }
    counts = SelectionCounts(of: groups.map { $0.departures.map(\.reduced) }, upTo: room)
    for (index, group) in groups.enumerated() {
      (index % 2 == 0 ? halves.0 : halves.1).add(group.departures, base: group.base, relaxation)
    }
    loadRows(relaxation)
  }

  private func loadRows(_ relaxation: MultipleChoiceRelaxation) {
    for row in 0..<rowCount {
      var sum = 0.0
      for place in base { sum += relaxation.weight(row, Int(place)) }
      limit[row / Rows.scalarCount][row % Rows.scalarCount] = relaxation.limits[row] - sum
      dual[row / Rows.scalarCount][row % Rows.scalarCount] = relaxation.dual[row]
    }
  }

  // MARK: Going through

  /// What has been done, and what is left to do.
  private struct Progress {
    var room: Double
    /// Selections of a half and entries of the grid that were looked at, and how many may be.
    var work = 0
    var mostWork: Int
    /// When the clock is looked at next.
    var nextLook: Int
    var isStopped = false

    init(room: Double, mostWork: Int) {
      (self.room, self.mostWork) = (room, mostWork)
      nextLook = min(mostWork, MultipleChoiceMeeting.workBetweenLooks)
    }

    /// Whether to go on.
    @inline(__always) mutating func goesOn(_ mustStop: () -> Bool) -> Bool {
      if work >= nextLook {
        nextLook = min(mostWork, work + MultipleChoiceMeeting.workBetweenLooks)
        isStopped = isStopped || work >= mostWork || mustStop()
      }
      return !isStopped
    }
  }

  /// Goes through the node's selections.
  ///
  /// - Parameters:
  ///   - mustStop: asked now and then.
  ///   - found: told of each selection that keeps the rows and costs less than the room; answers with the room from there on.
  /// - Returns: whether everything was gone through: it was not where it had to stop, and where the grid was of little use.
  func run(room: Double, mustStop: () -> Bool, found: () -> Double) -> Bool {
    guard isPossible, room > 0 else { return true }
    let mostWork = Self.leastWork + Self.mostWork * counts.selections(below: room)
    var progress = Progress(room: room, mostWork: Int(min(1e15, mostWork)))
    let half = room / 2
    meet(kept: halves.0, below: half, halves.1, from: 0, &progress, mustStop, found)
    // What is left has a first half that costs more, and so a second one that costs less than the rest.
    if progress.room > half, !progress.isStopped {
      meet(kept: halves.1, below: progress.room - half, halves.0, from: half, &progress, mustStop, found)
    }
    return !progress.isStopped
  }

  /// Goes through the selections of a half that cost at least `least`, and looks up those of the other one beside each.
  private func meet(
    kept: MultipleChoiceHalf, below limitOfKept: Double, _ other: MultipleChoiceHalf, from least: Double,
    _ progress: inout Progress, _ mustStop: () -> Bool, _ found: () -> Double
  ) {
    // Copies: reads of a class's variables are checked for exclusive access.
    let (limit, dual, remaining, width) = (limit, dual, remaining, width)
    let slack = (0..<width).map { Rows(repeating: 1) / dual[$0] }
    let grid = MultipleChoiceGrid(
      kept, below: limitOfKept, room: progress.room,
      slack: (0..<rowCount).map { slack[$0 / Rows.scalarCount][$0 % Rows.scalarCount] })
    let parts = Int(min(Double(Self.mostParts), 1 + counts.selections(below: progress.room) / Self.selectionsPerPart))
    let reach = MultipleChoiceReach(kept, other, room: progress.room, parts: parts, slack: slack)
    var now = progress
    other.walk(room: now.room) { sum, weights, depth in
      now.work += 1
      guard now.goesOn(mustStop) else { return (-.infinity, false) }
      for part in 0..<width { remaining[part] = limit[part] - weights[part] }
      guard reach.contains(remaining, room: now.room - sum, group: other.nextGroup(depth)) else {
        return (now.room, false)
      }
      if sum >= least {
        let (work, room) = grid.match(sum, remaining, dual: dual, room: now.room) { slot in
          take(kept, grid.departures(slot), other, depth)
          return found()
        }
        (now.work, now.room) = (now.work + work, room)
      }
      return (now.room, true)
    }
    progress = now
  }

  /// Notes a selection.
  private func take(_ kept: MultipleChoiceHalf, _ departures: [Int32], _ other: MultipleChoiceHalf, _ depth: Int) {
    taken = base
    let places = departures.map(kept.place) + (0..<depth).map { other.place(other.departure($0 + 1)) }
    for place in places { taken[Int(layout.group[Int(place)])] = place }
  }
}
