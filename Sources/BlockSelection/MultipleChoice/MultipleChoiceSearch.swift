import MixedInteger

/// Finds the best selection of a ``MultipleChoiceProgram`` and proves that none is better: depth-first branch and bound
/// over the relaxation.
///
/// - A guess of how far the optimum lies above the root's bound leaves few choices: those whose reduced cost is smaller (the
///   core; Balas and Zemel, 1980). Where the core holds no selection within the guess, none exists, and the guess grows
///   so much that a few times as many selections are left; so the proof does not wait for a good selection from elsewhere.
/// - Where few selections are left they are gone through (``MultipleChoiceMeeting``).
/// - Other nodes part the choices of a divided group in two along what the group's parts disagree in. All divided groups, at
///   most as many as there are budgets, are tried, and the one whose two halves raise the bound most is taken (strong branching).
///   Where the halves' bounds promise not to save enough, the node is gone through after all.
/// - Choices whose reduced cost would lift the node's bound to the cutoff leave the node.
struct MultipleChoiceSearch {
  /// When to end.
  struct Limits {
    /// A selection within this fraction of the bound is good enough.
    var gap = 0.0
    /// How many of the best selections are wanted.
    var count = 1
    /// Only selections of a smaller goal are wanted.
    var cutoff = Double.infinity
    /// Whether the first selection found is good enough.
    var isFirstEnough = false
    /// Asked now and then.
    var mustStop: () -> StopReason? = { nil }
  }

  /// What was found.
  struct Answer {
    /// The best selections, as places in the tables, from the best on; as many as were wanted where there are so many.
    var selections: [[Int]] = []
    /// No selection's goal, as the program minimises it, is less; infinite where there is none at all.
    var bound = Double.infinity
    var stopped = StopReason.proved
    var nodes = 0
  }

  private let program: MultipleChoiceProgram
  private let limits: Limits
  private let counts: ([Int]) -> Bool
  private var relaxation: MultipleChoiceRelaxation
  private var meeting: MultipleChoiceMeeting
  private var answer = Answer()
  /// The costs of the answer's selections.
  private var costs: [Double] = []
  /// The cost of the worst selection that is wanted; infinite while there are fewer.
  private var best = Double.infinity
  /// Selections above this are left out for now.
  private var guess = Double.infinity
  /// Nodes of more selections of halves are parted.
  private var mostSelections: Double
  /// How many selections of halves the next look further may take: more after one that was of use, fewer after others.
  private var lookBudget = firstLooked
  /// Work of going through nodes, looks further left out.
  private var workOfNodes = 0.0
  /// The least bound among nodes that were left.
  private var openBound = Double.infinity
  /// Differences of costs below this are not told apart.
  private var resolution: Double

  /// The part of the costs' largest sum that is not told apart: more than sums in `Double` can be wrong.
  private static let relativeResolution = 1e-12
  private static let pivotLimit = 2000
  /// Nodes of fewer selections of halves are gone through at once.
  private static let fewSelections = 4000.0
  /// Nodes of more are parted. With many rows lookups tell less apart, and parting saves more.
  private static let (mostSelections, mostSelectionsOfManyRows) = (1e9, 1e6)
  private static let fewRows = 4
  /// Where going through took too long, so many times fewer are too many from then on.
  private static let caution = 4.0
  /// More are not kept in a grid: they take some 150 bytes each.
  private static let mostKept = 1e6
  /// A node is parted where its halves promise to have fewer selections by this factor.
  private static let worthwhile = 2.0
  /// Pivots of a trial of a half.
  private static let trialPivots = 30
  /// Trials of more divided groups take so long that the clock is looked at between them.
  private static let manyGroups = 8
  /// Parts may differ from 0 and 1 by this.
  private static let wholeness = 1e-7
  /// More selections are not made of one point.
  private static let largestMixture = 64
  /// Before a guess that leaves more selections, so many times its width is looked at, in so large a part of them.
  private static let (leastLooked, manyChoices) = (1e6, 20_000)
  private static let looks = [2.0, 4, 8]
  private static let (shareOfLooks, firstLooked, mostLooked) = (8.0, 3e5, 3e6)

