import Latency
import Networks
import Testing

@Suite struct ProbeNetworkTests {
  @Test("The same number and seed give the same network; other numbers and seeds give others")
  func repeatable() throws {
    let network = try ProbeNetwork.network(3, seed: 1)
    #expect(try ProbeNetwork.network(3, seed: 1) == network)
    #expect(try ProbeNetwork.network(4, seed: 1) != network)
    #expect(try ProbeNetwork.network(3, seed: 2) != network)
  }

  @Test("Probes can be built, are of bounded size, and hold all kinds of convolutions")
  func kinds() throws {
    var categories = Set<String>()
    for number in 0..<150 {
      let network = try ProbeNetwork.network(number, seed: 0)
      let cost = network.cost
      #expect(cost.macs > 1_000_000 && cost.macs < 8_000_000_000)
      #expect(cost.parameters < 60_000_000)
      categories.formUnion(NetworkFeatures(of: network).totals.categories.map(\.rawValue))
    }
    for category in [
      "pointwise", "dense3", "dense5", "dense7", "depthwise3", "depthwise5", "depthwise7", "grouped3", "linear",
      "maxPool", "averagePool", "globalAveragePool", "concat", "scale", "channelShuffle", "channelSlice",
      "batchNorm",
    ] { #expect(categories.contains(category), "\(category)") }
  }
}
