import Datasets
import Networks
import SearchSpaces
import Supernets

/// How well networks of the supernet do on images held out for choosing; every result is computed once and kept.
struct AccuracyMemory {
  let evaluator: SupernetEvaluator
  let validation: ImageDataset
  let settings: Experiment.Searching
  let facts: FactMemory
  private let scoring: ImageDataset

  init(
    _ evaluator: SupernetEvaluator, validation: ImageDataset, settings: Experiment.Searching, facts: FactMemory
  ) {
    (self.evaluator, self.validation, self.settings, self.facts) = (evaluator, validation, settings, facts)
    scoring = validation.subset(Array(0..<min(settings.scoringImages, validation.count)))
  }

  /// Accuracy and loss of an architecture on all validation images.
  func validate(_ architecture: Architecture) throws -> SupernetEvaluator.Result {
    try facts("validation result", architecture.hash) {
      try evaluator.evaluate(network(architecture), on: validation)
    }
  }

  /// The loss that a network of block selection is scored by, on fewer images.
  func scoringLoss(_ architecture: Architecture) throws -> Double {
    try facts("scoring loss", architecture.hash) {
      try evaluator.evaluate(
        network(architecture), on: scoring, recalibrationImages: settings.scoringRecalibrationImages
      ).loss
    }
  }

  /// Whether the scoring loss is known.
  func isScored(_ architecture: Architecture) throws -> Bool {
    try facts.isKnown("scoring loss", architecture.hash)
  }

  private func network(_ architecture: Architecture) throws -> Network {
    try evaluator.supernet.space.network(for: architecture)
  }
}
