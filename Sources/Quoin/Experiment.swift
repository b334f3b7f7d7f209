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
    /// How many random networks are measured to fit the predictor.
    public var networks = 60
    /// How many more are measured only to say how wrong it is.
    public var heldOut = 20
  }

  /// The search under each budget.
  public struct Searching: Hashable, Sendable, Codable {
    /// How many architectures are evaluated for a budget.
    public var evaluations = 64
    /// The number of evaluations in a generation of the evolution.
    public var population = 16
    /// How many solutions of block selection are tried first, for each resolution and width.
    public var selectionPool = 4
    /// How many of the best candidates are measured at least.
    public var measured = 4
    /// The share of the budget that a measurement must stay below it, so that noise does not break the promise.
    public var margin = 0.02
    /// How many validation images score a block of the selection's table.
    public var scoringImages = 1000
    /// How many training images recalibrate batch norms before an evaluation.
    public var recalibrationImages = 2048
  }

  /// The experiment's name, also that of its study.
  public var name: String
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
  /// - Throws: ``Diagnostic`` with file, line, key, value, rule and nearest legal name.
  public static func load(_ path: String) throws -> Experiment {
    let data = try readFile(path, limit: YAMLDocument.sizeLimit)
    let root = YAMLEntry(node: try YAMLDocument.root(of: data, file: path), file: path, path: "")
    return try ExperimentReader(folder: URL(fileURLWithPath: path).deletingLastPathComponent()).experiment(root)
  }

  /// What decides the outcome of the training, as a text that is equal for equal trainings.
  func trainingIdentity(space: SearchSpace) throws -> String {
    struct Identity: Encodable {
      let space: String
      let data: Images
      let seed: UInt64
      let training: SupernetTraining
    }
    var images = data
    images.folder = nil
    return try canonicalJSON(
      Identity(space: sha256(readFile(self.space)), data: images, seed: seed, training: training))
  }
}

/// JSON with sorted keys, equal for equal values.
func canonicalJSON(_ value: some Encodable) throws -> String {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  return String(decoding: try encoder.encode(value), as: UTF8.self)
}
