import Diagnostics
import Foundation
import Tensors
import Training

/// How a supernet's training went, for progress and reports.
public struct TrainingLog: Hashable, Sendable, Codable {
  /// The means over the steps since the point before.
  public struct Point: Hashable, Sendable, Codable {
    /// The steps done.
    public var step: Int
    /// The loss of the largest network on the labels.
    public var loss: Double
    /// The share of training images that the largest network had right.
    public var accuracy: Double
  }

  /// The steps of the whole training.
  public var steps: Int
  /// The steps done.
  public var stepsDone: Int
  /// The images of a step.
  public var batch: Int
  /// The seconds spent so far, over all runs.
  public var seconds: Double
  /// The curve so far.
  public var points: [Point]

  /// Whether nothing is left to do.
  public var isComplete: Bool { stepsDone >= steps }
}

/// A supernet on disk: the state of its training, finished or not, and how it went.
struct SupernetFile {
  private static let logKey = "log"

  let checkpoint: TrainingCheckpoint
  let log: TrainingLog

  init(_ checkpoint: TrainingCheckpoint, log: TrainingLog) {
    (self.checkpoint, self.log) = (checkpoint, log)
  }

  /// Reads a file.
  ///
  /// - Throws: `Diagnostic` where it is no supernet's.
  init(path: String) throws {
    let file = try Safetensors.read(path)
    checkpoint = try TrainingCheckpoint(tensors: file.tensors, metadata: file.metadata, path: path)
    guard let text = file.metadata[Self.logKey],
      let log = try? JSONDecoder().decode(TrainingLog.self, from: Data(text.utf8))
    else {
      throw Diagnostic(
        .unusableFile, "the supernet's file is damaged", at: .init(file: path, path: Self.logKey),
        rule: "it tells how the training went", remedy: "remove it to train anew")
    }
    self.log = log
  }

  /// Replaces the file, so that a reader sees the old or the new one.
  func write(to path: String) throws {
    let metadata = checkpoint.metadata.merging([Self.logKey: try canonicalJSON(log)]) { $1 }
    try Safetensors(tensors: checkpoint.tensors, metadata: metadata).write(to: path)
  }
}
