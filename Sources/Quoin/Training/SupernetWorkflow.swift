import Compute
import Datasets
import Diagnostics
import Foundation
import SearchSpaces
import Supernets

/// Trains the supernet of an experiment, or takes up the one in its file.
public struct SupernetWorkflow {
  /// A trained supernet and how its training went.
  public typealias Trained = (supernet: Supernet, log: TrainingLog)

  /// The seconds between two checkpoints: what a killed process loses at most.
  private static let checkpointInterval = 60.0
  /// The points of the curve over a whole training.
  private static let curvePoints = 100

  private let experiment: Experiment
  private let path: String
  private let pool: ThreadPool
  private let monitor: WorkMonitor

  /// - Parameters:
  ///   - path: The supernet's file, which is also the checkpoint of its training.
  ///   - pool: The threads that train.
  public init(_ experiment: Experiment, path: String, pool: ThreadPool, monitor: WorkMonitor) {
    (self.experiment, self.path, self.pool, self.monitor) = (experiment, path, pool, monitor)
  }

  /// Trains until the end; a finished supernet in the file is returned as it is.
  ///
  /// - Parameter resumes: Whether an interrupted training in the file is taken up.
  /// - Throws: `Diagnostic` where the file holds another training or an interrupted one that shall not be taken up, where
  ///   the training diverges, or of category `interrupted`, after a checkpoint was written.
  public func run(_ space: SearchSpace, on data: ImageDataset, resumes: Bool) throws -> Trained {
    let identity = try experiment.trainingIdentity(data)
    let supernet = try Supernet(space, seed: experiment.seed)
    let trainer = try SupernetTrainer(
      supernet, on: data, settings: experiment.training, seed: experiment.seed, pool: pool)
    var log = TrainingLog(steps: trainer.steps, stepsDone: 0, batch: trainer.batch, seconds: 0, points: [])
    if FileManager.default.fileExists(atPath: path) {
      let file = try SupernetFile(path: path)
      guard file.log.isComplete || resumes else { throw isInterrupted(file.log) }
      do {
        try trainer.restore(file.checkpoint, identity: identity)
      } catch var error as Diagnostic {
        error.place = .init(file: path, path: error.place?.path)
        throw error
      }
      log = file.log
    }
    if !log.isComplete { try train(trainer, &log, identity) }
    return (supernet, log)
  }

  private func isInterrupted(_ log: TrainingLog) -> Diagnostic {
    Diagnostic(
      .usage, "an interrupted training is here", at: .init(file: path),
      value: "step \(log.stepsDone) of \(log.steps)", remedy: "add --resume to go on, or remove the file to train anew")
  }

  private func train(_ trainer: SupernetTrainer, _ log: inout TrainingLog, _ identity: String) throws {
    let resumed = trainer.stepsDone
    let spent = log.seconds
    let watch = Stopwatch()
    var saved = 0.0
    var sums = (loss: 0.0, accuracy: 0.0, count: 0)
    let interval = max(1, trainer.steps / Self.curvePoints)
    func save() throws {
      (log.stepsDone, log.seconds, saved) = (trainer.stepsDone, spent + watch.seconds, watch.seconds)
      try SupernetFile(trainer.checkpoint(identity: identity), log: log).write(to: path)
    }
    while trainer.stepsDone < trainer.steps {
      let step = try trainer.step()
      sums = (sums.loss + step.loss, sums.accuracy + step.accuracy, sums.count + 1)
      if trainer.stepsDone % interval == 0 || trainer.stepsDone == trainer.steps {
        let count = Double(sums.count)
        log.points.append(.init(step: trainer.stepsDone, loss: sums.loss / count, accuracy: sums.accuracy / count))
        sums = (0, 0, 0)
        // Only here, since a checkpoint between two points of the curve would lose a part of a mean.
        if watch.seconds - saved > Self.checkpointInterval { try save() }
      }
      report(trainer, log, resumed: resumed)
      if monitor.isInterrupted() {
        try save()
        try monitor.checkInterruption()
      }
    }
    try save()
  }

  private func report(_ trainer: SupernetTrainer, _ log: TrainingLog, resumed: Int) {
    let detail = log.points.last.map { point in
      String(format: "loss %.3f, largest network right on %.1f %%", point.loss, 100 * point.accuracy)
    }
    monitor.report(
      .init(
        phase: "training the supernet", completed: trainer.stepsDone * trainer.batch,
        total: trainer.steps * trainer.batch, resumed: resumed * trainer.batch, detail: detail ?? ""))
  }
}
