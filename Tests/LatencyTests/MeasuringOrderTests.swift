import Latency
import Networks
import Tensors
import Testing

@Suite struct MeasuringOrderTests {
  @Test("Every network comes once, and a copy of one that came before comes last")
  func copies() throws {
    var random = RandomSource(seed: 1)
    var networks = try (0..<6).map { _ in NetworkFeatures(of: try SyntheticDevice.network(&random)) }
    networks.insert(networks[2], at: 0)
    let order = MeasuringOrder.byCoverage(networks)
    #expect(order.sorted() == Array(0..<7))
    #expect(order.last == 0 || order.last == 3)
  }

  @Test("The first network is the one that is most like all others")
  func first() throws {
    func network(_ channels: Int) throws -> NetworkFeatures {
      var builder = NetworkBuilder(name: "n")
      let image = try builder.input("image", [1, 16, 16, 16])
      let value = try builder.convolution("c", image, .square(channels: channels, kernel: 3))
      return NetworkFeatures(of: builder.network(outputs: [("y", value)]))
    }
    // The middle of a row of sizes.
    #expect(try MeasuringOrder.byCoverage([16, 32, 64, 128, 256].map(network)).first == 2)
    #expect(MeasuringOrder.byCoverage([]).isEmpty)
  }
}
