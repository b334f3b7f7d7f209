import ArgumentParser
import Quoin

/// `quoin train`: the supernet alone.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train an experiment's supernet, which any number of searches then share.",
    discussion: """
      `quoin search` does this by itself. Ctrl-C writes a checkpoint; --resume goes on, bit for bit.

      EXAMPLES
        quoin train experiments/cifar10/experiment.yaml --data ~/cifar10
        quoin train experiments/cifar10/experiment.yaml --data ~/cifar10 --resume
      """)

  @OptionGroup var options: ExperimentOptions
  @Flag(help: "Print one JSON document.") var json = false

  func run() throws {
    let experiment = try options.loaded()
    let path = options.supernetPath(experiment)
    let summary = try TrainingReport.train(
      experiment, path: path, resumes: options.resume, monitor: Console.monitor())
    if json { return try Console.print(json: summary) }
    Console.print("supernet: \(path), trained in \(Int(summary.seconds)) s")
    for network in [("largest", summary.largest), ("smallest", summary.smallest)] {
      Console.print(
        "\(network.0) network: \(percent(network.1)) of \(summary.validationImages) validation images right")
    }
  }
}
