import Compute
import Foundation
import Inference
import Interchange
import Networks
import SearchSpaces
import Tensors
import TestSupport
import Testing

/// A network in FP32, quantised, and the samples that it was quantised with.
private struct QuantisedSample {
  let network: Network
  let weights: Weights
  let quantised: (network: Network, weights: Weights)
  /// Every second layer quantised.
  let mixed: (network: Network, weights: Weights)
  let samples: Tensor

  /// A network of a shipped space, so that there are depthwise and pointwise convolutions, squeeze-excite and residuals.
  init(_ space: String, seed: UInt64, largest: Bool = false) throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let space = try SearchSpace.load(root.appendingPathComponent("searchspaces/\(space).yaml").path)
    var random = RandomSource(seed: seed, purpose: "quantised files")
    network = try space.network(for: largest ? space.largest : space.sample(using: &random))
    weights = randomWeights(network, seed: seed)
    var shape = network.nodes[0].shape
    shape[0] = 8
    samples = randomPixels(shape, seed: seed)
    let calibrated = try Quantiser(method: .minmax, pool: ThreadPool(threads: 1))
      .calibrated(network, weights: weights, samples: ["image": samples])
    quantised = try calibrated.quantised()
    let chosen = calibrated.layers.enumerated().filter { $0.offset % 2 == 0 }.map(\.element)
    mixed = try calibrated.quantised(layers: Set(chosen))
  }

  func run(_ network: Network, _ weights: Weights) throws -> Tensor {
    let fused = try network.fused(with: weights)
    let compiled = try CompiledNetwork(
      fused.network, weights: fused.weights, batch: samples.shape[0], pool: ThreadPool(threads: 1))
    return try #require(try compiled.run(["image": samples])["logits"])
  }

  /// 10 · log10 of signal over noise.
  func ratio(_ found: Tensor, to exact: Tensor) -> Double {
    let signal = exact.values.reduce(0) { $0 + Double($1 * $1) }
    let noise = zip(found.values, exact.values).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
    return 10 * log10(signal / max(noise, 1e-30))
  }
}

@Suite("Quantised files")
struct QuantisedFileTests {
  @Test(
    "come back as they were written: operators, grids, bytes, results", arguments: ["mbconv-cifar", "mbconv-mnist"])
  func roundTrip(space: String) throws {
    let sample = try QuantisedSample(space, seed: 3)
    let file = try ONNX.export(sample.quantised.network, weights: sample.quantised.weights)
    let back = try ONNX.import(file, path: "quantised.onnx")
    let (wrote, read) = (sample.quantised.network.fused(), back.network.fused())
    #expect(read.nodes.map(\.op) == wrote.nodes.map(\.op))
    #expect(read.nodes.map(\.grid) == wrote.nodes.map(\.grid))
    #expect(wrote.isQuantised)
    #expect(
      try sample.run(back.network, back.weights)
        == sample.run(sample.quantised.network, sample.quantised.weights))
  }

  @Test("with some layers in FP32 come back with the same results", arguments: ["mbconv-cifar", "mbconv-mnist"])
  func mixedRoundTrip(space: String) throws {
    let sample = try QuantisedSample(space, seed: 3)
    let back = try ONNX.import(ONNX.export(sample.mixed.network, weights: sample.mixed.weights), path: "mixed.onnx")
    let found = try sample.run(back.network, back.weights)
    #expect(relativeDifference(found, try sample.run(sample.mixed.network, sample.mixed.weights)) < 1e-5)
    #expect(back.network.isQuantised)
  }

  @Test(
    "with some layers in FP32 are what ONNX Runtime computes, node by node", .enabled(if: Oracle.isExpected),
    arguments: ["mbconv-cifar", "mbconv-mnist"])
  func mixedOracle(space: String) throws {
    let sample = try QuantisedSample(space, seed: 5)
    let file = try ONNX.export(sample.mixed.network, weights: sample.mixed.weights)
    let model = Oracle.Model(onnx: file, inputs: ["image": sample.samples])
    let theirs = try #require(try Oracle.run([model], isLiteral: true)[0]["logits"])
    let ours = try sample.run(sample.mixed.network, sample.mixed.weights)
    #expect(sample.ratio(ours, to: theirs) > 30, "\(space): \(sample.ratio(ours, to: theirs)) dB")
  }

  @Test("are smaller than the originals and keep the signal")
  func keepsSignal() throws {
    let sample = try QuantisedSample("mbconv-cifar", seed: 4, largest: true)
    let file = try ONNX.export(sample.quantised.network, weights: sample.quantised.weights)
    #expect(file.count < (try ONNX.export(sample.network, weights: sample.weights)).count / 3)
    let exact = try sample.run(sample.network, sample.weights)
    let rounded = try sample.run(sample.quantised.network, sample.quantised.weights)
    #expect(sample.ratio(rounded, to: exact) > 10)
  }

  @Test(
    "have no more noise here than in ONNX Runtime", .enabled(if: Oracle.isExpected),
    arguments: ["mbconv-cifar", "mbconv-mnist"])
  func oracle(space: String) throws {
    for (seed, largest) in [(5, false), (6, true)] {
      let sample = try QuantisedSample(space, seed: UInt64(seed), largest: largest)
      let file = try ONNX.export(sample.quantised.network, weights: sample.quantised.weights)
      let model = Oracle.Model(onnx: file, inputs: ["image": sample.samples])
      let theirs = try #require(try Oracle.run([model])[0]["logits"])
      let exact = try sample.run(sample.network, sample.weights)
      let ours = try sample.run(sample.quantised.network, sample.quantised.weights)
      let (mine, other) = (sample.ratio(ours, to: exact), sample.ratio(theirs, to: exact))
      #expect(mine > other - 1, "\(space) \(seed): \(mine) dB here, \(other) dB in ONNX Runtime")
    }
  }
}
