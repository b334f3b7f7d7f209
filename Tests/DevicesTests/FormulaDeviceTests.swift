import Devices
import Networks
import Tensors
import Testing

/// A convolution and a classifier with known amounts of work.
func tinyNetwork(channels: Int = 16) throws -> Network {
  var builder = NetworkBuilder(name: "tiny")
  let image = try builder.input("image", [1, 3, 8, 8])
  let stem = try builder.convolution("stem", image, .square(channels: channels, kernel: 3))
  let pooled = try builder.append("pool", .globalAveragePool, [stem])
  let flat = try builder.append("flat", .flatten, [pooled])
  let logits = try builder.linear("head", flat, Linear(features: 10))
  return builder.network(outputs: [("logits", logits)])
}

@Suite struct FormulaDeviceTests {
  @Test("Every operator takes the longer of arithmetic and memory, and the overhead")
  func formula() throws {
    let network = try tinyNetwork()
    // 16·64 outputs of 27 products; 1 GFLOP/s makes arithmetic the longer, and 1 TB/s makes memory free.
    let slowArithmetic = FormulaDevice(peakGigaflops: 1, gigabytesPerSecond: 1_000, overheadMicroseconds: 0)
    let arithmetic = 2.0 * (16 * 64 * 27 + 16 * 10) / 1e6
    #expect(slowArithmetic.milliseconds(of: network) > arithmetic)
    #expect(slowArithmetic.milliseconds(of: network) < arithmetic + 0.0001)
    let slowMemory = FormulaDevice(peakGigaflops: 1e6, gigabytesPerSecond: 1, overheadMicroseconds: 0)
    let convolution = 3 * 64 + 16 * 64 + 16 * 27
    let rest = (16 * 64 + 16) + (16 + 16) + (16 + 10 + 16 * 10 + 10)
    #expect(abs(slowMemory.milliseconds(of: network) - 4 * Double(convolution + rest) / 1e6) < 1e-9)
    let slowCalls = FormulaDevice(peakGigaflops: 1e6, gigabytesPerSecond: 1e6, overheadMicroseconds: 1_000)
    #expect(abs(slowCalls.milliseconds(of: network) - 4) < 0.001)
  }

  @Test("The same network takes the same time, and its fingerprint names the formula's numbers")
  func deterministic() throws {
    let device = FormulaDevice()
    let network = try tinyNetwork()
    #expect(device.measure(network, weights: [:]) == device.measure(network, weights: [:]))
    #expect(device.fingerprint.libraries["peak_gigaflops"] == "50.0")
    #expect(device.fingerprint != FormulaDevice(peakGigaflops: 60).fingerprint)
  }
}

@Suite struct TimingWeightsTests {
  @Test("Weights fit the network, are repeatable, and differ between tensors and seeds")
  func weights() throws {
    let network = try tinyNetwork()
    let weights = network.timingWeights(seed: 1)
    #expect(Set(weights.keys) == Set(network.parameters.map(\.name)))
    for parameter in network.parameters { #expect(weights[parameter.name]?.shape == parameter.storedShape) }
    #expect(weights == network.timingWeights(seed: 1))
    #expect(weights["stem.weight"] != network.timingWeights(seed: 2)["stem.weight"])
    let stem = try #require(weights["stem.weight"])
    #expect(stem.values.allSatisfy { abs($0) <= 0.4715 } && stem.values.contains { abs($0) > 0.3 })
  }
}
