import Diagnostics
import Foundation
import Interchange
import Tensors
import TestSupport
import Testing

@Suite("quoin search, from a shell")
struct SearchCommandTests {
  private let sample: SampleExperiment
  init() throws { sample = try SampleExperiment() }

  private func search(_ name: String, _ more: [String] = []) -> [String] {
    ["search", sample.path("experiment.yaml"), "--out", sample.path(name), "--json"] + more
  }

  /// What the search found, without how long it took.
  private func budgets(_ run: CommandRun) throws -> [NSDictionary] {
    let document = try #require(run.json as? [String: Any], "\(run.messages)")
    let budgets = try #require(document["budgets"] as? [[String: Any]])
    return budgets.map { budget in NSDictionary(dictionary: budget.filter { $0.key != "seconds" }) }
  }

  @Test("A search that is killed without warning, time after time, ends like one that was not")
  func killed() throws {
    let whole = try budgets(CommandRun(search("whole")))
    #expect(whole.count == 2)
    var random = RandomSource(seed: 7)
    for _ in 0..<6 {
      let process = try CommandRun.process(
        search("killed", ["--resume"]), output: sample.path("out"), messages: sample.path("err"))
      try process.run()
      Thread.sleep(forTimeInterval: 0.15 + 0.5 * random.uniform())
      kill(process.processIdentifier, SIGKILL)
      process.waitUntilExit()
    }
    #expect(try budgets(CommandRun(search("killed", ["--resume"]))) == whole)
  }

  @Test("Ctrl-C ends a search with code 130 and a hint how to go on")
  func interrupted() throws {
    let process = try CommandRun.process(search("stopped"), output: sample.path("out"), messages: sample.path("err"))
    try process.run()
    // Once the study is there, the signal handler is too.
    while !FileManager.default.fileExists(atPath: sample.path("stopped/study.sqlite")) {
      Thread.sleep(forTimeInterval: 0.01)
    }
    kill(process.processIdentifier, SIGINT)
    process.waitUntilExit()
    #expect(process.terminationReason == .exit && process.terminationStatus == 130)
    let messages = String(decoding: try readFile(sample.path("err")), as: UTF8.self)
    #expect(messages.contains("--resume"), "\(messages)")
  }

  @Test("An infeasible budget ends with code 2 and one document that says what is attainable")
  func infeasible() throws {
    let run = try CommandRun(search("none", ["--latency-ms", "1e-6"]))
    #expect(run.code == 2)
    let document = try #require(run.json as? [String: Any])
    let attainable = try #require((document["attainable"] as? [String: Double])?["latency_ms"])
    #expect(attainable > 1e-6)
  }

  @Test("The winner can be exported, inspected, run, classified with and measured")
  func delivered() throws {
    let results = try budgets(CommandRun(search("out")))
    let budget = String(format: "%g", try #require(results[0]["budget_ms"] as? Double))
    let model = sample.path("winner.onnx")
    #expect(try CommandRun(["export", sample.path("out/\(budget)ms"), "-o", model]).code == 0)
    #expect(try CommandRun(["export", sample.path("out"), "-o", model]).code == 64)
    let measured = try CommandRun(["measure", model, "--device", "formula", "--json"])
    let latency = (measured.json as? [String: Any])?["latency_ms"] as? [String: Double]
    #expect(latency?["median"] == results[0]["measured_ms"] as? Double)
    #expect(try CommandRun(["profile", model, "--runs", "3", "--json"]).json != nil)
    try NPY.write(Tensor([2, 1, 16, 16], [Float](repeating: 9, count: 512)), to: sample.path("in.npy"))
    let run = try CommandRun([
      "infer", model, "--input", "image=\(sample.path("in.npy"))", "--output-dir", sample.path("o"),
    ])
    #expect(run.code == 0, "\(run.messages)")
    #expect(try NPY.read(sample.path("o/logits.npy")).shape == [2, 10])
    let picture = sample.path("a picture.png")
    try writeAtomically(
      Data(Fixture.png(width: 20, height: 30, rgb: [UInt8](repeating: 90, count: 1800))), to: picture)
    let classified = try CommandRun(["classify", model, picture, "--top", "2", "--json"])
    let classes = ((classified.json as? [[String: Any]])?.first?["classes"] as? [[String: Any]]) ?? []
    #expect(classes.count == 2 && classes.allSatisfy { Int($0["name"] as? String ?? "") != nil })
    try checkNames(model, picture)
    let study = sample.path("out/study.sqlite")
    let list = try CommandRun(["study", "list", study, "--json"])
    #expect((list.json as? [Any])?.count == 6)
    #expect(try CommandRun(["study", "show", study, "tiny \(budget) ms", "--json"]).json != nil)
    let pair = ["tiny \(budget) ms", "tiny \(budget) ms, random search"]
    #expect(try CommandRun(["study", "compare", study] + pair + ["--json"]).json != nil)
    #expect(try CommandRun(["study", "show", study]).code == 64)
    for format in ["onnx", "safetensors", "json"] {
      try writeAtomically(Data("junk".utf8), to: sample.path("out/\(budget)ms/winner.\(format)"))
      let junk = try CommandRun([
        "export", sample.path("out/\(budget)ms"), "--format", format, "-o", sample.path("junk"),
      ])
      #expect(junk.code == 65, "\(format): \(junk.messages)")
    }
  }

  /// Class names of one's own: lines of any system, one for each class.
  private func checkNames(_ model: String, _ picture: String) throws {
    let path = sample.path("names")
    func classify(_ text: Data) throws -> CommandRun {
      try writeAtomically(text, to: path)
      return try CommandRun(["classify", model, picture, "--classes", path, "--top", "10"])
    }
    let names = (0..<10).map { "name\($0)" }
    let run = try classify(Data((names.joined(separator: "\r\n") + "\r\n").utf8))
    #expect(run.code == 0, "\(run.messages)")
    for name in names { #expect(run.output.contains("\(name) "), "\(run.output)") }
    let few = try classify(Data(names.dropLast().joined(separator: "\n").utf8))
    #expect(few.code == 65 && few.messages.contains("9 names"), "\(few.messages)")
    let blank = try classify(Data(names.joined(separator: "\n\n").utf8))
    #expect(blank.code == 65 && blank.messages.contains("names:2:"), "\(blank.messages)")
    let bytes = try classify(Data([0xff, 0xfe, 0x00]))
    #expect(bytes.code == 65 && bytes.messages.contains("UTF-8"), "\(bytes.messages)")
  }
}