  /// The best selection of a program.
  ///
  /// - Parameters:
  ///   - start: a selection that counts, as places in the tables.
  ///   - counts: whether a selection, given as places in the tables, keeps the budgets in exact sums and is wanted.
  static func solve(
    _ program: MultipleChoiceProgram, start: [Int]? = nil, limits: Limits = Limits(), counts: @escaping ([Int]) -> Bool
  ) -> Answer {
    var search = MultipleChoiceSearch(program, limits, counts)
    if let start {
      let choices = zip(program.places, start).compactMap { $0.firstIndex(of: $1) }
      if choices.count == start.count { search.offer(choices) }
    }
    search.run()
    return search.answer
  }

  private init(_ program: MultipleChoiceProgram, _ limits: Limits, _ counts: @escaping ([Int]) -> Bool) {
    (self.program, self.limits, self.counts) = (program, limits, counts)
    best = limits.cutoff - program.offset
    let isFew = program.rowCount <= Self.fewRows
    mostSelections = isFew ? Self.mostSelections : Self.mostSelectionsOfManyRows
    resolution = Self.relativeResolution * program.costs.reduce(0) { $0 + ($1.max() ?? 0) }
    relaxation = MultipleChoiceRelaxation(program, keeping: Self.fitting(program))
    meeting = MultipleChoiceMeeting(relaxation, of: program)
    let mustStop = limits.mustStop
    relaxation.mustStop = { mustStop() != nil }
  }

  /// The choices that keep every row if all other groups take their smallest.
  private static func fitting(_ program: MultipleChoiceProgram) -> [[Int]] {
    program.costs.indices.map { group in
      let fitting = program.costs[group].indices.filter { choice in
        program.limits.indices.allSatisfy { program.weights[$0][group][choice] <= program.limits[$0] }
      }
      return fitting.isEmpty ? Array(program.costs[group].indices) : fitting
    }
  }

  /// Nodes with such a bound are not looked at.
  private var cutoff: Double { cutoff(below: guess) }

  /// What a wanted selection costs less than, where it also costs less than `guess`.
  private func cutoff(below guess: Double) -> Double {
    guard best < .infinity else { return guess }
    // Below any bound, but finite, as kernels compute with it.
    if limits.isFirstEnough, !costs.isEmpty { return -1e9 * (1 + abs(best)) }
    return min(guess, best - max(resolution, limits.gap * abs(best + program.offset)))
  }

  /// Takes a selection for the answer where it counts and is better. Choices are the program's.
  private mutating func offer(_ choices: [Int]) {
    var cost = 0.0
    for (group, choice) in choices.enumerated() { cost += program.costs[group][choice] }
    guard cost < best else { return }
    let selection = zip(program.places, choices).map { $0[$1] }
    guard !answer.selections.contains(selection), counts(selection) else { return }
    let place = costs.firstIndex { cost < $0 } ?? costs.count
    costs.insert(cost, at: place)
    answer.selections.insert(selection, at: place)
    guard costs.count >= limits.count else { return }
    costs.removeSubrange(limits.count...)
    answer.selections.removeSubrange(limits.count...)
    best = costs[limits.count - 1]
  }

  // MARK: The core

