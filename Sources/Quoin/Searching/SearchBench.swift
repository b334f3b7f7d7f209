import Compute
import Diagnostics
import Latency
import Networks
import Search
import SearchSpaces
import Supernets

/// What the searches of one experiment share: the space, the judges of accuracy and latency, and the predictor, which
/// learns from every search.
final class SearchBench {
  let experiment: Experiment
  let space: SearchSpace
  let storage: any StudyStorage
  let latency: LatencyMemory
  let accuracy: AccuracyMemory
  /// The classes' names, which exported models carry.
  let classes: [String]
  let monitor: WorkMonitor
  /// Fitted on random networks, and refitted on what the searches measure.
  private(set) var predictor: LatencyPredictor

  init(
    _ experiment: Experiment, space: SearchSpace, storage: any StudyStorage, latency: LatencyMemory,
    accuracy: AccuracyMemory, classes: [String], predictor: LatencyPredictor, monitor: WorkMonitor
  ) {
    (self.experiment, self.space, self.storage, self.latency) = (experiment, space, storage, latency)
    (self.accuracy, self.classes, self.predictor, self.monitor) = (accuracy, classes, predictor, monitor)
  }

  /// The latency of an architecture as the predictor sees it now.
  func predictedMilliseconds(_ architecture: Architecture) throws -> Double {
    try predictor.predict(space.network(for: architecture)).milliseconds
  }

  /// The latency of the artifact that would be delivered.
  func measure(_ architecture: Architecture) throws -> LatencySample {
    try latency.latency(of: architecture) {
      let artifact = try artifact(architecture)
      return (artifact.network, artifact.weights)
    }
  }

  /// The network with weights and statistics of its own, exported and read back.
  func artifact(_ architecture: Architecture) throws -> Artifact {
    try Artifact(architecture, of: accuracy.evaluator, classes: classes)
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
