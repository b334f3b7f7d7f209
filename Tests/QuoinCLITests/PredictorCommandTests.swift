import Diagnostics
import Foundation
import TestSupport
import Testing

@Suite("Predictor commands")
struct PredictorCommandTests {
  /// Writes a table of four layers of three operators; the device `new` is twice as slow as `old`, but for operator b.
  private func writeTable(_ folder: String, measured: Int) throws {
    let names = ["a", "b", "c"]
    var lines = ["op0,op1,op2,op3,note,old,new"]
    for row in 0..<81 {
      let digits = [row % 3, row / 3 % 3, row / 9 % 3, row / 27]
      let cost = digits.enumerated().reduce(1.0) { $0 + [0.2, 0.5, 1.0][$1.element] * Double(1 + $1.offset) }
      let other = digits.enumerated().reduce(2.0) { $0 + [0.4, 1.5, 2.0][$1.element] * Double(1 + $1.offset) }
      let new = row * 7 % 81 < measured ? "\(other)" : ""
      lines.append((digits.map { names[$0] } + ["\"x,\(row)\"", "\(cost)", new]).joined(separator: ","))
    }
    let features = (0..<4).map { "\"op\($0)\": \"categorical\"" }.joined(separator: ", ")
    try writeAtomically(Data((lines.joined(separator: "\n") + "\n").utf8), to: folder + "/t.csv")
    try writeAtomically(
      Data("{\"unit\": \"ms\", \"features\": {\(features)}, \"devices\": [\"old\", \"new\"]}".utf8),
      to: folder + "/t.json")
  }

  @Test("A predictor is fitted from few cells, predicts a table without a document, and serves as a base")
  func fitAndPredict() throws {
    try withTemporaryFolder { folder in
      try writeTable(folder, measured: 12)
      let fit = try CommandRun([
        "predictor", "fit", folder + "/t.csv", "--device", "new", "--train-devices", "old", "-o", folder + "/new",
        "--json",
      ])
      let fitted = try #require(fit.json as? [String: Any], "\(fit.messages)")
      #expect((fitted["cross_validation"] as? [String: Any])?["samples"] as? Int == 12)
      #expect((fitted["provenance"] as? [String: Any])?["sources"] as? [String] == ["old"])
      try writeTable(folder, measured: 81)
      try FileManager.default.removeItem(atPath: folder + "/t.json")
      let predict = try CommandRun([
        "predictor", "predict", folder + "/new", "--table", folder + "/t.csv", "-o", folder + "/out.csv", "--json",
      ])
      let answer = try #require(predict.json as? [String: Any], "\(predict.messages)")
      let figures = try #require(answer["figures"] as? [String: Double])
      #expect(answer["rows"] as? Int == 81 && answer["measured_rows"] as? Int == 81)
      #expect((figures["spearman"] ?? 0) > 0.95 && (figures["mape"] ?? 1) < 0.1, "\(figures)")
      let lines = try String(contentsOfFile: folder + "/out.csv", encoding: .utf8).split(separator: "\n")
      #expect(lines.count == 82 && lines[0] == "op0,op1,op2,op3,predicted_ms,lower_ms,upper_ms")
      try writeTable(folder, measured: 8)
      let based = try CommandRun([
        "predictor", "fit", folder + "/t.csv", "--device", "new", "--base", folder + "/new", "-o", folder + "/again",
      ])
      #expect(based.code == 0 && based.output.contains("8 measurements"), "\(based.messages)")
    }
  }

  @Test("What cannot be used ends with code 65, wrong usage with 64")
  func errors() throws {
    try withTemporaryFolder { folder in
      try writeTable(folder, measured: 12)
      let table = folder + "/t.csv"
      #expect(try CommandRun(["predictor", "fit", table, "--device", "new", "-o", folder + "/p"]).code == 0)
      try writeAtomically(Data("op0,op1,op2,op3\na,b,c,d\n".utf8), to: folder + "/bad.csv")
      let bad = try CommandRun([
        "predictor", "predict", folder + "/p", "--table", folder + "/bad.csv", "-o", folder + "/o.csv",
      ])
      #expect(bad.code == 65 && bad.messages.contains("row 0, column op3"), "\(bad.messages)")
      #expect(!FileManager.default.fileExists(atPath: folder + "/o.csv"))
      for (code, arguments) in [
        (64, ["fit", table, "--device", "nwe", "-o", folder + "/p"]),
        (64, ["fit", table, "--device", "new", "-o", ""]),
        (65, ["fit", table, "--device", "new", "--base", folder, "-o", folder + "/p"]),
        (65, ["predict", folder + "/none", "--table", table, "-o", folder + "/o.csv"]),
        (64, ["predict", folder + "/p", "--table", table, "-o", folder + "/none/o.csv"]),
      ] {
        let run = try CommandRun(["predictor"] + arguments)
        #expect(
          run.code == Int32(code) && run.messages.contains("rror") || run.messages.contains("quoin"), "\(run.messages)")
      }
    }
  }
}
