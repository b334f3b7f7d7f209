import Foundation
import Testing

/// Runs `scripts/namespace-test`, which has the details.
@Suite("Two network namespaces") struct NamespaceTests {
  /// Why the script cannot run here, or `nil` where it can.
  private static let obstacle = try? run(["--check"]).obstacle

  @Test(
    "Agents are used, killed and started again from another namespace",
    .enabled(if: obstacle == nil, "\(obstacle ?? "")"))
  func script() throws {
    let run = try Self.run([])
    #expect(run.code == 0, "\(run.text)")
  }

  /// Runs the script. The obstacle is what it prints where the machine does not let it run.
  private static func run(_ arguments: [String]) throws -> (code: Int32, text: String, obstacle: String?) {
    let process = Process()
    process.executableURL = CommandRun.root.appendingPathComponent("scripts/namespace-test")
    process.arguments = arguments
    let output = Pipe()
    (process.standardOutput, process.standardError) = (output, output)
    try process.run()
    // Read before waiting: a full pipe would stop the process.
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return (process.terminationStatus, text, process.terminationStatus == 77 ? text : nil)
  }
}
