import Compute
import Diagnostics
import Inference
import Latency
import Networks
import Search
import SearchSpaces
import Supernets

/// What the searches of one experiment share: the space, the judges of accuracy and latency, and the predictor, which
/// learns from every search.
final class SearchBench {
  let experiment: Experiment
  let latency: LatencyMemory
  let accuracy: AccuracyMemory
  /// The classes' names, which exported models carry.
  let classes: [String]
  /// The threads that train and evaluate.
  let pool: ThreadPool
  let monitor: WorkMonitor
  /// Fitted on random networks, and refitted on what the searches measure.
  private(set) var predictor: LatencyPredictor

  init(
    _ experiment: Experiment, latency: LatencyMemory, accuracy: AccuracyMemory, classes: [String],
    predictor: LatencyPredictor, pool: ThreadPool, monitor: WorkMonitor
  ) {
    (self.experiment, self.latency, self.accuracy, self.classes) = (experiment, latency, accuracy, classes)
    (self.predictor, self.pool, self.monitor) = (predictor, pool, monitor)
  }

  /// The space that is searched.
  var space: SearchSpace { accuracy.evaluator.supernet.space }
  /// Where everything is recorded.
  var storage: any StudyStorage { latency.storage }

  /// The latency of the artifact that would be delivered; one above the prediction's interval is in doubt.
  func measure(_ architecture: Architecture) throws -> LatencySample {
    let expected = try predictor.predict(space.network(for: architecture)).upper
    return try latency.latency(of: architecture, as: .artifact, expected: expected) {
      let artifact = try artifact(architecture)
      return (artifact.network, artifact.weights)
    }
  }

  /// The network with weights and statistics of its own, exported and read back.
  func artifact(_ architecture: Architecture) throws -> Artifact {
    let precision: Precision = latency.device.fingerprint.precision == Precision.int8.rawValue ? .int8 : .fp32
    return try Artifact(
      architecture, of: accuracy.evaluator, classes: classes, precision: precision, pool: pool)
  }

  /// Fits the predictor again with networks that took longer than it had said.
  func learn(_ candidates: [Candidate]) throws {
    predictor = try predictor.refitted(
      adding: candidates.map { candidate in
        TrainingSample(
          key: candidate.architecture.hash, network: try space.network(for: candidate.architecture),
          milliseconds: candidate.measured.latency.median)
      })
  }
}

/// An architecture that was validated and whose artifact was measured.
struct Candidate {
  let architecture: Architecture
  /// The name of the sampler that proposed it.
  let method: String
  let validation: SupernetEvaluator.Result
  /// The latency predicted before it was measured.
  let predicted: Double
  let measured: LatencySample
}
