import ArgumentParser
import Diagnostics
import Foundation

/// `quoin export`: a winner's file in one format.
struct ExportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export", abstract: "Copy a winner out of a search's folder in one format.",
    discussion: """
      EXAMPLES
        quoin export runs/cifar10/1.5ms --format onnx -o model.onnx
        quoin export runs/cifar10 --format json -o architecture.json     (where there is one budget)
      """)

  enum Format: String, ExpressibleByArgument, CaseIterable {
    case onnx, safetensors, json
  }

  @Argument(help: "The folder of a budget, or of a search with one budget.") var folder: String
  @Option(help: "onnx, safetensors (the weights) or json (the architecture).") var format: Format = .onnx
  @Option(name: .shortAndLong, help: "The file to write.") var output: String

  func run() throws {
    let name = "winner.\(format.rawValue)"
    let data = try readFile(try winnerFolder().appendingPathComponent(name).path)
    try writeAtomically(data, to: output)
    Console.print("wrote \(output), \(data.count) bytes")
  }

  private func winnerFolder() throws -> URL {
    let base = URL(fileURLWithPath: folder)
    func holdsWinner(_ url: URL) -> Bool {
      FileManager.default.fileExists(atPath: url.appendingPathComponent("winner.json").path)
    }
    if holdsWinner(base) { return base }
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: base.path)) ?? []).sorted()
    let found = names.map(base.appendingPathComponent).filter(holdsWinner)
    guard found.count < 2 else {
      throw Diagnostic(
        .usage, "the folder holds several winners", at: .init(file: folder),
        rule: "one of \(found.map(\.lastPathComponent).joined(separator: ", ")) is exported",
        remedy: "name its folder")
    }
    guard let only = found.first else {
      throw Diagnostic(
        .unusableFile, "the folder holds no winner", at: .init(file: folder),
        rule: "a finished search has a folder with winner.json for each budget",
        remedy: "run `quoin search`, or add --resume to one that was interrupted")
    }
    return only
  }
}