  private mutating func run() {
    guard program.limits.allSatisfy({ $0 >= 0 }) else { return finish(bound: .infinity) }
    let outcome = relaxation.solve(changed: -1, cutoff: .infinity, pivotLimit: 100 * Self.pivotLimit)
    if outcome == .infeasible { return finish(bound: .infinity) }
    roundPoint()
    let root = relaxation.evaluate()
    // What the rows give way is worth something: selections of equal cost must not look better by that.
    for row in 0..<program.rowCount { resolution += 4 * relaxation.dual[row] * program.slack[row] }
    if let reason = limits.mustStop() {
      answer.stopped = reason
      return finish(bound: root)
    }
    let whole = relaxation
    let reduced = (0..<whole.size).filter { whole.isLeft($0) }.map { (place: $0, cost: whole.reducedCost[$0]) }
    let widths = CoreWidths(whole.layout, reduced)
    let groups = max(4 * program.rowCount, program.groupCount / 2)
    var width = widths.first(least: max(1000 * resolution, .leastNormalMagnitude), groups: groups)
    var floor = root
    // No selection costs as much.
    let costliest = 2 * program.costs.reduce(0) { $0 + ($1.max() ?? 0) } + max(1, abs(root))
    while true {
      let selections = widths.selections(below: width)
      let isLarge = whole.choiceCount > Self.manyChoices
      if selections > Self.leastLooked || isLarge, root + width < cutoff(below: .infinity) {
        // Where nodes are soon done with, looks must not take longer than they; large problems begin with a look.
        let share = isLarge ? selections : min(selections, workOfNodes)
        let most = min(lookBudget, max(CoreWidths.firstSelections, share / Self.shareOfLooks))
        let isFound = lookFurther(whole, reduced, root, width, most)
        if isFound {
          lookBudget = min(Self.mostLooked, 4 * lookBudget)
        } else if most == lookBudget {
          lookBudget /= 1.5
        }
      }
      guess = root + width
      let isAll = !shrink(whole, to: reduced.filter { root + $0.cost < cutoff }.map(\.place))
      if isAll { guess = max(guess, costliest) }
      if answer.stopped == .proved, root < cutoff {
        let work = meeting.work
        descend()
        workOfNodes += meeting.work - work
      }
      if answer.stopped != .proved { return finish(bound: max(floor, min(openBound, max(root, cutoff)))) }
      guard cutoff >= guess, !isAll else { break }
      floor = guess
      width = widths.next(after: width)
    }
    guess = .infinity
    finish(bound: cutoff < best - resolution ? max(root, cutoff) : .infinity)
  }

  /// Looks for a selection that costs more than `width` allows among so few choices that about `most` selections of halves
  /// are gone through: what is found bounds all that follows, and is the answer where time runs out. Returns whether it
  /// found any.
  private mutating func lookFurther(
    _ whole: MultipleChoiceRelaxation, _ reduced: [(place: Int, cost: Double)], _ root: Double, _ width: Double,
    _ most: Double
  ) -> Bool {
    let widest = width * (Self.looks.last ?? 1)
    let (sorted, known) = (reduced.filter { $0.cost < widest }.sorted { $0.cost < $1.cost }, best)
    for factor in Self.looks {
      guess = root + factor * width
      let count = CoreWidths.count(of: sorted, whole.layout, below: cutoff - root, most: most)
      _ = shrink(whole, to: sorted[..<count].map(\.place))
      guard relaxation.solve(changed: -1, cutoff: cutoff, pivotLimit: Self.pivotLimit) != .infeasible else { continue }
      let bound = relaxation.evaluate()
      guard bound < cutoff else { continue }
      meeting.load(relaxation, room: cutoff - bound)
      _ = goThrough(bound)
      // Few choices say nothing about the others.
      if answer.stopped != .proved { openBound = root }
      if best < known || answer.stopped != .proved { return true }
    }
    return false
  }

  /// Makes the relaxation one over some choices of the whole and those of its basis; returns whether any is missing.
  private mutating func shrink(_ whole: MultipleChoiceRelaxation, to places: [Int]) -> Bool {
    var kept = [[Int]](repeating: [], count: program.groupCount)
    var home = [Int](repeating: -1, count: whole.size)
    let basis = whole.basis
    let needed = Set(basis.filter { $0 >= 0 }.map(Int.init)).union(places).sorted()
    for place in needed { kept[Int(whole.layout.group[place])].append(Int(whole.layout.choice[place])) }
    relaxation = MultipleChoiceRelaxation(program, keeping: kept)
    relaxation.mustStop = whole.mustStop
    meeting = MultipleChoiceMeeting(relaxation, of: program)
    var next = (0..<program.groupCount).map { relaxation.places(of: $0).lowerBound }
    for place in needed {
      let group = Int(whole.layout.group[place])
      home[place] = next[group]
      next[group] += 1
    }
    relaxation.basis = basis.map { $0 < 0 ? $0 : Int32(home[Int($0)]) }
    return needed.count < whole.choiceCount
  }

