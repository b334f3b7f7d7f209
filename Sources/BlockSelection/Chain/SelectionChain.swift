/// The groups of a selection in an order in which few of them at a time hold what comes before and what comes after
/// together: a path decomposition of the graph of interactions. Where interactions form paths it is one group at a time.
struct SelectionChain {
  /// The groups in order.
  let groups: [Int]
  /// By position, the interactions with groups before it.
  let links: [[Int]]
  /// By position, the groups up to it that interact with groups after it.
  let frontiers: [[Int]]

  /// The most groups that hold two parts together: 1 for paths and stars, 2 for circles.
  var width: Int { frontiers.reduce(0) { max($0, $1.count) } }

  /// `nil` where more than `widest` groups would hold two parts together.
  init?(_ tables: SelectionTables, widest: Int) {
    var neighbours = [Set<Int>](repeating: [], count: tables.groupCount)
    for interaction in tables.interactions {
      neighbours[interaction.first].insert(interaction.second)
      neighbours[interaction.second].insert(interaction.first)
    }
    let sizes = tables.allowed.map { Double($0.count { $0 }) }
    // Groups that are not placed yet, by group.
    var waiting = neighbours
    var unplaced = Set(neighbours.indices)
    var (order, links, frontiers, present) = ([Int](), [[Int]](), [[Int]](), [Int]())

    /// The frontier once a group is placed.
    func frontier(with group: Int) -> [Int] {
      (present + [group]).filter { !waiting[$0].isEmpty && waiting[$0] != [group] }
    }
    func breadth(_ groups: [Int]) -> Double { groups.reduce(1) { $0 * sizes[$1] } }

    while !unplaced.isEmpty {
      let near = Set(present.flatMap { waiting[$0] }).sorted()
      // The one after which fewest assignments have to be told apart; a component begins where fewest others meet.
      let next =
        near.isEmpty
        ? unplaced.min { (neighbours[$0].count, $0) < (neighbours[$1].count, $1) }
        : near.min { breadth(frontier(with: $0)) < breadth(frontier(with: $1)) }
      guard let next else { break }
      links.append(
        tables.interactionsOfGroup[next].filter { index in
          let interaction = tables.interactions[index]
          return !unplaced.contains(interaction.first == next ? interaction.second : interaction.first)
        })
      present = frontier(with: next)
      guard present.count <= widest else { return nil }
      unplaced.remove(next)
      for neighbour in neighbours[next] { waiting[neighbour].remove(next) }
      order.append(next)
      frontiers.append(present)
    }
    (groups, self.links, self.frontiers) = (order, links, frontiers)
  }
}
