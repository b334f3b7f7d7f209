import CKernels

/// Goes through all selections of a node by meeting in the middle (Horowitz and Sahni, 1974).
///
/// A selection costs the node's bound, plus the reduced costs of its choices, plus what it leaves unused of each row times
/// the row's dual. What the cutoff leaves above the bound is the *room*. The open groups are parted in two halves. In any
/// selection that counts, one of them costs less than half of the room. Such selections of a half are few and are kept in a grid;
/// those of the other half are gone through without being kept, and beside each of them those are looked up that
/// fill the rows so well that the room is worth more than what is left unused.
final class MultipleChoiceMeeting {
  /// So many selections are worth a part of the room that ``MultipleChoiceReach`` tells apart.
  private static let selectionsPerPart = 1000.0
  private static let mostParts = 64
  /// The clock is looked at after so much work.
  private static let workBetweenLooks: UInt64 = 100_000
  /// So much work is done for each selection that was expected before it is given up: where the grid tells too few apart.
  private static let mostWork = 16.0
  private static let leastWork = 1000.0
  /// The kernel that goes through.
  private static let kernel: qn_f64_meeting_function? = {
    var kernels: UnsafePointer<qn_f64_meeting_kernel>?
    let count = qn_f64_meeting_kernels(&kernels)
    return kernels?[Int(count) - 1].function
  }()

  /// The rows of a node, by row.
  struct Rows {
    /// What the cheapest choices leave of the limit.
    var limit: [Double] = []
    /// What a unit that is left unused costs.
    var dual: [Double] = []
    /// The row that limits the same from the other side, and what that lets be left unused.
    var opposite: [Int?]
    var mostUnused: [Double]
  }

  private let layout: MultipleChoiceRelaxation.Layout
  private var rows: Rows
  private var lanes = MultipleChoiceLanes(dual: [])
  private var halves = (MultipleChoiceHalf(), MultipleChoiceHalf())
  /// The places of each group's cheapest choice, and of those in the selection that was found.
  private var base: [Int32] = []
  private var taken: [Int32] = []
  private var counts = SelectionCounts(of: [], upTo: 1)
  /// Departures and blocks of kept selections that were looked at so far.
  private(set) var work = 0.0
  /// Whether every group has a choice left.
  private var isPossible = false

  /// Takes over nodes of a program's relaxation.
  init(_ relaxation: MultipleChoiceRelaxation, of program: MultipleChoiceProgram) {
    layout = relaxation.layout
    rows = Rows(opposite: program.opposite, mostUnused: program.mostUnused)
  }

  /// The place that a group takes in the selection that was found.
  func place(of group: Int) -> Int { Int(taken[group]) }

  /// About how many selections of both halves cost less than `room`.
  func selections(below room: Double) -> Double { counts.selections(below: room) }

  // MARK: Loading

