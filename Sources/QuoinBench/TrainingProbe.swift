import Compute
import Diagnostics
import Foundation
import Networks
import Tensors
import Training

/// One training step written down so that another implementation can repeat it: the network, its parameters, a random
/// batch, and the logits, loss, gradients and time of this one.
///
/// `benchmarks/training.py` repeats it with PyTorch, compares the numbers, and times it.
struct TrainingProbe {
  /// A node as `probe.json` states it.
  private struct NodeRecord: Encodable {
    let name: String
    let op: String
    let inputs: [Int]
    let parameters: [String]
    /// The operator's constants by name.
    let numbers: [String: [Double]]
  }

  /// A tensor in `probe.bin`: little-endian FP32 from element `offset` on.
  private struct TensorRecord: Encodable {
    let shape: [Int]
    let offset: Int
  }

  private struct Description: Encodable {
    let network: String
    let threads: Int
    let loss: Double
    let milliseconds: Double
    let nodes: [NodeRecord]
    let output: Int
    var tensors: [String: TensorRecord]
  }

  private let network: Network
  private let plan: TrainingPlan
  private let store: ParameterStore
  private let batch: ImageBatch
  private let images: Tensor
  private let threads: Int

  /// Prepares a step of a network on random images, with random values for all parameters.
  ///
  /// - Throws: ``Diagnostic`` where the network cannot be trained.
  init(_ network: Network, batch size: Int, threads: Int, seed: UInt64 = 1) throws {
    (self.network, self.threads) = (network, threads)
    store = try ParameterStore(network.parameters, seed: seed)
    plan = try TrainingPlan(
      network: network, batch: size, store: store, pool: ThreadPool(threads: threads),
      workspace: TrainingWorkspace())
    let shape = plan.imageShape
    var random = RandomSource(seed: seed, purpose: "images")
    images = Tensor(
      Shape([size] + shape.dimensions), (0..<size * shape.elementCount).map { _ in Float(random.below(256)) })
    batch = ImageBatch(capacity: size, channels: shape[0], height: shape[1], width: shape[2])
    batch.fill(images, labels: (0..<size).map { $0 % plan.classes })
  }

  /// Runs the step, the fastest of `repeats` times, and writes `probe.json` and `probe.bin` into a folder.
  func write(to folder: String, repeats: Int = 5) throws {
    var best = Double.infinity
    var last: (logits: Tensor, loss: Double) = (Tensor([0]), 0)
    for _ in 0..<max(1, repeats) {
      store.clearGradients()
      let start = ContinuousClock.now
      let logits = try plan.forward(batch, .train)
      let loss = Loss.crossEntropy(logits: logits, labels: batch.labels)
      plan.backward(loss.gradient)
      best = min(best, (ContinuousClock.now - start) / .milliseconds(1))
      last = (logits, loss.mean)
    }
    var tensors: [(String, Tensor)] = [("images", images), ("logits", last.logits)]
    for parameter in network.parameters where !parameter.isStatistic {
      guard let value = store.value(parameter.name), let gradient = store.gradient(parameter.name) else { continue }
      tensors.append((parameter.name, parameter.extract(from: value)))
      tensors.append(("gradient/" + parameter.name, parameter.extract(from: gradient)))
    }
    try write(tensors, loss: last.loss, milliseconds: best, to: folder)
  }

  private func write(_ tensors: [(String, Tensor)], loss: Double, milliseconds: Double, to folder: String) throws {
    var description = Description(
      network: network.name, threads: threads, loss: loss, milliseconds: milliseconds,
      nodes: network.nodes.map(Self.record), output: network.outputs[0].value, tensors: [:])
    var data = Data()
    for (name, tensor) in tensors {
      description.tensors[name] = TensorRecord(shape: tensor.shape.dimensions, offset: data.count / 4)
      tensor.values.withUnsafeBytes { data.append(contentsOf: $0) }
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    try writeAtomically(data, to: folder + "/probe.bin")
    try writeAtomically(try encoder.encode(description), to: folder + "/probe.json")
  }

  private static func record(_ node: Network.Node) -> NodeRecord {
    NodeRecord(
      name: node.name, op: node.op.name, inputs: node.inputs, parameters: node.parameters.map(\.name),
      numbers: numbers(node.op))
  }

  private static func numbers(_ op: Operator) -> [String: [Double]] {
    switch op {
    case .normalize(let mean, let deviation):
      ["mean": mean.map { Double($0) }, "deviation": deviation.map { Double($0) }]
    case .resize(let height, let width): ["size": [Double(height), Double(width)]]
    case .convolution(let c):
      [
        "stride": list(c.stride), "dilation": list(c.dilation), "groups": [Double(c.groups)],
        "padding": list(c.padding),
      ]
    case .batchNorm(let epsilon): ["epsilon": [Double(epsilon)]]
    case .pool(let p): ["kernel": list(p.kernel), "stride": list(p.stride), "padding": list(p.padding)]
    case .channelShuffle(let groups): ["groups": [Double(groups)]]
    case .channelSlice(let start, let count): ["range": [Double(start), Double(start + count)]]
    default: [:]
    }
  }

  private static func list(_ extent: Extent) -> [Double] { [Double(extent.height), Double(extent.width)] }

  private static func list(_ padding: Padding) -> [Double] {
    [padding.top, padding.left, padding.bottom, padding.right].map { Double($0) }
  }
}
