import ArgumentParser
import Foundation
import Quoin

/// What `quoin train` and `quoin search` have in common.
struct ExperimentOptions: ParsableArguments {
  @Argument(help: "The experiment file.") var experiment: String
  @Option(help: "The folder for everything that is written; by default runs/NAME.") var out: String?
  @Option(help: "The folder of the images, in place of the experiment's.") var data: String?
  @Option(help: "The seed, in place of the experiment's.") var seed: UInt64?
  @Option(help: "The supernet's file, in a folder that exists; by default supernet.safetensors in --out.") var supernet:
    String?
  @Flag(help: "Go on with what an interrupted run has left.") var resume = false

  func validate() throws {
    for (path, option) in [(out, "--out"), (data, "--data"), (supernet, "--supernet")] {
      try requirePath(path, option)
    }
  }

  /// The experiment with what the options say instead.
  func loaded() throws -> Experiment {
    var loaded = try Experiment.load(experiment)
    if let data { loaded.data.folder = data }
    if let seed { loaded.seed = seed }
    if let supernet,
      URL(fileURLWithPath: supernet).deletingLastPathComponent().path != URL(fileURLWithPath: folder(loaded)).path
    {
      try requireFolder(of: supernet, "--supernet")
    }
    return loaded
  }

  /// The folder for everything that is written.
  func folder(_ experiment: Experiment) -> String { out ?? "runs/\(experiment.name)" }

  /// The supernet's file.
  func supernetPath(_ experiment: Experiment) -> String {
    supernet ?? URL(fileURLWithPath: folder(experiment)).appendingPathComponent("supernet.safetensors").path
  }
}
