import Compute
import Datasets
import Foundation
import Inference
import Interchange
import Networks
import SearchSpaces
import Supernets
import Tensors

/// A network as it leaves the house: what was read back from its exported form.
///
/// Latency and test accuracy are measured on this and on nothing else, so that the promise is about the file.
struct Artifact {
  /// The ONNX model.
  let model: Data
  /// The network of the model, as anyone would import it.
  let network: Network
  /// Its weights.
  let weights: Weights

  /// How many training images the grids of a network in bytes are chosen on.
  private static let calibrationImages = 64

  /// Extracts a network of a supernet with statistics of its own, quantises it for a device that computes in bytes, exports
  /// it and reads it back.
  init(
    _ architecture: Architecture, of evaluator: SupernetEvaluator, classes: [String], precision: Precision,
    pool: ThreadPool
  ) throws {
    let supernet = evaluator.supernet
    let slice = try supernet.space.network(for: architecture)
    var own = try supernet.extracted(slice, statistics: evaluator.statistics(of: slice))
    if precision == .int8 {
      let samples = ["image": evaluator.recalibrationImages(Self.calibrationImages)]
      own = try Quantiser(pool: pool).quantised(own.network, weights: own.weights, samples: samples)
    }
    model = try ONNX.export(own.network, weights: own.weights, classes: classes)
    (network, weights) = try ONNX.import(model, path: "winner.onnx")
  }

  /// Which images the inference core classifies rightly.
  func hits(on data: ImageDataset, pool: ThreadPool) throws -> [Bool] {
    let batch = min(100, data.count)
    let fused = try network.fused(with: weights)
    let compiled = try CompiledNetwork(fused.network, weights: fused.weights, batch: batch, pool: pool)
    var hits: [Bool] = []
    for first in stride(from: 0, to: data.count, by: batch) {
      // The last batch is filled up with images that were judged already.
      let start = min(first, data.count - batch)
      let outputs = try compiled.run(["image": data.batch(of: Array(start..<start + batch))])
      guard let logits = outputs["logits"]?.values else { preconditionFailure("an exported network has logits") }
      let classes = logits.count / batch
      for image in first..<min(first + batch, data.count) {
        let scores = logits[(image - start) * classes..<(image - start + 1) * classes]
        hits.append(scores.indices.max { scores[$0] < scores[$1] }.map { $0 - scores.startIndex } == data.labels[image])
      }
    }
    return hits
  }
}
