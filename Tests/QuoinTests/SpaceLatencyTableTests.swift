import Devices
import Latency
import Networks
import Quoin
import SearchSpaces
import Tensors
import Testing

@Suite struct SpaceLatencyTableTests {
  @Test(
    "Sums over segments are the predictions of whole networks, and codes give architectures back",
    arguments: ["demo-glyphs", "fbnet-cifar", "mbconv-cifar", "mbconv-imagenet", "mbconv-mnist", "resnet-bottleneck"])
  func sums(name: String) throws {
    let space = try SearchSpace.load("searchspaces/\(name).yaml")
    let predictor = try fitted(to: space)
    let table = SpaceLatencyTable(space, predictor)
    var random = RandomSource(seed: 7)
    let drawn = [space.largest, space.smallest] + (0..<60).map { _ in space.sample(using: &random) }
    for architecture in drawn + drawn {
      #expect(space.architecture(of: space.code(of: architecture)) == architecture)
      let whole = try predictor.predict(space.network(for: architecture))
      let sum = try table.predict(architecture)
      #expect(abs(sum.milliseconds - whole.milliseconds) < 1e-9 * whole.milliseconds)
      #expect(abs(sum.upper - whole.upper) < 1e-9 * whole.upper)
    }
  }

  private func fitted(to space: SearchSpace) throws -> LatencyPredictor {
    var random = RandomSource(seed: 1)
    let device = FormulaDevice()
    let samples = try ([space.largest, space.smallest] + (0..<40).map { _ in space.sample(using: &random) }).map {
      let network = try space.network(for: $0)
      return TrainingSample(key: $0.hash, network: network, milliseconds: device.milliseconds(of: network))
    }
    return try LatencyPredictor.fit(
      samples, provenance: .init(deviceName: device.name, device: device.fingerprint), options: .init(seed: 1))
  }
}
