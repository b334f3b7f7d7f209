import Devices
import Diagnostics
import Foundation
import Interchange
import Networks
import SearchSpaces
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

  @Test(
    "Samples make a predictor, which is compared with others, predicts a file, and is corrected for a changed device")
  func samples() throws {
    try withTemporaryFolder { folder in
      let space = "searchspaces/demo-glyphs.yaml"
      func collect(_ device: String, _ out: String, architectures: Int, seed: Int) throws {
        let run = try CommandRun([
          "device", "collect", device, "--space", space, "--architectures", "\(architectures)", "--seed", "\(seed)",
          "--out", folder + "/" + out,
        ])
        #expect(run.code == 0, "\(run.messages)")
      }
      try collect("formula", "samples", architectures: 30, seed: 1)
      try collect("formula", "others", architectures: 30, seed: 2)
      let fit = try CommandRun([
        "predictor", "fit", folder + "/samples", "--device", "formula", "-o", folder + "/p", "--json",
      ])
      let fitted = try #require(fit.json as? [String: Any], "\(fit.messages)")
      #expect(fitted["samples"] as? Int == 30)
      let evaluate = try CommandRun([
        "predictor", "evaluate", folder + "/others", folder + "/p", "--exclude", folder + "/samples", "--plot",
        folder + "/errors.svg", "--json",
      ])
      let compared = try #require(evaluate.json as? [String: Any], "\(evaluate.messages)")
      let device = try #require((compared["devices"] as? [[String: Any]])?.first)
      let all = try #require(device["all"] as? [String: Any])
      // The largest and the smallest network are in both folders, and chance may draw others twice.
      #expect((20...28).contains(all["samples"] as? Int ?? 0) && device["unknown"] as? Int == 0, "\(all)")
      #expect((all["mape"] as? Double ?? 1) < 0.05, "\(all)")
      #expect(try readFile(folder + "/errors.svg").count > 1000)
      // As if the formula had had other rates when the samples were measured.
      let file = folder + "/p/predictor.json"
      let text = try String(contentsOfFile: file, encoding: .utf8)
      let changed = text.replacingOccurrences(of: "\"roofline-1\"", with: "\"roofline-0\"")
      #expect(changed != text)
      try writeAtomically(Data(changed.utf8), to: file)
      let model = folder + "/model.onnx"
      try writeNetwork(of: space, to: model)
      let predict = try CommandRun(["predictor", "predict", folder + "/p", "--model", model])
      #expect(predict.code == 0 && predict.output.contains("model.onnx: "), "\(predict.messages)")
      #expect(predict.messages.contains("runtime 'roofline-0', now 'roofline-1'"), "\(predict.messages)")
      let parts = try CommandRun(["predictor", "predict", folder + "/p", "--model", model, "--operators"])
      #expect(parts.output.hasPrefix(predict.output) && parts.output.contains("(pointwise)"), "\(parts.output)")
      #expect(predict.messages.contains("--base \(folder)/p"))
      try collect("formula", "few", architectures: 10, seed: 3)
      let corrected = try CommandRun([
        "predictor", "fit", folder + "/few", "--device", "formula", "--base", folder + "/p", "-o", folder + "/c",
      ])
      #expect(corrected.code == 0 && corrected.output.contains("10 networks"), "\(corrected.messages)")
      #expect(
        !(try CommandRun(["predictor", "predict", folder + "/c", "--model", model]).messages.contains("warning")))
    }
  }

  /// Writes the smallest network of a space with random weights.
  private func writeNetwork(of path: String, to file: String) throws {
    let space = try SearchSpace.load(CommandRun.root.appendingPathComponent(path).path)
    let network = try space.network(for: space.smallest)
    try ONNX.export(network, weights: network.timingWeights(seed: 1)).write(to: URL(fileURLWithPath: file))
  }

  @Test("What cannot be used of samples ends with code 65 or 1, wrong usage with 64")
  func sampleErrors() throws {
    try withTemporaryFolder { folder in
      let samples = folder + "/s"
      let collected = try CommandRun([
        "device", "collect", "formula", "--space", "searchspaces/demo-glyphs.yaml", "--architectures", "5", "--out",
        samples,
      ])
      #expect(collected.code == 0, "\(collected.messages)")
      func code(_ arguments: [String]) throws -> Int32 { try CommandRun(["predictor"] + arguments).code }
      #expect(try code(["fit", folder, "--device", "formula", "-o", folder + "/p"]) == 65)
      #expect(try code(["fit", samples, "--device", "formla", "-o", folder + "/p"]) == 64)
      #expect(try code(["fit", samples, "--device", "formula", "-o", folder + "/p"]) == 1)
      #expect(try code(["fit", samples, "--device", "formula", "--train-devices", "a", "-o", folder + "/p"]) == 64)
      #expect(try code(["evaluate", samples, folder + "/none"]) == 65)
      #expect(try code(["evaluate", folder + "/none", folder + "/none"]) == 65)
      #expect(try code(["predict", folder + "/none", "--model", "a.onnx"]) == 65)
      #expect(try code(["predict", folder + "/none", "--model", "a.onnx", "--table", "t.csv", "-o", "o.csv"]) == 64)
      #expect(try code(["predict", folder + "/none"]) == 64)
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
