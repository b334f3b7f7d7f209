/// The classes of a ``ChainProgram``, position after position: what the frontier's groups take, where choices that mean the
/// same to the groups that follow are one.
struct ChainClasses {
  /// The groups that interact with groups to come.
  private(set) var frontier: [Int] = []
  /// By class, what the frontier's groups take: choices in the tables, one for all that mean the same.
  private(set) var assignments: [[Int]] = [[]]
  private let tables: SelectionTables
  private let candidates: [[Int]]
  private var isPlaced: [Bool]
  /// Whether widths have to match in one of a group's interactions.
  private let hasMatching: [Bool]
  /// In how many pairs with groups that are not placed yet each choice stands, by group.
  private var pairCounts: [[Int]]

  /// The one class before the first position.
  init(_ tables: SelectionTables, _ candidates: [[Int]]) {
    (self.tables, self.candidates) = (tables, candidates)
    isPlaced = [Bool](repeating: false, count: tables.groupCount)
    hasMatching = tables.interactionsOfGroup.map { $0.contains { !tables.interactions[$0].given.isEmpty } }
    pairCounts = tables.allowed.map { $0.map { _ in 0 } }
    for interaction in tables.interactions {
      for pair in interaction.pairs {
        pairCounts[interaction.first][pair.first] += 1
        pairCounts[interaction.second][pair.second] += 1
      }
    }
  }

  /// Places a group.
  ///
  /// - Parameters:
  ///   - frontier: the frontier from now on.
  ///   - isJoined: for each class and choice whether they may be taken together, `isJoined[class * choices + choice]`.
  /// - Returns: the class that each of these leads to; 0 where they may not.
  mutating func place(_ group: Int, frontier: [Int], isJoined: [Bool]) -> [Int32] {
    note(group)
    let choices = candidates[group]
    let meanings = frontier.map(meanings)
    // Where the groups of the new frontier stand in the old one; the group itself stands nowhere.
    let places = frontier.map { self.frontier.firstIndex(of: $0) }
    var known: [[Int]: Int32] = [:]
    var (following, next) = ([Int32](), [[Int]]())
    for (number, assignment) in assignments.enumerated() {
      for (place, choice) in choices.enumerated() {
        guard isJoined[number * choices.count + place] else {
          following.append(0)
          continue
        }
        let taken = zip(meanings, places).map { meanings, place in meanings[place.map { assignment[$0] } ?? choice] }
        let member = known[taken] ?? Int32(known.count)
        if member == known.count { next.append(taken) }
        known[taken] = member
        following.append(member)
      }
    }
    // Where nothing may be taken, there is one class that nothing leads to.
    (self.frontier, assignments) = (frontier, next.isEmpty ? [frontier.map { candidates[$0][0] }] : next)
    return following
  }

  /// Notes that a group is placed: its pairs are behind the others.
  private mutating func note(_ group: Int) {
    isPlaced[group] = true
    for index in tables.interactionsOfGroup[group] {
      let interaction = tables.interactions[index]
      for pair in interaction.pairs {
        if interaction.first == group {
          pairCounts[interaction.second][pair.second] -= 1
        } else {
          pairCounts[interaction.first][pair.first] -= 1
        }
      }
    }
  }

  /// For every choice of a group the first candidate that means the same to groups that are not placed yet: one that gives them
  /// the same, where neither stands in a pair.
  private func meanings(_ group: Int) -> [Int] {
    let matching = matchingInteractions(group)
    var known: [[Int]: Int] = [:]
    var meanings = Array(tables.allowed[group].indices)
    for choice in candidates[group] {
      let tags = matching.map { $0.first == group ? $0.given[choice] : $0.taken[choice] }
      let key = tags + [pairCounts[group][choice] > 0 ? choice : -1]
      meanings[choice] = known[key] ?? choice
      known[key] = meanings[choice]
    }
    return meanings
  }

  /// The interactions with groups that are not placed yet in which widths have to match.
  private func matchingInteractions(_ group: Int) -> [SelectionTables.Interaction] {
    guard hasMatching[group] else { return [] }
    return tables.interactionsOfGroup[group].lazy.map { tables.interactions[$0] }.filter {
      !$0.given.isEmpty && !isPlaced[$0.first == group ? $0.second : $0.first]
    }
  }
}
