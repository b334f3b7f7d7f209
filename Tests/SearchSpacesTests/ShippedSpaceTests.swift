import Networks
import SearchSpaces
import Tensors
import Testing

@Suite("Shipped spaces")
struct ShippedSpaceTests {
  @Test(
    "every drawn architecture lowers to a valid network inside the shared tensors", arguments: shippedNames)
  func lowering(name: String) throws {
    let space = try shipped(name)
    let shared = Dictionary(uniqueKeysWithValues: space.sharedParameters.map { ($0.name, $0.shape) })
    var random = RandomSource(seed: 7)
    for _ in 0..<200 {
      let network = try space.network(for: space.sample(using: &random))
      #expect(network.nodes[0].name == "image")
      #expect(
        network.nodes[0].shape == [1, space.imageChannels, space.imageSize.height, space.imageSize.width])
      #expect(network.outputs.map(\.name) == ["logits"])
      #expect(network.nodes[network.outputs[0].value].shape == [1, space.classes])
      for parameter in network.parameters { #expect(shared[parameter.name] == parameter.storedShape) }
    }
  }

  @Test("the largest network reads every element of every shared tensor, where there is one kind of block")
  func largest() throws {
    for name in ["demo-glyphs", "mbconv-cifar", "mbconv-mnist"] {
      let space = try shipped(name)
      let parameters = try space.network(for: space.largest).parameters
      #expect(parameters.map(\.name) == space.sharedParameters.map(\.name))
      #expect(parameters.allSatisfy { $0.isWhole })
    }
  }

  @Test("sizes and costs are what the files are made for")
  func costs() throws {
    let cifar = try shipped("mbconv-cifar")
    #expect(cifar.log10Size > 9)
    let largest = try cifar.network(for: cifar.largest).cost
    #expect((23_000_000...30_000_000).contains(largest.macs))
    #expect((600_000...1_000_000).contains(largest.parameters))
    #expect(try cifar.network(for: cifar.smallest).cost.macs < 3_000_000)
    let mnist = try shipped("mbconv-mnist")
    #expect(try mnist.network(for: mnist.largest).cost.macs < 6_000_000)
    let demo = try shipped("demo-glyphs")
    #expect(try demo.network(for: demo.largest).cost.macs < 4_500_000)
    #expect(try shipped("fbnet-cifar").log10Size > 9)
  }

  @Test("uniformly scaled networks run from the smallest to the largest", arguments: shippedNames)
  func uniform(name: String) throws {
    let space = try shipped(name)
    let scaled = space.uniformlyScaled()
    #expect((5...16).contains(scaled.count))
    #expect(Set(scaled).count == scaled.count)
    #expect(scaled.first == space.smallest)
    #expect(scaled.last == space.largest)
    let macs = try scaled.map { try space.network(for: $0).cost.macs }
    #expect(macs == macs.sorted())
  }
}
