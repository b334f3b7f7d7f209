import Diagnostics
import Foundation
import Latency
import Tensors
import Testing

@Suite struct TablePredictorFileTests {
  private let data: Data

  init() throws {
    data = try FittedTablePredictor.fit(mixedTable(rows: 40), device: "a", origin: ("t.csv", "00ff")).encoded()
  }

  @Test("The file is JSON with the facts that a reader looks for")
  func content() throws {
    let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(object["format"] as? String == "quoin-table-predictor" && object["version"] as? Int == 1)
    let provenance = try #require(object["provenance"] as? [String: Any])
    #expect(provenance["table_sha256"] as? String == "00ff" && provenance["samples"] as? Int == 40)
    #expect((object["error"] as? [String: Any])?["within_5"] is Double)
    #expect(data.count < 200_000)
  }

  @Test(
    "Damage is an error that names its place",
    arguments: [
      ("\"version\" : 1", "\"version\" : 2", "use the version"),
      ("\"format\" : \"quoin-table", "\"format\" : \"quoin-latency", "fit the predictor again"),
      ("\"middle\" : ", "\"middle\" : -", "middle"), ("\"middle\" : ", "\"midle\" : ", "middle"),
      ("\"middle\" : ", "\"middle\" : 1e99, \"m\" : ", "middle"), ("\"reach\" : ", "\"reach\" : -", "interval.reach"),
      ("\"noise\" : ", "\"noise\" : \"x\", \"n\" : ", "interval.noise"), ("\"sums\" : [", "\"sums\" : [[1],", "sums"),
      ("\"sums\" : [", "\"sums\" : [null,", "sums"), ("\"sums\" : [\n    [", "\"sums\" : [\n    [1,", "sums"),
      ("\"sums\" : [\n    [", "\"sums\" : [\n    [1e40,", "sums"), ("\"conv\"", "\"pool\"", "categories are different"),
      ("\"kind\" : \"ordinal\"", "\"kind\" : \"number\"", "categorical or ordinal"),
      ("\"none\" : 1", "\"none\" : 3", "encoding.blocks[1]"), ("\"depth\" : 3", "\"depth\" : 10", "encoding.blocks"),
      ("\"deviation\" : ", "\"deviation\" : -", "encoding.numbers[0]"),
    ])
  func damage(old: String, new: String, place: String) throws {
    let text = String(decoding: data, as: UTF8.self)
    let range = try #require(text.range(of: old), "\(old)")
    let damaged = Data(text.replacingCharacters(in: range, with: new).utf8)
    let error = try #require(throws: Diagnostic.self) { try FittedTablePredictor.decode(damaged, path: "p.json") }
    #expect(error.exitCode == 65 && error.description.contains("p.json"))
    #expect(error.description.contains(place), "\(error)")
  }

  @Test("Random damage never crashes, and what is read predicts finite numbers")
  func fuzz() throws {
    var random = RandomSource(seed: 3, purpose: "damage")
    let rows = Data(mixedTable(rows: 5).csv().utf8)
    for _ in 0..<400 {
      var damaged = data
      for _ in 0...random.below(3) {
        let place = damaged.startIndex + random.below(damaged.count)
        if random.below(4) == 0 {
          damaged.removeSubrange(place..<min(place + 1 + random.below(50), damaged.endIndex))
        } else {
          damaged[place] = UInt8(ascii: random.pick(["0", "9", "-", "e", ".", ",", "[", "]", "{", "\"", "n"]))
        }
      }
      do {
        let predictor = try FittedTablePredictor.decode(damaged, path: "p.json")
        let answer = try predictor.predict(csv: rows, path: "t.csv")
        #expect(answer.predictions.allSatisfy { $0.milliseconds.isFinite && $0.lower.isFinite && $0.upper.isFinite })
      } catch is Diagnostic {}
    }
  }
}
