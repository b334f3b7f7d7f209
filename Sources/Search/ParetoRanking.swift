/// Points ordered by Pareto dominance: nondominated fronts, and crowding inside a front.
///
/// A point dominates another where it is no worse in every objective and better in one; equal points do not dominate
/// each other. The fronts and the crowding distance are those of NSGA-II (Deb et al., IEEE Transactions on
/// Evolutionary Computation, 2002): the time is O(objectives · points²).
///
///     let ranking = ParetoRanking(points: [[0.8, 5], [0.7, 9]], directions: [.maximize, .minimize])
///     ranking.fronts      // [[0], [1]]
public struct ParetoRanking: Hashable, Sendable {
  /// Positions of the points by front, the nondominated first; inside a front in the order given.
  public let fronts: [[Int]]
  /// For each point the crowding distance inside its front; infinite at the front's ends.
  public let crowding: [Double]

  /// Ranks points, each with one value per direction.
  ///
  /// - Precondition: every point has as many values as there are directions, and none of them is NaN.
  public init(points: [[Double]], directions: [Objective.Direction]) {
    precondition(points.allSatisfy { $0.count == directions.count }, "a point has one value per direction")
    precondition(
      points.allSatisfy { !$0.contains(where: \.isNaN) }, "values that are not numbers have no order")
    let costs = points.map { point in zip(directions, point).map { $0.cost($1) } }
    fronts = Self.fronts(of: costs)
    var crowding = [Double](repeating: 0, count: points.count)
    for front in fronts {
      for (position, distance) in zip(front, Self.crowding(of: front.map { costs[$0] })) {
        crowding[position] = distance
      }
    }
    self.crowding = crowding
  }

  /// All positions, best first: by front, then the less crowded, then in the order given.
  public var order: [Int] {
    fronts.flatMap { front in
      front.sorted { crowding[$0] != crowding[$1] ? crowding[$0] > crowding[$1] : $0 < $1 }
    }
  }

  static func dominates(_ a: [Double], _ b: [Double]) -> Bool {
    var isBetter = false
    for (x, y) in zip(a, b) {
      if x > y { return false }
      if x < y { isBetter = true }
    }
    return isBetter
  }

  private static func fronts(of costs: [[Double]]) -> [[Int]] {
    var dominatorCount = [Int](repeating: 0, count: costs.count)
    var dominated = [[Int]](repeating: [], count: costs.count)
    for i in costs.indices {
      for j in costs.indices where dominates(costs[i], costs[j]) {
        dominated[i].append(j)
        dominatorCount[j] += 1
      }
    }
    var fronts: [[Int]] = []
    var front = costs.indices.filter { dominatorCount[$0] == 0 }
    while !front.isEmpty {
      fronts.append(front)
      var next: [Int] = []
      for j in front.flatMap({ dominated[$0] }) {
        dominatorCount[j] -= 1
        if dominatorCount[j] == 0 { next.append(j) }
      }
      front = next.sorted()
    }
    return fronts
  }

  /// The sum over objectives of the gap between a point's neighbours, relative to the front's extent.
  private static func crowding(of costs: [[Double]]) -> [Double] {
    var distances = [Double](repeating: 0, count: costs.count)
    for objective in costs.first?.indices ?? 0..<0 {
      let order = costs.indices.sorted {
        (costs[$0][objective], $0) < (costs[$1][objective], $1)
      }
      guard let first = order.first, let last = order.last else { continue }
      distances[first] = .infinity
      distances[last] = .infinity
      let extent = costs[last][objective] - costs[first][objective]
      guard extent > 0, order.count > 2 else { continue }
      for i in 1..<(order.count - 1) {
        distances[order[i]] += (costs[order[i + 1]][objective] - costs[order[i - 1]][objective]) / extent
      }
    }
    return distances
  }
}

/// The positions of the points that no other point dominates, in the order given.
public func paretoFront(of points: [[Double]], directions: [Objective.Direction]) -> [Int] {
  ParetoRanking(points: points, directions: directions).fronts.first ?? []
}
