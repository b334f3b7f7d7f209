import Diagnostics
import Foundation
import Networks
import Tensors

/// Everything that interrupted training needs to go on as if nothing had happened: parameters, momentum, averages, the
/// number of steps, random states, and the caller's own settings.
///
/// Training that is restored and goes on gives the same numbers, bit for bit, as training that was never interrupted.
public struct TrainingCheckpoint: Sendable {
  /// Tensors by role and name, such as `parameters/stem.weight` and `velocity/stem.weight`.
  public let tensors: [String: Tensor]
  /// Texts by name.
  public let metadata: [String: String]

  private static let format = "quoin training checkpoint 1"

  /// Copies the state of a training.
  ///
  /// - Parameters:
  ///   - optimizer: With the store that it trains.
  ///   - randoms: Random states by purpose.
  ///   - configuration: What the training was asked to do, as JSON; restoring hands it back.
  public init(_ optimizer: SGD, randoms: [String: RandomSource], configuration: String) throws {
    let store = optimizer.store
    var tensors: [String: Tensor] = [:]
    func add(_ role: String, _ buffer: AlignedBuffer) {
      for (name, tensor) in store.tensors(in: buffer) { tensors["\(role)/\(name)"] = tensor }
    }
    add("parameters", store.values)
    add("velocity", optimizer.velocity)
    if let average = optimizer.average { add("average", average) }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    self.tensors = tensors
    metadata = [
      "format": Self.format, "steps": String(optimizer.steps), "configuration": configuration,
      "randoms": String(decoding: try encoder.encode(randoms), as: UTF8.self),
      "optimizer": String(decoding: try encoder.encode(optimizer.settings), as: UTF8.self),
    ]
  }

  /// Takes tensors and texts that were read from a file.
  ///
  /// - Throws: ``Diagnostic`` where they are not a checkpoint's.
  public init(tensors: [String: Tensor], metadata: [String: String], path: String) throws {
    guard metadata["format"] == Self.format else {
      throw Diagnostic(
        .unusableFile, "the file is not a training checkpoint", at: .init(file: path, path: "format"),
        value: metadata["format"] ?? "", rule: "the format is '\(Self.format)'")
    }
    (self.tensors, self.metadata) = (tensors, metadata)
  }

  /// What the training was asked to do, as JSON.
  public var configuration: String { metadata["configuration"] ?? "" }

  /// Puts an optimiser and its store into the saved state.
  ///
  /// - Returns: The random states by purpose.
  /// - Throws: ``Diagnostic`` where the checkpoint is of other parameters or settings, or damaged.
  public func restore(_ optimizer: SGD) throws -> [String: RandomSource] {
    let decoder = JSONDecoder()
    guard let steps = metadata["steps"].flatMap(Int.init), steps >= 0,
      let randoms = metadata["randoms"].flatMap({
        try? decoder.decode([String: RandomSource].self, from: Data($0.utf8))
      }),
      let settings = metadata["optimizer"].flatMap({
        try? decoder.decode(SGD.Settings.self, from: Data($0.utf8))
      })
    else {
      throw Diagnostic(
        .unusableFile, "the checkpoint is damaged", rule: "it has steps, randoms and optimizer")
    }
    guard settings == optimizer.settings else {
      throw Diagnostic(
        .unusableFile, "the checkpoint was written with other optimiser settings",
        value: metadata["optimizer"],
        remedy: "train with the same settings, or start anew")
    }
    try restore("parameters", optimizer.store.values, optimizer.store)
    try restore("velocity", optimizer.velocity, optimizer.store)
    if let average = optimizer.average { try restore("average", average, optimizer.store) }
    optimizer.steps = steps
    return randoms
  }

  private func restore(_ role: String, _ buffer: AlignedBuffer, _ store: ParameterStore) throws {
    var weights: Weights = [:]
    for entry in store.entries { weights[entry.name] = tensors["\(role)/\(entry.name)"] }
    let count = tensors.keys.count { $0.hasPrefix(role + "/") }
    guard count == store.entries.count else {
      throw Diagnostic(
        .unusableFile, "the checkpoint is of other parameters", at: .init(path: role),
        value: "\(count) tensors",
        rule: "there are \(store.entries.count)")
    }
    try store.copy(weights, into: buffer)
  }
}
