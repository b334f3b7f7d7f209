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
        quoin init demo && quoin search demo/experiment.yaml
        quoin space show searchspaces/mbconv-cifar.yaml
        quoin space sample searchspaces/mbconv-cifar.yaml -n 3 --json
        quoin select instance.json --sweep latency_ms=20
      """,
    version: "0.1.0",
    subcommands: [
      InitCommand.self, SpaceCommand.self, TrainCommand.self, SearchCommand.self, ExportCommand.self,
      SelectCommand.self,
    ])

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
