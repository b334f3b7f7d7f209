import ArgumentParser
import Diagnostics
import Foundation

@main
struct QuoinCommand: AsyncParsableCommand {
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
      InitCommand.self, SpaceCommand.self, DataCommand.self, TrainCommand.self, SearchCommand.self, ExportCommand.self,
      ClassifyCommand.self, InferCommand.self, MeasureCommand.self, QuantizeCommand.self, MixedPrecisionCommand.self,
      ProfileCommand.self, StudyCommand.self,
      SelectCommand.self, DeviceCommand.self, AgentCommand.self, PredictorCommand.self, DoctorCommand.self,
    ])

  /// Runs a command; a `Diagnostic` becomes one line and its exit code.
  static func main() async {
    Console.prepare()
    do {
      var command = try parseAsRoot()
      if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
    } catch let diagnostic as Diagnostic {
      Console.note("quoin: \(diagnostic)")
      Foundation.exit(diagnostic.exitCode)
    } catch {
      exit(withError: error)
    }
  }
}
