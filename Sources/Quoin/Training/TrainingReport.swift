import Compute
import Foundation
import SearchSpaces
import Supernets

/// A trained supernet in a few numbers.
public struct TrainingReport: Hashable, Sendable, Codable {
  enum CodingKeys: String, CodingKey {
    case supernet, seconds, steps, largest, smallest
    case validationImages = "validation_images"
  }

  /// The supernet's file.
  public var supernet: String
  /// The seconds of training, over all runs.
  public var seconds: Double
  /// The steps.
  public var steps: Int
  /// The accuracy of the largest network on validation images.
  public var largest: Double
  /// The accuracy of the smallest network on validation images.
  public var smallest: Double
  /// Validation images.
  public var validationImages: Int

  /// Trains an experiment's supernet, or takes it from its file, and judges its two extremes.
  ///
  /// - Throws: `Diagnostic` as ``SupernetWorkflow/run(_:on:resumes:)`` does.
  public static func train(
    _ experiment: Experiment, path: String, resumes: Bool, monitor: WorkMonitor
  ) throws -> TrainingReport {
    let space = try SearchSpace.load(experiment.space)
    let images = try ExperimentImages(experiment, for: space)
    let pool = ThreadPool(threads: CPU.current.cores)
    let lock = try FolderLock(URL(fileURLWithPath: path).deletingLastPathComponent().path)
    defer { lock.release() }
    let trained = try SupernetWorkflow(experiment, path: path, pool: pool, monitor: monitor)
      .run(space, on: images.training, resumes: resumes)
    let evaluator = try SupernetEvaluator(
      trained.supernet, recalibration: images.recalibration(experiment.search.recalibrationImages), pool: pool)
    func accuracy(_ architecture: Architecture) throws -> Double {
      try evaluator.evaluate(space.network(for: architecture), on: images.validation).accuracy
    }
    return TrainingReport(
      supernet: path, seconds: trained.log.seconds, steps: trained.log.steps, largest: try accuracy(space.largest),
      smallest: try accuracy(space.smallest), validationImages: images.validation.count)
  }
}
