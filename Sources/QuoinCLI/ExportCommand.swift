import ArgumentParser
import Diagnostics
import Foundation
import Interchange
import Tensors

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
  @Option(name: .shortAndLong, help: "The file to write, in a folder that exists.") var output: String

  func validate() throws {
    try requirePath(folder, "the folder")
    try requirePath(output, "--output")
  }

  func run() throws {
    try requireFolder(of: output, "--output")
    let path = try winnerFolder().appendingPathComponent("winner.\(format.rawValue)").path
    let data = try readFile(path)
    try check(data, path)
    try writeAtomically(data, to: output)
    Console.print("wrote \(output), \(data.count) bytes")
  }

  /// Reads what is to be delivered: a damaged file is refused here rather than by whoever gets it.
  private func check(_ data: Data, _ path: String) throws {
    switch format {
    case .onnx: _ = try ONNX.import(data, path: path)
    case .safetensors: _ = try Safetensors(decoding: data, path: path)
    case .json:
      guard (try? JSONSerialization.jsonObject(with: data)) is [String: Any] else {
        throw Diagnostic(
          .unusableFile, "the file holds no architecture", at: .init(file: path), rule: "it is one JSON object",
          remedy: "run the search again")
      }
    }
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