  private mutating func finish(bound: Double) {
    answer.bound = min(bound, costs.first ?? .infinity) + program.offset
    if answer.stopped == .proved, bound < best { answer.stopped = .gap }
  }

  // MARK: Nodes

  /// A half of a node's choices.
  private struct Child {
    var removed: [Int32]
    var bound: Double
    var basis: MultipleChoiceRelaxation.Basis
  }

  /// A node whose halves are looked at in turn.
  private struct Frame {
    var group: Int
    var children: [Child]
    /// How many choices were removed at the node.
    var removedCount: Int
    var removedBefore: Int
  }

  /// Looks at all nodes below the present relaxation. The stack is kept here, since a path may be as long as there are
  /// choices.
  private mutating func descend() {
    var stack: [Frame] = []
    if let frame = expand(changed: -1) { stack.append(frame) }
    while let top = stack.indices.last {
      relaxation.restoreChoices(stack[top].removedCount)
      guard let child = stack[top].children.popLast() else {
        relaxation.restoreChoices(stack[top].removedBefore)
        stack.removeLast()
        continue
      }
      if answer.stopped != .proved || child.bound >= cutoff {
        if answer.stopped != .proved { openBound = min(openBound, child.bound) }
        continue
      }
      for place in child.removed { relaxation.remove(Int(place)) }
      relaxation.basis = child.basis
      let group = stack[top].group
      if let frame = expand(changed: group) { stack.append(frame) }
    }
  }

  /// Solves a node and parts it; `nil` where it is done with. Leaves choices removed for the frame to put back.
  private mutating func expand(changed: Int) -> Frame? {
    let before = relaxation.removedCount
    var changed = changed
    while true {
      answer.nodes += 1
      if answer.nodes & 63 == 0, let reason = limits.mustStop() { answer.stopped = reason }
      let outcome = relaxation.solve(changed: changed, cutoff: cutoff, pivotLimit: Self.pivotLimit)
      if outcome == .infeasible { break }
      if outcome == .stuck, let reason = limits.mustStop() { answer.stopped = reason }
      let bound = relaxation.evaluate()
      if bound >= cutoff { break }
      if answer.stopped != .proved {
        openBound = min(openBound, bound)
        break
      }
      if outcome != .stuck { roundPoint() }
      if bound >= cutoff { break }
      for place in 0..<relaxation.size where relaxation.isLeft(place) && bound + relaxation.reducedCost[place] >= cutoff
      {
        relaxation.remove(place)
      }
      let room = cutoff - bound
      if room < .infinity { meeting.load(relaxation, room: room) }
      let selections = room < .infinity ? meeting.selections(below: room) : .infinity
      if selections < min(Self.fewSelections, mostSelections) {
        if goThrough(bound) { break }
        mostSelections = selections / Self.caution
      }
      switch outcome == .stuck ? nil : bestParting(bound) {
      case .done: relaxation.restoreChoices(before); return nil
      case .parted(let group, let children):
        let promised = children.reduce(0) { $0 + meeting.selections(below: cutoff - $1.bound) }
        if isWorth(selections, room, promised) {
          if goThrough(bound) {
            relaxation.restoreChoices(before)
            return nil
          }
          mostSelections = selections / Self.caution
        }
        return Frame(
          group: group, children: children.sorted { $0.bound > $1.bound }, removedCount: relaxation.removedCount,
          removedBefore: before)
      case .reduced(let group, let child):
        for place in child.removed { relaxation.remove(Int(place)) }
        relaxation.basis = child.basis
        changed = group
      case nil:
        guard let (group, children) = wholeParting(bound) else {
          offerWhatIsLeft()
          relaxation.restoreChoices(before)
          return nil
        }
        return Frame(group: group, children: children, removedCount: relaxation.removedCount, removedBefore: before)
      }
    }
    relaxation.restoreChoices(before)
    return nil
  }

