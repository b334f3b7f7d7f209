import Compute
import Diagnostics
import Inference
import Networks
import Tensors
import Testing

@Suite struct CompilerErrorTests {
  private let pool = ThreadPool(threads: 1)

  private func network(_ build: (inout NetworkBuilder) throws -> Network.ValueID) throws -> Network {
    var builder = NetworkBuilder(name: "n")
    let value = try build(&builder)
    return builder.network(outputs: [("y", value)])
  }

  /// The message of compiling and running.
  private func message(
    _ network: Network, weights: Weights = [:], batch: Int = 1, inputs: [String: Tensor] = [:]
  ) -> String {
    do {
      _ = try CompiledNetwork(network, weights: weights, batch: batch, pool: pool).run(inputs)
      return "no error"
    } catch { return "\(error)" }
  }

  @Test("A weight that is missing is named, with its nearest neighbour")
  func missingWeight() throws {
    let network = try network { builder in
      let image = try builder.input("image", [1, 3, 8, 8])
      return try builder.convolution("stem", image, .square(channels: 4, kernel: 3))
    }
    let text = message(network, weights: ["stem.wieght": Tensor([4, 3, 3, 3])])
    for fact in ["stem", "stem.weight", "4×3×3×3", "stem.wieght"] { #expect(text.contains(fact)) }
    let other = message(network, weights: ["stem.weight": Tensor([4, 3, 1, 1])])
    for fact in ["stem", "4×3×1×1", "4×3×3×3"] { #expect(other.contains(fact)) }
  }

  @Test("A transformer's operator is refused by name")
  func transformer() throws {
    let network = try network { builder in
      let tokens = try builder.input("tokens", [1, 4, 8])
      return try builder.append(
        "norm", .rmsNorm(epsilon: 1e-5), [tokens], parameters: [Parameter("gain", [8])])
    }
    let text = message(network, weights: ["gain": Tensor([8])])
    for fact in ["norm", "rmsNorm", "vision networks"] { #expect(text.contains(fact)) }
  }

  @Test("A pool whose window no image fills is refused, and numbers do not overflow")
  func hugeWindow() throws {
    let pool = Pool(
      .maximum, kernel: Extent(65_536), stride: .one,
      padding: Padding(all: 32_772))
    let network = try network { builder in
      try builder.append("p", .pool(pool), [try builder.input("image", [1, 1, 1, 1])])
    }
    #expect(message(network).contains("windows have at most"))
  }

  @Test("Inputs are checked by name and shape")
  func inputs() throws {
    let network = try network { builder in
      try builder.append("r", .activation(.relu), [try builder.input("image", [1, 3, 8, 8])])
    }
    #expect(message(network).contains("image"))
    let unknown = message(network, inputs: ["imgae": Tensor([1, 3, 8, 8])])
    for fact in ["imgae", "did you mean 'image'"] { #expect(unknown.contains(fact)) }
    let shape = message(network, batch: 2, inputs: ["image": Tensor([1, 3, 8, 8])])
    for fact in ["1×3×8×8", "2×3×8×8"] { #expect(shape.contains(fact)) }
  }

  @Test("What cannot be addressed or run is refused, never attempted")
  func limits() throws {
    let large = try network { builder in
      try builder.append(
        "r", .activation(.relu), [try builder.input("image", [1, 1 << 20, 1 << 20, 1 << 20])])
    }
    #expect(message(large).contains("2^31"))
    #expect(message(large, batch: 0).contains("batch"))
    let window = try network { builder in
      let image = try builder.input("image", [1, 3, 8, 8])
      let pool = Pool(.maximum, kernel: Extent(2), stride: .one, padding: Padding(all: 2))
      return try builder.append("p", .pool(pool), [image])
    }
    #expect(message(window).contains("padding"))
  }
}
