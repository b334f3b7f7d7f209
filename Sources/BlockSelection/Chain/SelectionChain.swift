import Foundation

/// The groups of a selection in an order in which few of them at a time hold what comes before and what comes after
/// together: a path decomposition of the graph of interactions. Where interactions form paths it is one group at a time.
struct SelectionChain {
  /// The groups in order.
  let groups: [Int]
  /// By position, the interactions with groups before it.
  let links: [[Int]]
  /// By position, the groups up to it that interact with groups after it.
  let frontiers: [[Int]]
  /// The most groups with a choice that hold two parts together: 1 for paths and stars, 2 for circles.
  let width: Int

  /// `nil` where more than `widest` groups would hold two parts together.
  ///
  /// - Parameter candidates: the choices left, by group; those that are allowed where none are given.
  init?(_ tables: SelectionTables, candidates: [[Int]]? = nil, widest: Int) {
    let counts = candidates?.map(\.count) ?? tables.allowed.map { $0.count { $0 } }
    var order = FrontierOrder(tables, sizes: counts.map { log2(Double(max(1, $0))) })
    var (groups, links, frontiers, width) = ([Int](), [[Int]](), [[Int]](), 0)
    while let next = order.next() {
      links.append(
        tables.interactionsOfGroup[next].filter { index in
          let interaction = tables.interactions[index]
          return order.isPlaced[interaction.first == next ? interaction.second : interaction.first]
        })
      order.place(next)
      groups.append(next)
      frontiers.append(order.frontier)
      width = max(width, order.frontier.count { counts[$0] > 1 })
      guard width <= widest else { return nil }
    }
    (self.groups, self.links, self.frontiers, self.width) = (groups, links, frontiers, width)
  }
}

/// Places groups one after the other, each time the one after which fewest assignments of the frontier have to be told apart.
private struct FrontierOrder {
  private let neighbours: [Set<Int>]
  /// The logarithms of how many choices groups have.
  private let sizes: [Double]
  /// How many neighbours are not placed, by group.
  private var waiting: [Int]
  private(set) var isPlaced: [Bool]
  /// The placed groups with neighbours that are not.
  private(set) var frontier: [Int] = []
  /// The neighbours of the frontier that are not placed.
  private var near: Set<Int> = []
  /// By how much placing each of these next makes the logarithm of the frontier's assignments grow.
  private var growths: [Double]
  /// All groups, those first that fewest others meet.
  private var starts: [Int]

  init(_ tables: SelectionTables, sizes: [Double]) {
    var neighbours = [Set<Int>](repeating: [], count: tables.groupCount)
    for interaction in tables.interactions {
      neighbours[interaction.first].insert(interaction.second)
      neighbours[interaction.second].insert(interaction.first)
    }
    (self.neighbours, self.sizes) = (neighbours, sizes)
    waiting = neighbours.map(\.count)
    (isPlaced, growths) = (neighbours.map { _ in false }, neighbours.map { _ in 0 })
    starts = neighbours.indices.sorted { (neighbours[$0].count, $0) > (neighbours[$1].count, $1) }
  }

  /// The group to be placed next; `nil` where all are.
  mutating func next() -> Int? {
    if let next = near.min(by: { (growths[$0], $0) < (growths[$1], $1) }) { return next }
    while let start = starts.popLast() {
      if !isPlaced[start] { return start }
    }
    return nil
  }

  private func growth(_ group: Int) -> Double {
    let released = neighbours[group].reduce(0) { sum, other in
      isPlaced[other] && waiting[other] == 1 ? sum + sizes[other] : sum
    }
    return (waiting[group] > 0 ? sizes[group] : 0) - released
  }

  mutating func place(_ group: Int) {
    isPlaced[group] = true
    near.remove(group)
    for neighbour in neighbours[group] {
      waiting[neighbour] -= 1
      if !isPlaced[neighbour] { near.insert(neighbour) }
    }
    // What has changed: neighbours wait for one group less, and one that is last to be waited for releases.
    for neighbour in neighbours[group] where !isPlaced[neighbour] { growths[neighbour] = growth(neighbour) }
    for placed in [group] + neighbours[group] where isPlaced[placed] && waiting[placed] == 1 {
      for last in neighbours[placed] where !isPlaced[last] { growths[last] = growth(last) }
    }
    frontier.append(group)
    frontier.removeAll { waiting[$0] == 0 }
  }
}