  /// Whether a node is gone through rather than parted into halves that promise so many selections.
  private func isWorth(_ selections: Double, _ room: Double, _ promised: Double) -> Bool {
    selections < min(mostSelections, Self.worthwhile * promised) && meeting.selections(below: room / 2) < Self.mostKept
  }

  /// Goes through the selections of the node that `meeting` has taken over; returns whether the node is done with.
  private mutating func goThrough(_ bound: Double) -> Bool {
    let (meeting, layout, mustStop) = (meeting, relaxation.layout, limits.mustStop)
    var reason: StopReason?
    let isDone = meeting.run(
      room: cutoff - bound,
      mustStop: {
        reason = mustStop()
        return reason != nil
      },
      found: {
        offer((0..<program.groupCount).map { Int(layout.choice[meeting.place(of: $0)]) })
        return cutoff - bound
      })
    if let reason, !isDone {
      answer.stopped = reason
      openBound = min(openBound, bound)
    }
    return isDone || reason != nil
  }

  private enum Parting {
    /// Neither half of a group can hold anything better.
    case done
    /// One half cannot, so that the other is the node.
    case reduced(Int, Child)
    case parted(Int, [Child])
  }

  /// Tries every divided group; `nil` where no group is divided.
  private mutating func bestParting(_ bound: Double) -> Parting? {
    let groups = dividedGroups()
    guard !groups.isEmpty else { return nil }
    let basis = relaxation.basis
    var (best, bestScore): (Parting?, Double) = (nil, -1)
    for group in groups {
      // With many rows a group's trials take a while; the node is parted at the next look at the clock.
      if groups.count > Self.manyGroups, limits.mustStop() != nil { return nil }
      if group != groups[0] {
        relaxation.basis = basis
        relaxation.refresh()
      }
      let (low, high) = halves(of: group)
      var children: [Child] = []
      var score = 1.0
      for removed in [high, low] {
        relaxation.basis = basis
        let (value, child) = trial(removed, group, bound)
        if value < cutoff { children.append(Child(removed: removed, bound: value, basis: child)) }
        score *= max(min(value, cutoff) - bound, 1e-6 * (cutoff - bound))
      }
      if children.isEmpty { return .done }
      if children.count == 1 { return .reduced(group, children[0]) }
      if score > bestScore { (best, bestScore) = (.parted(group, children), score) }
    }
    return best
  }

  /// The bound of the node without some choices, after some pivots, and the basis that they lead to.
  private func trial(_ removed: [Int32], _ group: Int, _ bound: Double) -> (Double, MultipleChoiceRelaxation.Basis) {
    let count = relaxation.removedCount
    for place in removed { relaxation.remove(Int(place)) }
    let outcome = relaxation.solve(changed: group, cutoff: cutoff, pivotLimit: Self.trialPivots)
    let value =
      switch outcome {
      case .infeasible: Double.infinity
      case .cutOff, .optimal: relaxation.evaluate()
      case .stuck: bound
      }
    let basis = relaxation.basis
    relaxation.restoreChoices(count)
    return (max(value, bound), basis)
  }

  /// The groups that the relaxation's point divides.
  private func dividedGroups() -> [Int] {
    groupsWithWorkingChoices().filter { group in
      relaxation.parts(of: group).allSatisfy { $0.part < 1 - Self.wholeness }
    }
  }

  /// The groups in which more than the key may take part, each once.
  private func groupsWithWorkingChoices() -> [Int] {
    var groups: [Int] = []
    for row in 0..<program.rowCount where relaxation.working[row] >= 0 {
      let group = relaxation.group(of: relaxation.working[row])
      if !groups.contains(group) { groups.append(group) }
    }
    return groups
  }

