import Search
import Tensors
import Testing

@Suite("Pareto tools against brute force")
struct ParetoTests {
  /// Points on a coarse grid, so that ties and equal points occur.
  private func points(_ count: Int, _ objectives: Int, _ random: inout RandomSource) -> [[Double]] {
    (0..<count).map { _ in (0..<objectives).map { _ in Double(random.below(8)) } }
  }

  private func dominates(_ a: [Double], _ b: [Double], _ directions: [Objective.Direction]) -> Bool {
    let atLeast = zip(directions, zip(a, b)).allSatisfy { $0 == .minimize ? $1.0 <= $1.1 : $1.0 >= $1.1 }
    return atLeast && a != b
  }

  @Test("Fronts are peeled off one after the other", arguments: 1...4)
  func fronts(objectives: Int) {
    var random = RandomSource(seed: UInt64(objectives))
    for count in 0..<40 {
      let points = points(count, objectives, &random)
      let directions = (0..<objectives).map {
        $0.isMultiple(of: 2) ? Objective.Direction.maximize : .minimize
      }
      var left = Array(points.indices)
      var expected: [[Int]] = []
      while !left.isEmpty {
        let front = left.filter { i in !left.contains { dominates(points[$0], points[i], directions) } }
        expected.append(front)
        left.removeAll(where: front.contains)
      }
      let ranking = ParetoRanking(points: points, directions: directions)
      #expect(ranking.fronts == expected)
      #expect(ranking.order.sorted() == Array(points.indices))
      #expect(paretoFront(of: points, directions: directions) == (expected.first ?? []))
    }
  }

  @Test("One objective is an ordinary order, the earlier of equals first")
  func oneObjective() {
    let ranking = ParetoRanking(points: [[3], [5], [1], [5]], directions: [.maximize])
    #expect(ranking.order == [1, 3, 0, 2])
  }

  @Test("The ends of a front are never crowded, the middle by its neighbours")
  func crowding() {
    let ranking = ParetoRanking(
      points: [[0, 4], [1, 2], [2, 1], [4, 0]], directions: [.minimize, .minimize])
    #expect(ranking.crowding == [.infinity, 2.0 / 4 + 3.0 / 4, 3.0 / 4 + 2.0 / 4, .infinity])
  }

  @Test("The hypervolume is the count of grid cells that a point dominates")
  func volume() {
    var random = RandomSource(seed: 5)
    for count in 0..<30 {
      let points = points(count, 2, &random).map { ($0[0], $0[1]) }
      // Quality above 0, cost below 7: the cell with corners (x, y) and (x + 1, y + 1).
      var cells = 0
      for x in 0..<7 {
        for y in 0..<7 where points.contains(where: { $0.0 >= Double(x + 1) && $0.1 <= Double(y) }) {
          cells += 1
        }
      }
      let area = hypervolume(of: points, reference: (0, 7), directions: (.maximize, .minimize))
      #expect(area == Double(cells))
    }
  }
}
