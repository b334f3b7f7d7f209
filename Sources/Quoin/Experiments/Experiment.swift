import Datasets
import Diagnostics
import Foundation
import SearchSpaces
import Supernets

/// What an experiment file says: the space, the data, the device, the budgets, the training and the search.
///
/// Paths are relative to the file. Everything but `name`, `space` and `data` has a default.
public struct Experiment: Hashable, Sendable, Codable {
  /// The images, and how many of the training images are held out for choosing.
  public struct Images: Hashable, Sendable, Codable {
    /// A name of the catalogue, such as `cifar10`.
    public var name: String
    /// The folder of the files; `nil` for generated images and for the default folder.
    public var folder: String?
    /// How many training images are held out to choose among candidates.
    public var validation: Int
  }

  /// How the latency predictor is made.
  public struct Profiling: Hashable, Sendable, Codable {
    enum CodingKeys: String, CodingKey {
      case networks
      case heldOut = "held_out"
    }

    /// How many random networks are measured to fit the predictor.
    public var networks = 60
    /// How many more are measured only to say how wrong it is.
    public var heldOut = 20
  }

  /// The search under each budget.
  public struct Searching: Hashable, Sendable, Codable {
    /// How many architectures are evaluated for a budget.
    public var evaluations = 64
    /// How many solutions of block selection are evaluated first; 0 for none.
    public var selectionPool = 12
    /// The evaluations of the evolution's first generation: the solutions of block selection, then random architectures.
    public var population = 24
    /// The evaluations in every later generation of the evolution.
    public var children = 8
    /// How many of the best candidates are measured at least.
    public var measured = 4
    /// The share of the budget that a measurement must stay below it, so that noise does not break the promise.
    public var margin = 0.02
    /// How many validation images score a block of the selection's table.
    public var scoringImages = 1000
    /// How many training images recalibrate batch norms before a block is scored.
    public var scoringRecalibrationImages = 512
    /// How many training images recalibrate batch norms before any other evaluation.
    public var recalibrationImages = 2048

    enum CodingKeys: String, CodingKey {
      case evaluations, population, children, measured, margin
      case selectionPool = "selection_pool"
      case scoringImages = "scoring_images"
      case scoringRecalibrationImages = "scoring_recalibration_images"
      case recalibrationImages = "recalibration_images"
    }
  }

  /// The experiment's name, also that of its study.
  public var name: String
  /// The experiment's file.
  public var file: String
  /// The path of the space file.
  public var space: String
  /// The seed of every random decision.
  public var seed: UInt64
  /// The images.
  public var data: Images
  /// The name of the device that the budgets are about.
  public var device: String
  /// Budgets in milliseconds; empty where `budgetFractions` decides.
  public var budgetsMilliseconds: [Double]
  /// Budgets as shares of the way from the fastest to the slowest network of the space, as measured on the device.
  public var budgetFractions: [Double]
  /// The supernet's training.
  public var training: SupernetTraining
  /// The latency predictor.
  public var profiling: Profiling
  /// The search.
  public var search: Searching
}

extension Experiment {
  /// Reads an experiment file.
  ///
  /// - Throws: `Diagnostic` with file, line, key, value, rule and nearest legal name.
  public static func load(_ path: String) throws -> Experiment {
    try ExperimentReader(file: path)
      .experiment(YAMLDocument.root(ofFile: path))
  }

  /// What decides the outcome of the training, as a text that is equal for equal trainings.
  func trainingIdentity(_ images: ImageDataset) throws -> String {
    struct Identity: Encodable {
      let space: String
      let images: String
      let seed: UInt64
      let training: SupernetTraining
    }
    return try canonicalJSON(
      Identity(space: spaceHash(), images: images.fingerprint, seed: seed, training: training))
  }

  /// What decides accuracies and losses: a training, the images held out, and those that recalibrate.
  func accuracyIdentity(training: String, validation: ImageDataset) throws -> String {
    struct Identity: Encodable {
      let training: String
      let validation: String
      let recalibrationImages: Int
      let scoringImages: Int
      let scoringRecalibrationImages: Int
    }
    return try canonicalJSON(
      Identity(
        training: training, validation: validation.fingerprint, recalibrationImages: search.recalibrationImages,
        scoringImages: search.scoringImages, scoringRecalibrationImages: search.scoringRecalibrationImages))
  }

  /// What decides the outcome of a search under one budget, besides measurements.
  func searchIdentity(budget: Double, accuracy: String) throws -> String {
    struct Identity: Encodable {
      let accuracy: String
      let device: String
      let budgetMilliseconds: Double
      let latency: Profiling
      let search: Searching
    }
    return try canonicalJSON(
      Identity(
        accuracy: sha256(Data(accuracy.utf8)), device: device, budgetMilliseconds: budget, latency: profiling,
        search: search))
  }

  /// The SHA-256 of the space file.
  func spaceHash() throws -> String { sha256(try readFile(space, limit: YAMLDocument.sizeLimit)) }
}

/// JSON with sorted keys, equal for equal values.
func canonicalJSON(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
