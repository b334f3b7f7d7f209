/// Half of a node's open groups: how its selections depart from the choices that cost least.
///
/// Departures stand in the order of their reduced costs, whatever their group. So a selection is made of departures in that
/// order, and what may follow one of them begins behind it and ends at the first that costs too much.
struct MultipleChoiceHalf {
  /// A departure from the choice of a group that costs least.
  struct Departure {
    /// How much more it costs.
    var reduced: Double
    /// Its group within the half.
    var group: Int32
    /// Its place, and that of the choice that costs least.
    var place: Int32
    var base: Int32
  }

  /// The departures, from the one that costs least on.
  private(set) var departures: [Departure] = []
  private(set) var groupCount = 0
  /// By departure: its reduced cost, infinite behind the last one.
  private(set) var reduced: [Double] = []
  /// By departure: its group.
  private(set) var group: [Int32] = []
  /// By departure: what it weighs more than the choice that costs least, in every lane.
  private(set) var weight: [MultipleChoiceLanes.Lanes] = []

  /// Adds a group whose departures, as reduced costs and places, are those from the choice at `base`.
  mutating func add(_ choices: ArraySlice<(reduced: Double, place: Int32)>, base: Int32) {
    for choice in choices {
      departures.append(
        Departure(reduced: choice.reduced, group: Int32(groupCount), place: choice.place, base: base))
    }
    groupCount += 1
  }

  /// Puts the departures in order, once all groups are there.
  mutating func finish(_ lanes: MultipleChoiceLanes, _ relaxation: MultipleChoiceRelaxation) {
    departures.sort { $0.reduced < $1.reduced }
    reduced = departures.map(\.reduced) + [.infinity]
    group = departures.map(\.group)
    weight = [MultipleChoiceLanes.Lanes](repeating: .zero, count: departures.count * lanes.width)
    for (index, departure) in departures.enumerated() {
      lanes.set(&weight, index) { row in
        relaxation.weight(row, Int(departure.place)) - relaxation.weight(row, Int(departure.base))
      }
    }
  }

  /// The departures of every group.
  func departuresByGroup() -> [[Int]] {
    var groups = [[Int]](repeating: [], count: groupCount)
    for (index, group) in group.enumerated() { groups[Int(group)].append(index) }
    return groups
  }

  /// Selections, each made of an earlier one and a further departure; the first one has none.
  struct Selections {
    /// The last departure, and the selection that lacks it; -1 for the first.
    var last: [Int32] = [-1]
    var parent: [Int32] = [-1]
    var reduced = [0.0]
    /// What they weigh more than the choices that cost least, `rowCount` numbers each.
    var weight: [Double]

    /// The departures of a selection.
    func departures(_ selection: Int) -> [Int32] {
      var (departures, selection) = ([Int32](), selection)
      while parent[selection] >= 0 {
        departures.append(last[selection])
        selection = Int(parent[selection])
      }
      return departures
    }
  }

  /// The selections whose reduced costs sum to less than `limit`.
  func selections(below limit: Double, _ lanes: MultipleChoiceLanes) -> Selections {
    let rows = lanes.rowCount
    var found = Selections(weight: [Double](repeating: 0, count: rows))
    var selection = 0
    while selection < found.last.count {
      let sum = found.reduced[selection]
      var departure = Int(found.last[selection]) + 1
      while sum + reduced[departure] < limit {
        if !takes(group[departure], found, selection) {
          found.last.append(Int32(departure))
          found.parent.append(Int32(selection))
          found.reduced.append(sum + reduced[departure])
          for row in 0..<rows {
            found.weight.append(found.weight[selection * rows + row] + lanes.number(weight, departure, row))
          }
        }
        departure += 1
      }
      selection += 1
    }
    return found
  }

  /// Whether a selection already departs in a group.
  private func takes(_ group: Int32, _ found: Selections, _ selection: Int) -> Bool {
    var selection = selection
    while found.parent[selection] >= 0 {
      if self.group[Int(found.last[selection])] == group { return true }
      selection = Int(found.parent[selection])
    }
    return false
  }
}
