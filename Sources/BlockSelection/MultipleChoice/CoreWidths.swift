/// How far above the root's bound cores reach: so far that a few times as many selections are left each time.
struct CoreWidths {
  /// How many selections of halves the first width leaves at most, and how many times as many each later one does.
  static let firstSelections = 2000.0
  private static let growth = 3.0
  /// A first width that leaves more shrinks by this.
  private static let shrinkage = 0.7
  /// Later widths are tried in so many steps up to twice the last one.
  private static let steps = 32

  /// Every group's reduced costs beside the least one, in order; groups stand in the order of their first.
  private let departures: [[Double]]

  /// The widths of cores of some choices of a relaxation, given with their reduced costs.
  init(_ layout: MultipleChoiceRelaxation.Layout, _ choices: some Sequence<(place: Int, cost: Double)>) {
    var groups = [[Double]](repeating: [], count: layout.first.count - 1)
    for (place, cost) in choices { groups[Int(layout.group[place])].append(cost) }
    departures = groups.filter { $0.count > 1 }.map { Array($0.sorted().dropFirst()) }.sorted { $0[0] < $1[0] }
  }

  /// About how many selections of halves cost less than `width`.
  func selections(below width: Double) -> Double {
    SelectionCounts(of: departures, upTo: width).selections(below: width)
  }

  /// A width of at least `least` that leaves few enough selections, and choices in about `groups` groups at most.
  func first(least: Double, groups: Int) -> Double {
    var width = departures.isEmpty ? 0 : departures[min(departures.count, groups) - 1][0]
    while width > least, selections(below: width) > Self.firstSelections { width *= Self.shrinkage }
    return max(width, least)
  }

  /// The width that leaves a few times as many selections, twice as large at most.
  func next(after width: Double) -> Double {
    let counts = SelectionCounts(of: departures, upTo: 2 * width)
    let wanted = Self.growth * max(counts.selections(below: width), Self.firstSelections)
    let widths = (1...Self.steps).map { width * (1 + Double($0) / Double(Self.steps)) }
    return widths.first { counts.selections(below: $0) >= wanted } ?? 2 * width
  }

  /// How many of the choices that cost least leave fewer than `most` selections below `width`.
  static func count(
    of choices: [(place: Int, cost: Double)], _ layout: MultipleChoiceRelaxation.Layout, below width: Double,
    most: Double
  ) -> Int {
    var (few, many) = (0, choices.count)
    while many - few > 1 {
      let middle = (few + many) / 2
      let isFew = CoreWidths(layout, choices[..<middle]).selections(below: width) < most
      if isFew { few = middle } else { many = middle }
    }
    return few
  }
}
