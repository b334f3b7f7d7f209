import Compute
import Datasets
import Diagnostics
import Foundation
import Interchange
import Networks
import Search
import SearchSpaces
import Supernets
import Tensors

/// A candidate judged on the test images: once, as the exported artifact, by the inference core.
struct TestedCandidate {
  let candidate: Candidate
  /// Which test images it classifies rightly.
  let hits: [Bool]
  /// The accuracy of the supernet's slice on the same images: the same weights on another road.
  let supernetAccuracy: Double

  /// The share of test images that it classifies rightly.
  var accuracy: Double { Double(hits.count { $0 }) / Double(hits.count) }
}

/// Judges what was found on test data, and writes the winners' files.
struct Delivery {
  /// What is recorded of a test.
  private struct Record: Codable {
    /// A digit per test image: 1 where it was classified rightly.
    var hits: String
    var supernetAccuracy: Double
  }

  let bench: SearchBench
  let test: ImageDataset

  /// The judgement of a candidate; every architecture is tested once.
  func tested(_ candidate: Candidate) throws -> TestedCandidate {
    let record = try bench.accuracy.facts("test", "\(candidate.architecture.hash) on \(test.fingerprint)") {
      let hits = try bench.artifact(candidate.architecture).hits(on: test, pool: bench.pool)
      let slice = try bench.space.network(for: candidate.architecture)
      return Record(
        hits: String(decoding: hits.map { $0 ? UInt8(ascii: "1") : UInt8(ascii: "0") }, as: UTF8.self),
        supernetAccuracy: try bench.accuracy.evaluator.evaluate(slice, on: test).accuracy)
    }
    return TestedCandidate(
      candidate: candidate, hits: record.hits.map { $0 == "1" }, supernetAccuracy: record.supernetAccuracy)
  }

  /// Writes `winner.onnx`, `winner.safetensors` and `winner.json` into a folder.
  func write(_ candidate: Candidate, to folder: String) throws {
    let artifact = try bench.artifact(candidate.architecture)
    let base = URL(fileURLWithPath: folder)
    func write(_ data: Data, _ name: String) throws {
      try writeAtomically(data, to: base.appendingPathComponent(name).path)
    }
    try write(artifact.model, "winner.onnx")
    let metadata = ["architecture": candidate.architecture.json, "space": bench.space.name]
    try write(try Safetensors(tensors: artifact.weights, metadata: metadata).encoded(), "winner.safetensors")
    try write(Data((candidate.architecture.json + "\n").utf8), "winner.json")
  }
}
