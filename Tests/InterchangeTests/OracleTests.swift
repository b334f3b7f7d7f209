import Compute
import Foundation
import Inference
import Interchange
import Networks
import SearchSpaces
import Tensors
import TestSupport
import Testing

@Suite("Exported models in ONNX Runtime", .enabled(if: Oracle.isExpected))
struct OracleTests {
  @Test("every operator passes the checker and gives the reference's numbers", arguments: [1, 3])
  func everyOperatorAgrees(batch: Int) throws {
    let network = try everyOperator()
    let weights = randomWeights(network, seed: 7)
    let image = ["image": randomPixels([batch, 3, 13, 15], seed: 8)]
    let model = Oracle.Model(onnx: try ONNX.export(network, weights: weights), inputs: image)
    let theirs = try Oracle.run([model])[0]
    let ours = try ReferenceInterpreter(network, weights: weights).run(image)
    for name in ["logits", "pooled"] {
      #expect(relativeDifference(try #require(ours[name]), try #require(theirs[name])) < 1e-5)
    }
  }

  @Test(
    "every operator on tensors passes the checker and gives the reference's numbers, also read back", arguments: [1, 3])
  func everyTensorOperatorAgrees(batch: Int) throws {
    let network = try everyTensorOperator()
    let weights = randomWeights(network, seed: 7)
    let image = ["image": randomPixels([batch, 3, 8, 6], seed: 8)]
    let data = try ONNX.export(network, weights: weights)
    let theirs = try #require(try Oracle.run([.init(onnx: data, inputs: image)])[0]["logits"])
    let back = try ONNX.import(data, path: "own.onnx")
    for (network, weights) in [(network, weights), back] {
      let ours = try ReferenceInterpreter(network, weights: weights).run(image)
      #expect(relativeDifference(try #require(ours["logits"]), theirs) < 1e-5)
      for isa in CPU.current.levels {
        let compiled = try CompiledNetwork(
          network, weights: weights, batch: batch, pool: ThreadPool(threads: 2), isa: isa)
        #expect(relativeDifference(try #require(try compiled.run(image)["logits"]), theirs) < 1e-5)
      }
    }
    #expect(back.network.cost.macs == network.cost.macs)
  }

  @Test("sampled networks of every shipped space agree with the inference core, and once more when read back")
  func shippedSpaces() throws {
    let samples = try Self.samples()
    let models = samples.map { Oracle.Model(onnx: $0.onnx, inputs: ["image": $0.image]) }
    let theirs = try Oracle.run(models)
    let pool = ThreadPool(threads: 1)
    for (sample, outputs) in zip(samples, theirs) {
      let logits = try #require(outputs["logits"])
      let back = try ONNX.import(sample.onnx, path: sample.name)
      #expect(back.network.fused().nodes.map(\.op) == sample.network.fused().nodes.map(\.op), "\(sample.name)")
      for candidate in [(sample.network, sample.weights), back] {
        let fused = try candidate.0.fused(with: candidate.1)
        let compiled = try CompiledNetwork(
          fused.network, weights: fused.weights, batch: sample.image.shape[0], pool: pool)
        let ours = try #require(try compiled.run(["image": sample.image])["logits"])
        #expect(relativeDifference(ours, logits) < 1e-4, "\(sample.name)")
      }
    }
  }

  private struct Sample {
    var name: String
    var network: Network
    var weights: Weights
    var onnx: Data
    var image: Tensor
  }

  /// The smallest and random networks of every file in searchspaces/, with batches of 1 and 3.
  private static func samples() throws -> [Sample] {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("searchspaces").path
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".yaml") }.sorted()
    #expect(files.count >= 3)
    return try files.flatMap { file in
      let space = try SearchSpace.load("\(folder)/\(file)")
      var random = RandomSource(seed: 11, purpose: file)
      let architectures = [space.smallest] + (0..<2).map { _ in space.sample(using: &random) }
      return try architectures.enumerated().map { number, architecture in
        let network = try space.network(for: architecture)
        let weights = randomWeights(network, seed: UInt64(number))
        var shape = network.nodes[0].shape
        shape[0] = number == 1 ? 3 : 1
        return Sample(
          name: "\(file) \(number)", network: network, weights: weights,
          onnx: try ONNX.export(network, weights: weights), image: randomPixels(shape, seed: 12))
      }
    }
  }
}
