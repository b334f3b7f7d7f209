import Latency
import Networks
import Tensors
import Testing

@Suite struct OperatorFeaturesTests {
  @Test(
    "Convolutions fall into categories by groups and kernel",
    arguments: [
      (Convolution.square(channels: 32, kernel: 1), "pointwise"),
      (.square(channels: 16, kernel: 5, groups: 16), "depthwise5"),
      (.square(channels: 32, kernel: 3, groups: 16), "ragged-grouped3"),
      (.square(channels: 16, kernel: 3, groups: 4), "grouped3"),
      (.square(channels: 24, kernel: 3, groups: 4), "ragged-grouped3"),
      (.square(channels: 8, kernel: 7, stride: 2), "dense7"),
      (Convolution(channels: 8, kernel: Extent(height: 3, width: 1)), "dense3x1"),
      (Convolution(channels: 8, kernel: Extent(8)), "dense8"),
    ])
  func convolutionCategories(convolution: Convolution, expected: String) throws {
    let features = try features(of: .convolution(convolution), on: [1, 16, 8, 8])
    #expect(features.category.rawValue == expected)
  }

  @Test("A pointwise convolution on one pixel counts as a linear layer")
  func onePixel() throws {
    let features = try features(of: .convolution(.square(channels: 4, kernel: 1)), on: [1, 16, 1, 1])
    #expect(features.category.rawValue == "linear")
  }

  @Test("A layer that reads numbers beside layers that read bytes is of a category of its own")
  func mixedFormats() throws {
    var builder = NetworkBuilder(name: "mixed")
    let grid = ByteGrid(scale: 0.1, zero: 3)
    let image = try builder.input("image", [1, 16, 8, 8], grid: grid)
    let first = try builder.convolution("first", image, .square(channels: 16, kernel: 3))
    let second = try builder.convolution("second", first, .square(channels: 16, kernel: 3))
    let network = builder.network(outputs: [("end", second)])
    let features = NetworkFeatures(of: network)
    #expect(features.operators.map(\.category.rawValue).suffix(2) == ["dense3", "full-dense3"])
    // What the last operator passes on is not confused with what its kind passes on elsewhere.
    #expect(features.passings.allSatisfy { $0.kind != $0.origin })
  }

  @Test("Amounts of a dense convolution are counted by hand")
  func denseAmounts() throws {
    // 16 × 8 × 8 in, 20 × 4 × 4 out, 3 × 3 taps; 20 channels leave 12 of 32 lanes empty.
    let terms = try features(
      of: .convolution(.square(channels: 20, kernel: 3, stride: 2)), on: [1, 16, 8, 8]
    ).terms
    #expect(terms[.operators] == 1)
    #expect(terms[.macs] == 20 * 16 * 16 * 9)
    #expect(terms[.waste] == 12 * 16 * 16 * 9)
    #expect(terms[.read] == 4 * 16 * 64)
    #expect(terms[.written] == 4 * 20 * 16)
    #expect(terms[.weights] == 4 * 20 * 16 * 9)
    #expect(terms[.patches] == 4 * 16 * 16 * 9)
    #expect(terms[.exponentials] == 0)
  }

  @Test("A depthwise convolution has no patches and wastes lanes of its channels")
  func depthwiseAmounts() throws {
    let convolution = Convolution.square(channels: 24, kernel: 3, groups: 24)
    let terms = try features(of: .convolution(convolution), on: [1, 24, 8, 8]).terms
    #expect(terms[.macs] == 24 * 64 * 9)
    #expect(terms[.waste] == 8 * 64 * 9)
    #expect(terms[.patches] == 0)
  }

  @Test("A fused residual is read, and a fused swish costs exponentials")
  func fusedParts() throws {
    var convolution = Convolution.square(channels: 16, kernel: 1)
    convolution.activation = .swish
    let terms = try features(of: .convolution(convolution), on: [1, 16, 8, 8], operands: 2).terms
    #expect(terms[.read] == 2 * 4 * 16 * 64)
    #expect(terms[.exponentials] == 16 * 64)
  }

  @Test("A scale per channel and a product of images are different work")
  func products() throws {
    var builder = NetworkBuilder(name: "products")
    let image = try builder.input("image", [1, 4, 8, 8])
    let means = try builder.append("pool", .globalAveragePool, [image])
    let scaled = try builder.append("scale", .multiply, [image, means])
    let squared = try builder.append("square", .multiply, [scaled, scaled])
    let network = builder.network(outputs: [("y", squared)])
    let categories = NetworkFeatures(ofFused: network).operators.map(\.category.rawValue)
    #expect(categories == ["input", "globalAveragePool", "scale", "multiply"])
  }

  @Test("Amounts of work that fit into no integer are counted all the same")
  func hugeWork() throws {
    var builder = NetworkBuilder(name: "huge")
    let image = try builder.input("image", [1, 1, 1, 1])
    // 3001² windows of 2⁴⁰ elements.
    let pool = Pool(.maximum, kernel: Extent((1 << 20) - 1), stride: .one, padding: Padding(all: 525_787))
    let pooled = try builder.append("p", .pool(pool), [image])
    let network = builder.network(outputs: [("y", pooled)])
    let features = NetworkFeatures(of: network)
    let work = try #require(features.operators.last).terms[.macs]
    #expect(work > 9.3e18 && work.isFinite)
  }

  @Test("Totals are the sums over the operators of a category")
  func totals() throws {
    var random = RandomSource(seed: 1)
    let features = NetworkFeatures(of: try SyntheticDevice.network(&random))
    let totals = features.totals
    let macs = features.operators.filter { $0.category.rawValue == "pointwise" }.reduce(0) {
      $0 + $1.terms[.macs]
    }
    #expect(totals[OperatorCategory(rawValue: "pointwise")][.macs] == macs)
    #expect(Set(totals.categories) == Set(features.operators.map(\.category)))
  }

  private func features(of op: Operator, on shape: Shape, operands: Int = 1) throws -> OperatorFeatures {
    var builder = NetworkBuilder(name: "one")
    let inputs = try (0..<operands).map { try builder.input("x\($0)", shape) }
    guard case .convolution(let c) = op else { throw CancellationError() }
    let weight = Parameter("w", [c.channels, shape[1] / c.groups, c.kernel.height, c.kernel.width])
    let value = try builder.append("node", op, inputs, parameters: [weight])
    let network = builder.network(outputs: [("y", value)])
    return OperatorFeatures(of: network.nodes[value], in: network)
  }
}
