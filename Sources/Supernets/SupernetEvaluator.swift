import Compute
import Datasets
import Diagnostics
import Networks
import Tensors
import Training

/// Judges networks of a supernet: measures their batch norm statistics on training images, then their accuracy.
///
/// The statistics are measured anew for every network, since a supernet's running ones fit none (Yu and Huang,
/// "Universally Slimmable Networks and Improved Training Techniques", 2019).
public final class SupernetEvaluator {
  /// How well a network does on some images.
  public struct Result: Hashable, Sendable, Codable {
    /// The images.
    public let images: Int
    /// The images whose class has the largest logit.
    public let correct: Int
    /// The mean cross entropy.
    public let loss: Double
    /// The mean probability of the right class after calibration, which ranks networks with less noise than accuracy.
    public let expectedAccuracy: Double

    /// The share of images whose class has the largest logit.
    public var accuracy: Double { Double(correct) / Double(images) }

    /// Whether a network with this result is to be preferred; `nil` where the results do not tell.
    public func isBetter(than other: Result) -> Bool? {
      if expectedAccuracy != other.expectedAccuracy { return expectedAccuracy > other.expectedAccuracy }
      return correct == other.correct ? nil : correct > other.correct
    }
  }

  /// The supernet whose networks are judged.
  public let supernet: Supernet
  private let recalibration: ImageDataset
  private let pool: ThreadPool
  private let workspace = TrainingWorkspace()
  private let images: ImageBatch
  /// The batch of recalibration: statistics of small batches vary, and with them what deeper layers see.
  private let batch: Int

  /// - Parameter recalibration: Training images without augmentation, a few thousand in any order.
  public init(_ supernet: Supernet, recalibration: ImageDataset, pool: ThreadPool) throws {
    try supernet.space.requireFit(recalibration)
    (self.supernet, self.recalibration, self.pool) = (supernet, recalibration, pool)
    batch = min(128, recalibration.count)
    images = ImageBatch(capacity: batch, of: recalibration)
  }

  /// The statistics of the network's batch norms.
  ///
  /// - Parameter count: How many recalibration images are used, in whole batches and at least one; all by default.
  public func statistics(of network: Network, images count: Int = .max) throws -> Weights {
    try statistics(compiled(network), count)
  }

  /// Some of the recalibration images, for whatever else is fitted to training data.
  public func recalibrationImages(_ count: Int) -> Tensor {
    recalibration.batch(of: Array(0..<min(count, recalibration.count)))
  }

  private func compiled(_ network: Network) throws -> TrainingPlan {
    try TrainingPlan(
      network: network, batch: batch, store: supernet.store, pool: pool, workspace: workspace, purpose: .inference)
  }

  private func statistics(_ plan: TrainingPlan, _ count: Int) throws -> Weights {
    let statistics = BatchStatistics()
    for position in 0..<max(1, min(count, recalibration.count) / batch) {
      images.fill(recalibration, position * batch..<(position + 1) * batch, pool: pool)
      _ = try plan.forward(images, .recalibrate(statistics))
    }
    return statistics.weights
  }

  /// Measures a network's statistics, then its accuracy and loss on `data`.
  ///
  /// - Parameter count: How many recalibration images are used, in whole batches and at least one; all by default.
  /// - Throws: `Diagnostic` of category `failure` where the network's logits are not finite.
  public func evaluate(
    _ network: Network, on data: ImageDataset, recalibrationImages count: Int = .max
  ) throws -> Result {
    let plan = try compiled(network)
    let statistics = try statistics(plan, count)
    var (correct, loss) = (0, 0.0)
    var (allLogits, labels) = ([Float](), [Int]())
    for first in stride(from: 0, to: data.count, by: batch) {
      let indices = first..<min(first + batch, data.count)
      images.fill(data, indices, pool: pool)
      let logits = try plan.forward(images, .evaluate(statistics))
      correct += correctCount(logits: logits, labels: images.labels)
      loss += Loss.crossEntropy(logits: logits, labels: images.labels).mean * Double(indices.count)
      guard logits.values.allSatisfy(\.isFinite) else {
        throw Diagnostic(
          .failure, "a network of the supernet answers with numbers that are not finite", value: network.name,
          remedy: "train anew with a lower training.learning_rate or gradient_norm")
      }
      allLogits += logits.values
      labels += images.labels
    }
    return Result(
      images: data.count, correct: correct, loss: loss / Double(data.count),
      expectedAccuracy: expectedAccuracy(logits: allLogits, labels: labels))
  }
}
