import Compute
import Inference
import Networks
import Tensors
import Testing

@Suite struct SubnormalTests {
  /// An image times itself, and a pointwise convolution of the image.
  private static func network() throws -> Network {
    var builder = NetworkBuilder(name: "tiny")
    let image = try builder.input("image", [1, 4, 32, 32])
    let square = try builder.append("square", .multiply, [image, image])
    let product = try builder.convolution(
      "product", image, Convolution(channels: 4, kernel: .one, hasBias: false))
    return builder.network(outputs: [("square", square), ("product", product)])
  }

  @Test("Subnormal numbers are zeros on every level and thread, and the caller's arithmetic stays as it was")
  func flushed() throws {
    let network = try Self.network()
    // 1e-20 · 1e-20 is subnormal, 1 · 1e-20 is not.
    let image = Tensor([1, 4, 32, 32], (0..<4096).map { $0 % 2 == 0 ? 1e-20 : 1 })
    let weights = [network.parameters[0].name: Tensor([4, 4, 1, 1], [Float](repeating: 1e-20, count: 16))]
    for isa in CPU.current.levels {
      for threads in 1...3 {
        let compiled = try CompiledNetwork(network, weights: weights, pool: ThreadPool(threads: threads), isa: isa)
        let results = try compiled.run(["image": image])
        #expect(results["square"]?.values == (0..<4096).map { $0 % 2 == 0 ? 0 : 1 }, "\(isa), \(threads) threads")
        #expect(results["product"]?.values == (0..<4096).map { $0 % 2 == 0 ? 0 : 4e-20 }, "\(isa), \(threads) threads")
      }
    }
    #expect(half(.leastNormalMagnitude) != 0)
  }

  /// Kept apart, so that the compiler does not divide ahead of time.
  @inline(never) private func half(_ x: Float) -> Float { x / 2 }
}
