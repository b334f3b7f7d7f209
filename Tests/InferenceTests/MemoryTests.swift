import Compute
import Foundation
import Inference
import Networks
import Tensors
import Testing

@Suite struct MemoryTests {
  @Test("The arena is at most a tenth larger than the largest set of live values, on average")
  func arena() throws {
    var (planned, live) = (0, 0)
    for seed in 0..<40 as Range<UInt64> {
      let (network, weights) = try RandomNetwork.make(seed: seed, nodes: 30)
      let compiled = try CompiledNetwork(network, weights: weights, pool: ThreadPool(threads: 1))
      #expect(compiled.peakActivationBytes >= compiled.liveActivationBytes)
      planned += compiled.peakActivationBytes
      live += compiled.liveActivationBytes
    }
    #expect(Double(planned) <= 1.1 * Double(live))
    let mobile = try MobileNetwork.make()
    let compiled = try CompiledNetwork(
      mobile, weights: mobile.randomWeights(seed: 1), pool: ThreadPool(threads: 1))
    #expect(compiled.peakActivationBytes <= compiled.liveActivationBytes)
    // The widest layer, 72 channels at 32×32, with its operand and what waits as a residual.
    #expect(compiled.peakActivationBytes <= 4 * 1024 * (2 * 72 + 24))
  }

  @Test("A network whose values are never needed together takes as much as its two largest")
  func chain() throws {
    var builder = NetworkBuilder(name: "chain")
    var value = try builder.input("image", [1, 4, 16, 16])
    for index in 0..<20 {
      value = try builder.convolution("c\(index)", value, .square(channels: 4, kernel: 3))
    }
    let network = builder.network(outputs: [("y", value)])
    let compiled = try CompiledNetwork(
      network, weights: network.randomWeights(seed: 1), pool: ThreadPool(threads: 2))
    #expect(compiled.peakActivationBytes == 2 * 4 * 4 * 256)
    #expect(compiled.workspaceBytes > 0)
  }

  @Test("A run allocates nothing", .serialized, arguments: [1, 2])
  func allocatesNothing(threads: Int) throws {
    let pool = ThreadPool(threads: threads)
    var networks = [
      try MobileNetwork.make(),
      try DenseNetwork(height: 56, width: 56, inputs: 64, outputs: 64, isResidual: true).make(),
      try DenseNetwork(inputs: 128, outputs: 128).make(),
    ]
    for seed in 0..<10 as Range<UInt64> {
      networks.append(try RandomNetwork.make(seed: seed, nodes: 20).network)
    }
    for network in networks {
      let compiled = try CompiledNetwork(network, weights: network.randomWeights(seed: 1), pool: pool)
      let count = AllocationCounter.count {
        for _ in 0..<5 { compiled.run() }
      }
      #expect(count == 0, "\(network.name)")
    }
    // The counter does see allocations.
    var kept: [AlignedBuffer] = []
    #expect(AllocationCounter.count { kept.append(AlignedBuffer(count: 1)) } >= 2)
  }
}
