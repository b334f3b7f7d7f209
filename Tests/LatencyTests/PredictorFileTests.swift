import Diagnostics
import Foundation
import Latency
import Networks
import Testing

@Suite struct PredictorFileTests {
  private let predictor: LatencyPredictor

  init() throws {
    let fitted = try LatencyPredictor.fit(
      SyntheticSamples(20, seed: 1).training, provenance: testProvenance,
      options: FittingOptions(ridges: [1e-4], thresholds: [1.5], seed: 3))
    predictor = fitted.reporting(ErrorReport(.heldOut, predicted: [1, 2], measured: [1, 2.1]))
  }

  @Test("A predictor survives being saved and loaded, bit for bit")
  func roundTrip() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("predictor-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try predictor.save(to: folder)
    #expect(try LatencyPredictor.load(folder) == predictor)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [LatencyPredictor.fileName])
  }

  @Test("The file is JSON with the facts that a reader looks for, and one line per sample")
  func content() throws {
    let data = try predictor.encoded()
    let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(object["sample_count"] as? Int == 20)
    #expect((object["provenance"] as? [String: Any])?["space_hash"] as? String == "00ff")
    #expect((object["fitting"] as? [String: Any])?["seed"] as? Int == 3)
    #expect((object["errors"] as? [Any])?.count == 2)
    let lines = String(decoding: data, as: UTF8.self).split(separator: "\n")
    #expect(lines.count { $0.contains("\"key\"") } == 20)
  }

  @Test("A missing file is an error that names it")
  func missing() throws {
    let error = try #require(throws: Diagnostic.self) { try LatencyPredictor.load("/nowhere/at/all") }
    #expect(error.place?.file == "/nowhere/at/all/predictor.json")
    #expect(error.category == .unusableFile)
  }

  @Test(
    "A damaged number or word is an error that names its place",
    arguments: [
      ("\"version\" : 1", "\"version\" : 2", "version"),
      ("\"format\" : \"quoin", "\"format\" : \"other", "format"),
      ("\"correction\" : 1", "\"correction\" : 0", "correction"),
      ("\"correction\" : 1", "\"correction\" : 1e999", "not valid JSON"),
      ("\"correction\" : 1", "\"correction\" : \"x\"", "correction"),
      ("\"intercept_ms\" : ", "\"intercept_ms\" : -", "intercept_ms"),
      ("\"intercept_ms\" : ", "\"intercept_mss\" : ", "intercept_ms"),
      ("\"coverage\" : 0.9", "\"coverage\" : 7", "coverage"),
      ("\"log_half_width\" : ", "\"log_half_width\" : -", "log_half_width"),
      ("\"ms\":", "\"ms\":-", "n"),
      ("\"macs\":", "\"marcs\":", "marcs"),
      ("\"macs\":", "\"macs\":-", "n"),
      ("\"samples\" : [", "\"samples\" : [null,", "samples"),
    ])
  func damaged(original: String, replacement: String, place: String) throws {
    let text = String(decoding: try predictor.encoded(), as: UTF8.self)
    let range = try #require(text.range(of: original))
    let damaged = text.replacingCharacters(in: range, with: replacement)
    let error = try #require(throws: Diagnostic.self) {
      try LatencyPredictor.decode(Data(damaged.utf8), path: "p.json")
    }
    #expect(error.category == .unusableFile)
    #expect(error.place?.file == "p.json")
    #expect(error.description.contains(place), "\(error)")
  }

  @Test("No truncation of the file crashes, and none is taken for whole")
  func truncated() throws {
    let data = try predictor.encoded()
    for length in stride(from: 0, to: data.count - 2, by: data.count / 50) {
      #expect(throws: Diagnostic.self) { try LatencyPredictor.decode(data.prefix(length), path: "p.json") }
    }
  }

  @Test(
    "JSON that is nested without end, or is another document, is refused",
    arguments: ["[", "{\"a\":", "[]", "7"])
  func otherDocuments(start: String) {
    let text = start.count > 1 && start != "{\"a\":" ? start : String(repeating: start, count: 100_000)
    #expect(throws: Diagnostic.self) { try LatencyPredictor.decode(Data(text.utf8), path: "p.json") }
  }

  @Test("A fingerprint that differs is told fact by fact, and an equal one is no warning")
  func mismatch() throws {
    #expect(predictor.mismatch(with: testProvenance.device) == nil)
    var other = testProvenance.device
    other.threads = 2
    other.libraries = ["OpenBLAS": "0.4", "extra": "1"]
    let mismatch = try #require(predictor.mismatch(with: other))
    #expect(mismatch.differences.map(\.fact) == ["threads", "OpenBLAS", "extra"])
    #expect(mismatch.description.contains("threads '1', now '2'"))
  }
}
