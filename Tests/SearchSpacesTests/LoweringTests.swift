import Networks
import SearchSpaces
import Tensors
import Testing

@Suite("Lowering")
struct LoweringTests {
  static func network(_ block: String, channels: Int = 16, stride: Int = 1, depth: Int = 1) throws -> Network {
    let text = spaceText(
      stages: "  - {name: s, channels: \(channels), stride: \(stride), depth: \(depth), block: {\(block)}}",
      stem: "{channels: 16}")
    let space = try SearchSpace(yaml: text)
    #expect(space.size == 1)
    return try space.network(for: space.largest)
  }

  /// Names and kinds of the stage's nodes, without what every convolution has behind it.
  static func layers(_ network: Network) -> [String] {
    network.nodes.filter { $0.name.hasPrefix("s.") && !$0.name.hasSuffix(".norm") }.map { node in
      "\(node.name.split(separator: ".").dropFirst(3).joined(separator: ".")) \(node.op.name) \(node.shape)"
    }
  }

  @Test("an inverted residual expands, filters, squeezes, projects and adds")
  func invertedResidual() throws {
    let network = try Self.network("mbconv: {kernel: 5, expand: 2, se: true, activation: hswish}")
    #expect(
      Self.layers(network) == [
        "expand convolution 1×32×8×8", "expand.activation hswish 1×32×8×8", "depthwise convolution 1×32×8×8",
        "depthwise.activation hswish 1×32×8×8", "squeeze.pool globalAveragePool 1×32×1×1",
        "squeeze.reduce convolution 1×8×1×1", "squeeze.activation relu 1×8×1×1",
        "squeeze.restore convolution 1×32×1×1", "squeeze.gate hsigmoid 1×32×1×1",
        "squeeze.scale multiply 1×32×8×8",
        "project convolution 1×16×8×8", "add add 1×16×8×8",
      ])
    let depthwise = try #require(network.nodes.first { $0.name == "s.1.mbconv.depthwise" })
    #expect(depthwise.parameters == [Parameter("s.1.mbconv.depthwise.weight", [32, 1, 5, 5])])
    let reduce = try #require(network.nodes.first { $0.name == "s.1.mbconv.squeeze.reduce" })
    #expect(
      reduce.parameters.map(\.name) == ["s.1.mbconv.squeeze.reduce.weight", "s.1.mbconv.squeeze.reduce.bias"])
    let norm = try #require(network.nodes.first { $0.name == "s.1.mbconv.expand.norm" })
    #expect(
      norm.parameters.map(\.name)
        == ["gamma", "beta", "mean", "variance"].map { "s.1.mbconv.expand.norm.\($0)" })
  }

  @Test("an expansion of 1 has no expansion convolution, and a changed shape no residual")
  func plainInvertedResidual() throws {
    let network = try Self.network("mbconv: {expand: 1}", channels: 24, stride: 2)
    #expect(
      Self.layers(network) == [
        "depthwise convolution 1×16×4×4", "depthwise.activation relu 1×16×4×4",
        "project convolution 1×24×4×4",
      ])
  }

  @Test("a fused inverted residual keeps its projection")
  func fused() throws {
    let network = try Self.network("fused_mbconv: {expand: 1}")
    #expect(
      Self.layers(network) == [
        "fused convolution 1×16×8×8", "fused.activation relu 1×16×8×8", "project convolution 1×16×8×8",
        "add add 1×16×8×8",
      ])
  }

  @Test("a bottleneck projects its shortcut where the shape changes, and only there")
  func bottleneck() throws {
    let network = try Self.network("bottleneck: {expand: 0.5, groups: 4}", channels: 32, stride: 2, depth: 2)
    #expect(
      Self.layers(network) == [
        "reduce convolution 1×16×8×8", "reduce.activation relu 1×16×8×8", "spatial convolution 1×16×4×4",
        "spatial.activation relu 1×16×4×4", "restore convolution 1×32×4×4", "shortcut convolution 1×32×4×4",
        "add add 1×32×4×4", "activation relu 1×32×4×4",
        "reduce convolution 1×16×4×4", "reduce.activation relu 1×16×4×4", "spatial convolution 1×16×4×4",
        "spatial.activation relu 1×16×4×4", "restore convolution 1×32×4×4", "add add 1×32×4×4",
        "activation relu 1×32×4×4",
      ])
    let spatial = try #require(network.nodes.first { $0.name == "s.2.bottleneck.spatial" })
    #expect(spatial.parameters[0].shape == [16, 4, 3, 3])
  }

  @Test("a shuffle block shuffles between grouped convolutions")
  func shuffle() throws {
    let network = try Self.network("shuffle: {expand: 0.5, groups: 2}")
    #expect(
      Self.layers(network) == [
        "reduce convolution 1×8×8×8", "reduce.activation relu 1×8×8×8", "shuffle channelShuffle 1×8×8×8",
        "depthwise convolution 1×8×8×8", "restore convolution 1×16×8×8", "add add 1×16×8×8",
        "activation relu 1×16×8×8",
      ])
  }

  @Test("a plain convolution is one layer; a kernel may be wider than high")
  func convolution() throws {
    let network = try Self.network("conv: {kernel: {height: 1, width: 5}, groups: 2}")
    #expect(Self.layers(network) == ["spatial convolution 1×16×8×8", "spatial.activation relu 1×16×8×8"])
    let node = try #require(network.nodes.first { $0.name == "s.1.conv.spatial" })
    #expect(node.parameters[0].shape == [16, 8, 1, 5])
  }

  @Test("smaller choices see the centre of the kernel and the first channels")
  func slices() throws {
    let space = try shipped("mbconv-cifar")
    let network = try space.network(for: space.smallest)
    let depthwise = try #require(network.parameters.first { $0.name == "early.2.mbconv.depthwise.weight" })
    #expect(
      depthwise == Parameter(depthwise.name, [48, 1, 3, 3], offsets: [0, 0, 2, 2], of: [144, 1, 7, 7]))
    let expand = try #require(network.parameters.first { $0.name == "early.2.mbconv.expand.weight" })
    #expect(expand == Parameter(expand.name, [48, 16, 1, 1], offsets: [0, 0, 0, 0], of: [144, 24, 1, 1]))
    let mean = try #require(network.parameters.first { $0.name == "early.2.mbconv.expand.norm.mean" })
    #expect(mean == Parameter(mean.name, [48], offsets: [0], of: [144]))
    let classifier = try #require(network.parameters.first { $0.name == "head.classifier.weight" })
    #expect(classifier == Parameter(classifier.name, [10, 128], offsets: [0, 0], of: [10, 256]))
  }

  @Test("pixels are normalised first, and a smaller resolution is a node behind")
  func input() throws {
    let space = try shipped("mbconv-cifar")
    let small = try space.network(for: space.smallest)
    #expect(small.nodes[0].shape == [1, 3, 32, 32])
    #expect(small.nodes[1].op == .normalize(mean: [125.3, 123.0, 113.9], deviation: [63.0, 62.1, 66.7]))
    #expect(small.nodes[2].op == .resize(height: 24, width: 24))
    let large = try space.network(for: space.largest)
    #expect(!large.nodes.contains { $0.name == "resize" })
  }

  @Test(
    "the text that 'quoin init' writes is a space, whatever the data", arguments: [(3, 32, 10), (1, 28, 2)])
  func template(channels: Int, size: Int, classes: Int) throws {
    let space = try SearchSpace(
      yaml: SpaceTemplate.text(name: "mine", channels: channels, size: size, classes: classes))
    #expect(space.name == "mine")
    #expect(space.classes == classes)
    #expect(space.log10Size > 5)
    var random = RandomSource(seed: 1)
    for _ in 0..<20 { _ = try space.network(for: space.sample(using: &random)) }
  }
}
