import Datasets
import Diagnostics
import Foundation
import SearchSpaces
import Supernets

/// Turns the entries of an experiment file into an ``Experiment``.
struct ExperimentReader {
  /// The file that is read; paths in it are relative to its folder.
  let file: String

  private var folder: URL { URL(fileURLWithPath: file).deletingLastPathComponent() }

  func experiment(_ root: YAMLEntry) throws -> Experiment {
    let fields = try root.fields([
      "version", "name", "space", "seed", "data", "device", "budgets", "training", "latency", "search",
    ])
    let version = try fields.required("version", rule: "an experiment file starts with 'version: 1'")
    _ = try version.integer(in: 1...1)
    let budgets = try fields["budgets"].map(budgets) ?? (milliseconds: [], fractions: [0.25, 0.5, 0.75])
    return Experiment(
      name: try fields.required("name", rule: "an experiment has a name").name(),
      file: file,
      space: path(try fields.required("space", rule: "an experiment names its search-space file").string()),
      seed: UInt64(try fields["seed"]?.integer(in: 0...Int(UInt32.max)) ?? 1),
      data: try images(fields.required("data", rule: "an experiment names its images")),
      device: try fields["device"]?.string() ?? "cpu-1t",
      budgetsMilliseconds: budgets.milliseconds, budgetFractions: budgets.fractions,
      training: try fields["training"].map(training) ?? SupernetTraining(),
      profiling: try fields["latency"].map(profiling) ?? .init(),
      search: try fields["search"].map(searching) ?? .init())
  }

  private func path(_ text: String) -> String {
    text.hasPrefix("/") ? text : folder.appendingPathComponent(text).standardizedFileURL.path
  }

  private func images(_ entry: YAMLEntry) throws -> Experiment.Images {
    let fields = try entry.fields(["name", "folder", "validation"])
    let name = try fields.required("name", rule: "data has a name").word(among: DatasetCatalog.names, "data set")
    return Experiment.Images(
      name: name, folder: try fields["folder"].map { path(try $0.string()) },
      validation: try fields["validation"]?.integer(in: 100...1_000_000) ?? 5000)
  }

  private func budgets(_ entry: YAMLEntry) throws -> (milliseconds: [Double], fractions: [Double]) {
    let fields = try entry.fields(["milliseconds", "fractions"])
    let milliseconds = try fields["milliseconds"]?.numbers(upTo: 1e6) ?? []
    let fractions = try fields["fractions"]?.numbers(upTo: 1) ?? []
    guard milliseconds.isEmpty != fractions.isEmpty else {
      throw entry.error(
        "the budgets are not clear", rule: "either milliseconds or fractions are given, with at least one number")
    }
    return (milliseconds, fractions)
  }

  private func training(_ entry: YAMLEntry) throws -> SupernetTraining {
    let fields = try entry.fields([
      "epochs", "batch", "random_networks", "learning_rate", "warm_up_epochs", "momentum", "weight_decay",
      "distillation", "label_smoothing", "gradient_norm", "crop", "flip",
    ])
    var training = SupernetTraining()
    if let epochs = try fields["epochs"]?.integer(in: 1...10_000) { training.epochs = epochs }
    if let batch = try fields["batch"]?.integer(in: 8...4096) { training.batch = batch }
    if let count = try fields["random_networks"]?.integer(in: 0...16) { training.randomNetworks = count }
    if let rate = try fields["learning_rate"]?.positiveNumber(upTo: 100) { training.learningRate = rate }
    if let warmUp = try fields["warm_up_epochs"]?.number(in: 0...100) { training.warmUpEpochs = warmUp }
    if let momentum = try fields["momentum"]?.number(in: 0...0.9999) { training.momentum = momentum }
    if let decay = try fields["weight_decay"]?.number(in: 0...1) { training.weightDecay = decay }
    if let share = try fields["distillation"]?.number(in: 0...1) { training.distillation = share }
    if let smoothing = try fields["label_smoothing"]?.number(in: 0...0.9) { training.labelSmoothing = smoothing }
    if let norm = try fields["gradient_norm"]?.positiveNumber(upTo: 1e6) { training.gradientNorm = norm }
    if let crop = try fields["crop"]?.integer(in: 0...64) { training.crop = crop }
    if let flip = try fields["flip"]?.flag() { training.flip = flip }
    return training
  }

  private func profiling(_ entry: YAMLEntry) throws -> Experiment.Profiling {
    let fields = try entry.fields(["networks", "held_out"])
    var profiling = Experiment.Profiling()
    if let networks = try fields["networks"]?.integer(in: 20...100_000) { profiling.networks = networks }
    if let heldOut = try fields["held_out"]?.integer(in: 10...100_000) { profiling.heldOut = heldOut }
    return profiling
  }

  private func searching(_ entry: YAMLEntry) throws -> Experiment.Searching {
    let fields = try entry.fields([
      "evaluations", "population", "children", "selection_pool", "measured", "margin", "scoring_images",
      "scoring_recalibration_images", "recalibration_images",
    ])
    var search = Experiment.Searching()
    if let count = try fields["evaluations"]?.integer(in: 2...1_000_000) { search.evaluations = count }
    if let population = try fields["population"]?.integer(in: 2...10_000) { search.population = population }
    if let children = try fields["children"]?.integer(in: 1...10_000) { search.children = children }
    if let pool = try fields["selection_pool"]?.integer(in: 0...100) { search.selectionPool = pool }
    if let measured = try fields["measured"]?.integer(in: 1...10_000) { search.measured = measured }
    if let margin = try fields["margin"]?.number(in: 0...0.5) { search.margin = margin }
    if let images = try fields["scoring_images"]?.integer(in: 50...1_000_000) { search.scoringImages = images }
    if let images = try fields["scoring_recalibration_images"]?.integer(in: 50...1_000_000) {
      search.scoringRecalibrationImages = images
    }
    if let images = try fields["recalibration_images"]?.integer(in: 50...1_000_000) {
      search.recalibrationImages = images
    }
    return search
  }
}
