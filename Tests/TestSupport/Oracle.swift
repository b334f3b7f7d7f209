import Diagnostics
import Foundation
import Tensors

/// Programs of others that tests compare with, in the Python environment that `scripts/oracle-environment` makes.
public enum Oracle {
  /// Whether tests that need the environment run: where it is missing they are skipped, but fail where `CI` is set.
  public static var isExpected: Bool {
    FileManager.default.fileExists(atPath: python) || ProcessInfo.processInfo.environment["CI"] != nil
  }

  /// A model with what is given to it.
  public struct Model {
    /// The bytes of an ONNX file.
    public var onnx: Data
    /// Arrays for every input.
    public var inputs: [String: Tensor]

    /// A model with what is given to it.
    public init(onnx: Data, inputs: [String: Tensor]) { (self.onnx, self.inputs) = (onnx, inputs) }
  }

  /// Checks models against the standard and runs them with ONNX Runtime.
  ///
  /// - Parameters:
  ///   - isLiteral: Whether every node runs as the standard defines it. Otherwise ONNX Runtime puts operators on bytes in
  ///     the place of quantised ones, which rounds biases, and now and then what should not be rounded.
  /// - Returns: For every model, its outputs by name.
  /// - Throws: ``Diagnostic`` where a model is not valid or the environment is missing.
  public static func run(_ models: [Model], isLiteral: Bool = false) throws -> [[String: Tensor]] {
    try withTemporaryFolder { root in
      let folders = try models.enumerated().map { number, model in
        let folder = "\(root)/\(number)"
        try writeAtomically(model.onnx, to: "\(folder)/model.onnx")
        for (name, tensor) in model.inputs { try NPY.write(tensor, to: "\(folder)/\(name).input.npy") }
        return folder
      }
      try run(script: "run_onnx.py", (isLiteral ? ["--literal"] : []) + folders)
      return try folders.map(outputs)
    }
  }

  private static func outputs(of folder: String) throws -> [String: Tensor] {
    let ending = ".output.npy"
    let files = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(ending) }
    return try Dictionary(
      uniqueKeysWithValues: files.map { (String($0.dropLast(ending.count)), try NPY.read("\(folder)/\($0)")) })
  }

  private static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  private static let python = tests.deletingLastPathComponent().appendingPathComponent(".venv/bin/python").path

  private static func run(script: String, _ arguments: [String]) throws {
    guard FileManager.default.fileExists(atPath: python) else {
      throw Diagnostic(
        .failure, "the Python environment of the tests is missing", at: .init(file: python),
        remedy: "run scripts/oracle-environment")
    }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: python)
    process.arguments = [tests.appendingPathComponent("oracles/\(script)").path] + arguments
    let messages = Pipe()
    process.standardError = messages
    try process.run()
    // Read before waiting: a full pipe would stop the process.
    let text = String(decoding: messages.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Diagnostic(.failure, "\(script) failed: \(text.suffix(2000))")
    }
  }
}

/// Calls `body` with a new folder, and removes the folder.
public func withTemporaryFolder<Result>(_ body: (String) throws -> Result) throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appendingPathComponent("quoin-test-\(UUID().uuidString)").path
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  return try body(folder)
}
