import Diagnostics
import Foundation

/// The `quoin` executable, run as a user would.
struct CommandRun {
  let code: Int32
  let output: String
  let messages: String

  /// The executable that the package's build leaves beside the tests.
  static var executable: String { root.appendingPathComponent(".build/release/quoin").path }

  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  /// A process with both outputs going to files, which never fill up as a pipe does.
  static func process(_ arguments: [String], output: String, messages: String) throws -> Process {
    for path in [output, messages] { try writeAtomically(Data(), to: path) }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: executable)
    process.currentDirectoryURL = root
    process.arguments = arguments
    process.standardOutput = FileHandle(forWritingAtPath: output)
    process.standardError = FileHandle(forWritingAtPath: messages)
    return process
  }

  /// Waits for a process and returns its exit code; a crash counts as 1000 + its signal, which no test expects.
  static func code(of process: Process) -> Int32 {
    process.waitUntilExit()
    return process.terminationReason == .exit ? process.terminationStatus : 1000 + process.terminationStatus
  }

  /// Runs the executable to its end.
  init(_ arguments: [String]) throws {
    let base = FileManager.default.temporaryDirectory.appendingPathComponent("quoin-run-\(UUID().uuidString)").path
    let (output, messages) = (base + ".out", base + ".err")
    defer { for path in [output, messages] { try? FileManager.default.removeItem(atPath: path) } }
    let process = try Self.process(arguments, output: output, messages: messages)
    try process.run()
    code = Self.code(of: process)
    self.output = String(decoding: try readFile(output), as: UTF8.self)
    self.messages = String(decoding: try readFile(messages), as: UTF8.self)
  }

  /// The JSON document of the output, or `nil` where it is not exactly one.
  var json: Any? { try? JSONSerialization.jsonObject(with: Data(output.utf8), options: .fragmentsAllowed) }
}
