import Diagnostics
import Foundation
import Quoin
import SearchSpaces
import Testing

/// The least that a file has to say.
private let shortest = "version: 1\nname: a\nspace: s.yaml\ndata: {name: glyphs}\n"

@Suite("Experiment files")
struct ExperimentTests {
  private func load(_ text: String) throws -> Experiment {
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("quoin-\(UUID().uuidString).yaml").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try writeAtomically(Data(text.utf8), to: path)
    return try Experiment.load(path)
  }

  @Test("What a file leaves out has a default, and paths are relative to the file")
  func defaults() throws {
    let experiment = try load(shortest)
    #expect(experiment.seed == 1 && experiment.device == "cpu-1t")
    #expect(experiment.budgetFractions.count == 3 && experiment.budgetsMilliseconds.isEmpty)
    #expect(experiment.training == .init())
    #expect(experiment.space.hasPrefix("/") && experiment.space.hasSuffix("/s.yaml"))
  }

  @Test(
    "A bad file is refused with its line and the nearest legal name",
    arguments: [
      ("version: 2\nname: a\nspace: s\ndata: {name: glyphs}", 1, nil as String?),
      ("name: a\nspace: s\ndata: {name: glyphs}", 1, nil),
      (shortest + "devise: cpu-1t", 5, "device"),
      ("version: 1\nname: 7a\nspace: s\ndata: {name: glyphs}", 2, nil),
      ("version: 1\nname: a\nspace: s\ndata: {name: cifar}", 4, "cifar10"),
      ("version: 1\nname: a\nspace: s\ndata: {name: glyphs, validation: 5}", 4, nil),
      ("version: 1\nname: a\ndata: {name: glyphs}", 1, nil),
      ("version: 1\nname: a\nspace: s", 1, nil),
      (shortest + "seed: -1", 5, nil),
      (shortest + "budgets: {fractions: [0.5], milliseconds: [1]}", 5, nil),
      (shortest + "budgets: {}", 5, nil),
      (shortest + "budgets: {fractions: [1.5]}", 5, nil),
      (shortest + "budgets: {milliseconds: []}", 5, nil),
      (shortest + "budgets: {milliseconds: [fast]}", 5, nil),
      (shortest + "training: {epoch: 3}", 5, "epochs"),
      (shortest + "training: {epochs: 0}", 5, nil),
      (shortest + "training: {learning_rate: -1}", 5, nil),
      (shortest + "training: {distillation: 2}", 5, nil),
      (shortest + "training: {flip: maybe}", 5, nil),
      (shortest + "latency: {networks: 3}", 5, nil),
      (shortest + "search: {margin: 0.9}", 5, nil),
      (shortest + "search: {evaluation: 10}", 5, "evaluations"),
      (shortest + "search: []", 5, nil),
      ("version: 1\nname: [a\n", 3, nil),
      ("", nil as Int?, nil),
    ])
  func refused(text: String, line: Int?, nearest: String?) {
    do {
      _ = try load(text)
      Issue.record("accepted: \(text)")
    } catch let error as Diagnostic {
      #expect(error.category == .unusableFile)
      #expect(error.place?.line == line, "\(error)")
      #expect(error.nearest == nearest, "\(error)")
    } catch {
      Issue.record("another error: \(error)")
    }
  }

  @Test("The files that `quoin init` writes can be read", arguments: ["glyphs", "mnist", "cifar10"])
  func template(data: String) throws {
    let text = ExperimentTemplate.text(name: "mine", space: "space.yaml", data: data, validation: 1000, flip: true)
    let experiment = try load(text)
    #expect(experiment.name == "mine" && experiment.data.name == data)
  }
}
