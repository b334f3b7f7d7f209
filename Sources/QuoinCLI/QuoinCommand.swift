import ArgumentParser
import Diagnostics
import Foundation

@main
struct QuoinCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "quoin",
    abstract: "Hardware-aware neural architecture search: from a search-space file to an exported winner.",
    discussion: """
      EXAMPLES
        quoin init my-search                      a commented space and experiment to start from
        quoin search my-search/experiment.yaml    train, search, validate, export
        quoin search experiment.yaml --latency-ms 1.5 --device cpu-2t
        quoin measure runs/my-search/1.5ms/winner.onnx --json
        quoin doctor                              what this machine is and what is missing
      """,
    version: "0.1.0",
    subcommands: [])

  /// Runs a command; a `Diagnostic` becomes one line and its exit code.
  static func main() {
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch let diagnostic as Diagnostic {
      Console.note("quoin: \(diagnostic)")
      Foundation.exit(diagnostic.exitCode)
    } catch {
      exit(withError: error)
    }
  }
}
