import ArgumentParser
import Devices
import Diagnostics
import Foundation
import Quoin

/// `quoin agent`: this machine as a device of others.
struct AgentCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "agent", abstract: "Time networks on this machine for programs on other machines.",
    discussion: """
      The agent listens on the loopback address, since it does not encrypt; reach it through ssh -L or a private network.
      Clients need the token, from --token-file or the environment variable QUOIN_AGENT_TOKEN. docs/AGENT.md has the
      protocol and the limits. Ctrl-C ends it after the measurement under way; a second one ends it at once.

      EXAMPLES
        (umask 077; openssl rand -hex 16 > token) && quoin agent --token-file token
        quoin agent --token-file token --listen 10.0.0.2:7431 --devices cpu-1t,cpu-2t
        QUOIN_AGENT_TOKEN=$(cat token) quoin measure winner.onnx --device http://10.0.0.2:7431/cpu-1t
      """)

  @Option(help: "HOST:PORT to listen on.") var listen = "127.0.0.1:7431"
  @Option(help: "A file with the token.") var tokenFile: String?
  @Option(
    help: "The devices that clients may choose, with commas between; by default the inference core's and formula.")
  var devices: String?
  @Option(help: "The size of a network's file at most.") var maxMebibytes = 256

  func validate() throws {
    guard (1...2_048).contains(maxMebibytes) else {
      throw ValidationError("--max-mebibytes is from 1 to 2048, not \(maxMebibytes)")
    }
  }

  func run() throws {
    let monitor = Console.monitor()
    // Whoever stops services sends SIGTERM; it means the same here.
    signal(SIGTERM) { _ in raise(SIGINT) }
    let chosen = try chosenDevices()
    let server = try AgentServer(
      listen: listen, token: tokenFile.map { try AccessToken(file: $0) } ?? .ofEnvironment(), devices: chosen,
      limits: AgentLimits(bytes: maxMebibytes << 20), log: { Console.note($0) })
    Console.note("listening on \(server.address) for \(chosen.map(\.name).joined(separator: ", "))")
    server.run(until: monitor.isInterrupted)
    throw Diagnostic(.interrupted, "the agent was told to end")
  }

  private func chosenDevices() throws -> [any Device] {
    // Other runtimes may be missing; who wants them names them.
    let names =
      devices?.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      ?? InferenceCoreDevice.names + [FormulaDevice().name]
    guard !names.isEmpty, Set(names).count == names.count else {
      throw Diagnostic(
        .usage, "--devices names none, or one twice", value: devices, remedy: "quoin device list prints their names")
    }
    return try names.map { try DeviceShelf().device(named: $0) }
  }
}
