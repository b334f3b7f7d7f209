/// The groups of a selection in an order in which each interacts with the one before it at most; such an order exists where
/// interactions form paths.
struct SelectionChain {
  /// The groups in order.
  let groups: [Int]
  /// The interactions between a group and the one before it; none where a path begins.
  let links: [[Int]]

  /// `nil` where interactions form a branch or a circle.
  init?(_ tables: SelectionTables) {
    var neighbours = [[Int]](repeating: [], count: tables.groupCount)
    for interaction in tables.interactions where !neighbours[interaction.first].contains(interaction.second) {
      neighbours[interaction.first].append(interaction.second)
      neighbours[interaction.second].append(interaction.first)
    }
    guard neighbours.allSatisfy({ $0.count <= 2 }) else { return nil }
    var (order, links, isPlaced) = ([Int](), [[Int]](), [Bool](repeating: false, count: tables.groupCount))
    for end in neighbours.indices where neighbours[end].count < 2 && !isPlaced[end] {
      var (previous, next): (Int?, Int?) = (nil, end)
      while let group = next {
        isPlaced[group] = true
        order.append(group)
        links.append(
          tables.interactionsOfGroup[group].filter { index in
            let interaction = tables.interactions[index]
            return previous == interaction.first || previous == interaction.second
          })
        next = neighbours[group].first { !isPlaced[$0] }
        previous = group
      }
    }
    // What has no end is a circle.
    guard order.count == tables.groupCount else { return nil }
    (groups, self.links) = (order, links)
  }
}