  /// Takes over the node that `relaxation` has just been evaluated at.
  func load(_ relaxation: MultipleChoiceRelaxation, room: Double) {
    var groups: [(base: Int32, departures: ArraySlice<(reduced: Double, place: Int32)>)] = []
    base.removeAll(keepingCapacity: true)
    halves = (MultipleChoiceHalf(), MultipleChoiceHalf())
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
      groups.append((cheapest.place, choices.dropFirst()))
    }
    isPossible = true
    groups.sort { $0.departures[1].reduced < $1.departures[1].reduced }
    counts = SelectionCounts(of: groups.map { $0.departures.map(\.reduced) }, upTo: room)
    for (index, group) in groups.enumerated() {
      if index % 2 == 0 {
        halves.0.add(group.departures, base: group.base)
      } else {
        halves.1.add(group.departures, base: group.base)
      }
    }
    rows.limit = (0..<relaxation.rowCount).map { row in
      relaxation.limits[row] - base.reduce(0) { $0 + relaxation.weight(row, Int($1)) }
    }
    rows.dual = (0..<relaxation.rowCount).map { relaxation.dual[$0] }
    lanes = MultipleChoiceLanes(dual: rows.dual)
    halves.0.finish(lanes, relaxation)
    halves.1.finish(lanes, relaxation)
  }

  // MARK: Going through

  /// What has been done, and what is left to do.
  private struct Progress {
    var room: Double
    var work: UInt64 = 0
    var isDone = true
  }

  /// Goes through the node's selections.
  ///
  /// - Parameters:
  ///   - mustStop: asked now and then.
  ///   - found: told of each selection that keeps the rows and costs less than the room; answers with the room from there on.
  /// - Returns: whether everything was gone through: it was not where it had to stop, and where the grid was of little use.
  func run(room: Double, mustStop: () -> Bool, found: () -> Double) -> Bool {
    guard isPossible, room > 0 else { return true }
    let mostWork = UInt64(min(1e15, Self.leastWork + Self.mostWork * counts.selections(below: room)))
    var progress = Progress(room: room)
    let half = room / 2
    meet(kept: halves.0, below: half, halves.1, from: 0, &progress, mostWork, mustStop, found)
    // What is left has a first half that costs more, and so a second one that costs less than the rest.
    if progress.room > half, progress.isDone {
      meet(kept: halves.1, below: progress.room - half, halves.0, from: half, &progress, mostWork, mustStop, found)
    }
    work += Double(progress.work)
    return progress.isDone
  }

  /// What the kernel asks while it goes through.
  private struct Questions {
    var look: (UInt64) -> UInt64
    var found: (UnsafeBufferPointer<Int32>, Int) -> Double
  }

  /// Goes through the selections of a half that cost at least `least`, and looks up those of the other one beside each.
  private func meet(
    kept: MultipleChoiceHalf, below limitOfKept: Double, _ other: MultipleChoiceHalf, from least: Double,
    _ progress: inout Progress, _ mostWork: UInt64, _ mustStop: () -> Bool, _ found: () -> Double
  ) {
    let parts = Int(min(Double(Self.mostParts), 1 + counts.selections(below: progress.room) / Self.selectionsPerPart))
    let grid = MultipleChoiceGrid(kept, lanes, below: limitOfKept, room: progress.room, rows: rows)
    let reach = MultipleChoiceReach(kept, other, lanes, room: progress.room, parts: parts)
    let arguments = MeetingArguments(
      other, from: least, grid, reach, lanes, limit: rows.limit, dual: rows.dual, room: progress.room)
    withoutActuallyEscaping(mustStop) { mustStop in
      withoutActuallyEscaping(found) { found in
        var questions = Questions(
          look: { $0 >= mostWork || mustStop() ? 0 : min(mostWork, $0 + Self.workBetweenLooks) },
          found: { departures, slot in
            self.take(kept, grid.departures(slot), other, departures)
            return found()
          })
        var now = qn_f64_meeting_progress(
          room: progress.room, work: progress.work,
          next_look: min(mostWork, progress.work + Self.workBetweenLooks),
          look: { context, work in context.map { $0.assumingMemoryBound(to: Questions.self).pointee.look(work) } ?? 0 },
          found: { context, departures, depth, slot in
            let departures = UnsafeBufferPointer(start: departures, count: depth)
            return context.map { $0.assumingMemoryBound(to: Questions.self).pointee.found(departures, slot) } ?? 0
          }, context: nil)
        progress.isDone = withUnsafeMutablePointer(to: &questions) { questions in
          now.context = UnsafeMutableRawPointer(questions)
          var (meeting, memory) = (arguments.meeting, arguments.memory)
          return withExtendedLifetime(arguments) { Self.kernel?(&meeting, &now, &memory) == 1 }
        }
        (progress.room, progress.work) = (now.room, now.work)
      }
    }
  }

  /// Notes a selection.
  private func take(
    _ kept: MultipleChoiceHalf, _ keptDepartures: [Int32], _ other: MultipleChoiceHalf,
    _ departures: UnsafeBufferPointer<Int32>
  ) {
    taken = base
    func note(_ departure: MultipleChoiceHalf.Departure) {
      taken[Int(layout.group[Int(departure.place)])] = departure.place
    }
    for index in keptDepartures { note(kept.departures[Int(index)]) }
    for index in departures { note(other.departures[Int(index)]) }
  }
}
