import Compute
import Inference
import Networks
import Tensors
import Testing

@Suite struct ByteSumTests {
  @Test("Sums that 32 bits do not hold are taken in FP32", arguments: CPU.current.levels)
  func deepSums(isa: ISA) throws {
    // Every byte is extreme: 255 · 127 · 70,000 is more than 2³¹.
    let depth = 70_000
    var builder = NetworkBuilder(name: "deep")
    let input = try builder.input("x", [1, depth], grid: ByteGrid(scale: 1, zero: 0))
    var linear = Linear(features: 2, hasBias: false)
    linear.hasByteWeights = true
    let sums = try builder.append(
      "sums", .linear(linear), [input], parameters: [Parameter("weight", [2, depth]), Parameter("scale", [2])])
    let network = builder.network(outputs: [("sums", sums)])
    let weight = Tensor([2, depth], (0..<2 * depth).map { $0 < depth ? 127 : -127 })
    let weights: Weights = ["weight": weight, "scale": Tensor([2], repeating: 1)]
    let compiled = try CompiledNetwork(network, weights: weights, pool: ThreadPool(threads: 1), isa: isa)
    let found = try #require(try compiled.run(["x": Tensor([1, depth], repeating: 255)])["sums"])
    let wanted = Float(255 * 127 * depth)
    #expect(abs(found.values[0] / wanted - 1) < 1e-2 && abs(found.values[1] / -wanted - 1) < 1e-2, "\(found.values)")
  }
}