  /// The choices of a divided group on the one and the other side of its point.
  ///
  /// The side is told along what the two largest parts differ by, each row in units of the goal; so either half lacks
  /// one.
  private func halves(of group: Int) -> ([Int32], [Int32]) {
    let parts = relaxation.parts(of: group).sorted { $0.part > $1.part }
    let (one, other) = (parts[0].place, parts[1].place)
    let rows = program.rowCount
    let direction = (0..<rows).map { row in
      let difference = relaxation.weight(row, other) - relaxation.weight(row, one)
      return max(relaxation.dual[row] * relaxation.dual[row], .leastNormalMagnitude) * difference
    }
    func side(_ place: Int) -> Double {
      var sum = 0.0
      for row in 0..<rows { sum += direction[row] * relaxation.weight(row, place) }
      return sum
    }
    let (from, to) = (side(one), side(other))
    var middle = parts.reduce(0) { $0 + $1.part * side($1.place) }
    if !(from <= middle && middle < to) { middle = (from + to) / 2 }
    var (low, high) = ([Int32](), [Int32]())
    for place in relaxation.places(of: group) where relaxation.isLeft(place) {
      if place == one || (place != other && side(place) <= middle) {
        low.append(Int32(place))
      } else {
        high.append(Int32(place))
      }
    }
    return (low, high)
  }

  /// Parts a node whose point is whole, but does not count: a group takes its choice or
  /// another one. `nil` where nothing is left to choose.
  private func wholeParting(_ bound: Double) -> (Int, [Child])? {
    for group in 0..<program.groupCount {
      let left = relaxation.places(of: group).filter { relaxation.isLeft($0) }
      guard left.count > 1 else { continue }
      let taken = Int(relaxation.key[group])
      let kept = left.contains(taken) ? taken : left[0]
      let basis = relaxation.basis
      let children = [[kept], left.filter { $0 != kept }].map {
        Child(removed: $0.map(Int32.init), bound: bound, basis: basis)
      }
      return (group, children)
    }
    return nil
  }

  // MARK: Rounding

  /// Offers the selection of a node that leaves one choice to every group.
  private mutating func offerWhatIsLeft() {
    offer(
      (0..<program.groupCount).map { group in
        let place = relaxation.places(of: group).first { relaxation.isLeft($0) }
        return Int(relaxation.layout.choice[place ?? Int(relaxation.key[group])])
      })
  }

  /// Offers every selection that the relaxation's point is a mixture of.
  private mutating func roundPoint() {
    var selection = (0..<program.groupCount).map { Int(relaxation.key[$0]) }
    // A key may take no part at all, and then it may be removed.
    let divided = groupsWithWorkingChoices().map { group in
      let parts = relaxation.parts(of: group).filter { $0.part > Self.wholeness && relaxation.isLeft($0.place) }
      return (group, parts.map(\.place))
    }
    func round(_ index: Int, _ search: inout MultipleChoiceSearch) {
      guard index < divided.count else {
        if search.fits(selection) { search.offer(selection.map { Int(search.relaxation.layout.choice[$0]) }) }
        return
      }
      for place in divided[index].1 {
        selection[divided[index].0] = place
        round(index + 1, &search)
      }
    }
    // Beyond a few divided groups, of which there are at most as many as rows, there are too many mixtures.
    if divided.reduce(1, { $0 * max(1, $1.1.count) }) <= Self.largestMixture { round(0, &self) }
  }

  /// Whether places of the relaxation keep its rows and cost less than what is known.
  private func fits(_ selection: [Int]) -> Bool {
    var cost = 0.0
    for place in selection { cost += relaxation.cost[place] }
    guard cost < best else { return false }
    for row in 0..<program.rowCount {
      var sum = 0.0
      for place in selection { sum += relaxation.weight(row, place) }
      if sum > relaxation.limits[row] { return false }
    }
    return true
  }
}
