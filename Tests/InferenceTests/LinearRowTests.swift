import Compute
import Inference
import Networks
import Tensors
import Testing

/// Fully connected layers over many rows, which are cut into blocks for the caches and dealt out to threads.
@Suite struct LinearRowTests {
  /// Rows, columns and depth: fewer rows than a block, whole blocks, a block with a rest, columns of several panels.
  static let shapes: [(rows: Int, columns: Int, depth: Int)] = [
    (1, 70, 40), (5, 33, 96), (56, 48, 64), (197, 130, 192), (400, 10, 31), (1000, 64, 17),
  ]

  @Test("Rows cut among threads give the bits of one thread, and the right numbers", arguments: shapes.indices)
  func numbers(index: Int) throws {
    let (rows, columns, depth) = Self.shapes[index]
    var builder = NetworkBuilder(name: "rows")
    let input = try builder.input("x", [1, rows, depth])
    let result = try builder.linear("layer", input, Linear(features: columns, activation: .relu))
    let network = builder.network(outputs: [("y", result)])
    try check(network, network.randomWeights(seed: 11), randomTensor([2, rows, depth], seed: 12), batch: 2) {
      largestDifference($0, $1) < 1e-6 * Float(depth).squareRoot()
    }
  }

  @Test("and so do rows of bytes, whose sums are exact", arguments: shapes.indices, [true, false])
  func bytes(index: Int, isRounded: Bool) throws {
    let (rows, columns, depth) = Self.shapes[index]
    var builder = NetworkBuilder(name: "rows of bytes")
    let input = try builder.input("x", [1, depth], grid: ByteGrid(scale: 0.04, zero: 117))
    var linear = Linear(features: columns, hasBias: false)
    linear.hasByteWeights = true
    let parameters = [Parameter("weight", [columns, depth]), Parameter("scale", [columns])]
    let result = try builder.append("layer", .linear(linear), [input], parameters: parameters)
    if isRounded { builder.setGrid(ByteGrid(scale: 0.05, zero: 60), of: result) }
    let network = builder.network(outputs: [("y", result)])
    var random = RandomSource(seed: 13, purpose: "rows of bytes")
    let scales = (0..<columns).map { _ in Float(0.5 + random.uniform()) / 2048 }
    let weight = (0..<columns * depth).map { scales[$0 / depth] * Float(Int(random.uniform() * 255) - 127) }
    let weights = ["weight": Tensor([columns, depth], weight), "scale": Tensor([columns], scales)]
    try check(network, weights, randomTensor([rows, depth], seed: 14), batch: rows) { found, expected in
      // A number between two bytes may be rounded to either.
      let differences = zip(found.values, expected.values).map { abs($0 - $1) }
      guard isRounded else { return largestDifference(found, expected) < 1e-5 }
      return differences.allSatisfy { $0 < 0.051 } && differences.count { $0 > 1e-4 } <= differences.count / 1000
    }
  }

  private func check(
    _ network: Network, _ weights: Weights, _ input: Tensor, batch: Int, _ isRight: (Tensor, Tensor) -> Bool
  ) throws {
    let expected = try #require(try ReferenceInterpreter(network, weights: weights).run(["x": input])["y"])
    for isa in CPU.current.levels {
      let results = try (1...4).map { threads in
        let compiled = try CompiledNetwork(
          network, weights: weights, batch: batch, pool: ThreadPool(threads: threads), isa: isa)
        return try #require(try compiled.run(["x": input])["y"])
      }
      #expect(isRight(results[0], expected), "\(isa)")
      for result in results.dropFirst() { #expect(result == results[0], "\(isa)") }
    }
  }
}
