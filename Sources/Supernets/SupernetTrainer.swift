import Compute
import Datasets
import Diagnostics
import Foundation
import Networks
import SearchSpaces
import Tensors
import Training

/// Trains a supernet by the sandwich rule with in-place distillation; see ``SupernetTraining``.
///
/// What a step does is a function of the seed, the position of the step and the weights, so a training that is restored
/// from a checkpoint goes on bit for bit as if it had never stopped.
public final class SupernetTrainer {
  /// What one step did.
  public struct Step: Hashable, Sendable {
    /// The mean loss of the largest network on the labels.
    public let loss: Double
    /// The share of the batch that the largest network had right.
    public let accuracy: Double
    /// The norm of the summed gradients, before it was limited.
    public let gradientNorm: Double
  }

  /// What is trained.
  public let supernet: Supernet
  /// How.
  public let settings: SupernetTraining
  /// The images of a step: as set, or all that there are.
  public let batch: Int
  /// The steps of an epoch; images that do not fill a batch wait for another epoch's order.
  public let stepsPerEpoch: Int
  private let data: ImageDataset
  private let seed: UInt64
  private let pool: ThreadPool
  private let optimizer: SGD
  private let schedule: CosineSchedule
  private let images: ImageBatch
  private let workspace = TrainingWorkspace()
  private let largest: TrainingPlan
  private let smallest: TrainingPlan
  private var order: (epoch: Int, indices: [Int]) = (-1, [])

  /// Prepares the training.
  ///
  /// - Throws: `Diagnostic` where the images do not fit the space.
  public init(
    _ supernet: Supernet, on data: ImageDataset, settings: SupernetTraining, seed: UInt64, pool: ThreadPool
  ) throws {
    try supernet.space.requireFit(data)
    (self.supernet, self.settings, self.data, self.seed, self.pool) = (supernet, settings, data, seed, pool)
    batch = min(settings.batch, data.count)
    stepsPerEpoch = data.count / batch
    schedule = CosineSchedule(
      peak: Float(settings.learningRate), warmup: Int(settings.warmUpEpochs * Double(stepsPerEpoch)),
      steps: settings.epochs * stepsPerEpoch)
    optimizer = SGD(
      supernet.store,
      .init(
        momentum: Float(settings.momentum), weightDecay: Float(settings.weightDecay),
        gradientNormLimit: Float(settings.gradientNorm)))
    images = ImageBatch(capacity: batch, of: data)
    let (space, size, workspace) = (supernet.space, batch, workspace)
    func plan(_ architecture: Architecture) throws -> TrainingPlan {
      try TrainingPlan(
        network: space.network(for: architecture), batch: size, store: supernet.store, pool: pool,
        workspace: workspace)
    }
    largest = try plan(space.largest)
    smallest = try plan(space.smallest)
  }

  /// The steps taken.
  public var stepsDone: Int { optimizer.steps }
  /// The steps of the whole training.
  public var steps: Int { schedule.steps }

  /// Takes the next step.
  ///
  /// - Throws: `Diagnostic` where the training has diverged.
  public func step() throws -> Step {
    let number = stepsDone
    fillBatch(number)
    let logits = try largest.forward(images, .train)
    let loss = Loss.crossEntropy(
      logits: logits, labels: images.labels, smoothing: Float(settings.labelSmoothing))
    largest.backward(loss.gradient)
    for student in try [smallest] + randomPlans(number) {
      student.backward(studentGradient(try student.forward(images, .train), teacher: logits, number))
    }
    let norm = optimizer.step(rate: schedule.rate(at: number))
    guard norm.isFinite, loss.mean.isFinite else { throw diverged(number) }
    return Step(
      loss: loss.mean, accuracy: Double(correctCount(logits: logits, labels: images.labels)) / Double(batch),
      gradientNorm: norm)
  }

  /// The gradient of a smaller network's loss: of the labels and, more and more, of the largest network's soft answers.
  private func studentGradient(_ logits: Tensor, teacher: Tensor, _ number: Int) -> Tensor {
    let share = Float(settings.distillation * Double(number) / Double(steps))
    var gradient = Loss.crossEntropy(
      logits: logits, labels: images.labels, smoothing: Float(settings.labelSmoothing)
    ).gradient
    let soft = Loss.distillation(logits: logits, teacher: teacher).gradient
    for i in gradient.values.indices {
      gradient.values[i] = (1 - share) * gradient.values[i] + share * soft.values[i]
    }
    return gradient
  }

  private func fillBatch(_ number: Int) {
    let epoch = number / stepsPerEpoch
    if order.epoch != epoch {
      var random = RandomSource(seed: seed, purpose: "image order of epoch \(epoch)")
      order = (epoch, random.shuffled(Array(data.labels.indices)))
    }
    let first = number % stepsPerEpoch * batch
    images.fill(
      data, order.indices[first..<first + batch],
      augmentation: Augmentation(shift: settings.crop, mirrors: settings.flip), seed: seed, epoch: epoch, pool: pool)
  }

  private func randomPlans(_ number: Int) throws -> [TrainingPlan] {
    var random = RandomSource(seed: seed, purpose: "networks of step \(number)")
    return try (0..<settings.randomNetworks).map { _ in
      try TrainingPlan(
        network: supernet.space.network(for: supernet.space.sample(using: &random)), batch: batch,
        store: supernet.store, pool: pool, workspace: workspace)
    }
  }

  private func diverged(_ number: Int) -> Diagnostic {
    Diagnostic(
      .failure, "the training has diverged: a loss or gradient is no number", at: .init(path: "step \(number)"),
      value: "learning rate \(settings.learningRate)", remedy: "lower learning_rate or gradient_norm and train anew")
  }
}

extension SupernetTrainer {
  /// The state of the training; `identity` tells the training apart from others.
  public func checkpoint(identity: String) throws -> TrainingCheckpoint {
    try TrainingCheckpoint(optimizer, randoms: [:], configuration: identity)
  }

  /// Goes on where a checkpoint ends.
  ///
  /// - Throws: `Diagnostic` where the checkpoint is another training's, or damaged.
  public func restore(_ checkpoint: TrainingCheckpoint, identity: String) throws {
    guard checkpoint.configuration == identity else {
      throw Diagnostic(
        .unusableFile, "the supernet is of another training",
        rule: "space, images, seed and the settings of the training are those of the experiment",
        remedy: "choose another folder, or remove the file to train anew")
    }
    _ = try checkpoint.restore(optimizer)
  }
}

extension SearchSpace {
  /// Checks that images are what the networks of the space take.
  ///
  /// - Throws: `Diagnostic` that names both sizes.
  public func requireFit(_ data: ImageDataset) throws {
    guard data.channels == imageChannels, data.height == imageSize.height, data.width == imageSize.width else {
      throw Diagnostic(
        .usage, "the images do not fit the space",
        value: "\(data.channels)×\(data.height)×\(data.width) (\(data.name))",
        rule: "space \(name) takes \(imageChannels)×\(imageSize.height)×\(imageSize.width)",
        remedy: "change `input` in the space file, or choose another data set")
    }
    guard data.classes.count == classes else {
      throw Diagnostic(
        .usage, "the classes do not fit the space", value: "\(data.classes.count) (\(data.name))",
        rule: "space \(name) tells \(classes) classes apart",
        remedy: "set `classes: \(data.classes.count)` in the space file")
    }
  }
}
