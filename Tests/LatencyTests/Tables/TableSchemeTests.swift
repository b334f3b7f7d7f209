import Latency
import Testing

@Suite struct TableSchemeTests {
  /// The codes of a block's positions, row after row.
  private func codes(_ table: LatencyTable, block: Int) throws -> [Int] {
    let scheme = TableScheme(table)
    let before = scheme.blocks[..<block]
    let (first, start) = (before.reduce(0) { $0 + $1.positions }, before.reduce(0) { $0 + $1.positions * $1.choices })
    var columns: [Int] = []
    return try (0..<table.rows).flatMap { row in
      try scheme.columns(of: table.architecture(row), into: &columns)
      return (0..<scheme.blocks[block].positions).map {
        columns[first + $0] - start - $0 * scheme.blocks[block].choices
      }
    }
  }

  @Test("Features with the same values form blocks, and one with many values is a number")
  func blocks() throws {
    let rows = (0..<12).map { row in [row % 2, row % 3, row / 6, row].map { Double($0) } }
    let table = LatencyTable(
      features: [
        .init(name: "a", kind: .categorical(["x", "y"])), .init(name: "b", kind: .ordinal),
        .init(name: "c", kind: .categorical(["x", "y"])), .init(name: "r", kind: .ordinal),
      ], values: rows.flatMap { $0 }, devices: [], latencies: [])
    let scheme = TableScheme(table)
    #expect(scheme.blocks.map { $0.features } == [[0, 2], [1]])
    #expect(scheme.blocks.map { $0.choices } == [2, 3])
    #expect(scheme.numbers.map { $0.feature } == [3] && scheme.numbers[0].mean == 5.5)
    #expect(scheme.numbers[0].least == 0 && scheme.numbers[0].greatest == 11)
    #expect(try codes(table, block: 1) == rows.map { Int($0[1]) })
  }

  @Test("Operators of a cell whose results are not read are told apart")
  func cells() throws {
    let names = ["conv", "none"]
    // Node 1 is read by nobody, though it is computed; in the second cell everything is read.
    let table = LatencyTable(
      features: ["edge_0_1", "edge_0_2", "edge_1_2"].map { .init(name: $0, kind: .categorical(names)) },
      values: [0, 0, 1, 0, 0, 0], devices: [], latencies: [])
    #expect(TableScheme(table).blocks.map { $0.isDerived } == [false, true])
    #expect(try codes(table, block: 1) == [0, 1, 1, 1, 1, 1])
  }

  @Test("Layers beyond a stage's depth do not count")
  func depths() throws {
    let names = ["d0", "d1", "k0", "k1", "k2", "k3"]
    let table = LatencyTable(
      features: names.map { .init(name: $0, kind: .ordinal) },
      values: [1, 2, 3, 9, 5, 3, 2, 1, 5, 3, 3, 9, 2, 2, 3, 5, 3, 5, 2, 2, 3, 3, 5, 3], devices: [], latencies: [])
    let block = try #require(TableScheme(table).blocks.firstIndex { $0.positions == 4 })
    // Kernels 3 and 5 are codes 0 and 1, absent ones 2.
    #expect(TableScheme(table).blocks[block].choices == 3)
    #expect(try codes(table, block: block) == [0, 2, 1, 0, 1, 0, 0, 2, 0, 1, 0, 1, 0, 0, 1, 0])
  }
}
