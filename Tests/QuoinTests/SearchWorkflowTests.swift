import Diagnostics
import Foundation
import Interchange
import Quoin
import SearchSpaces
import Store
import Synchronization
import Tensors
import TestSupport
import Testing

@Suite("Search workflow")
struct SearchWorkflowTests {
  private let sample: SampleExperiment
  private let experiment: Experiment

  init() throws {
    sample = try SampleExperiment()
    experiment = try Experiment.load(sample.path("experiment.yaml"))
  }

  private func run(
    _ name: String, _ options: SearchWorkflow.Options = .init(), monitor: WorkMonitor = WorkMonitor()
  ) throws -> [SearchResult] {
    let workflow = SearchWorkflow(
      experiment, folder: sample.path(name), options: options, monitor: monitor)
    guard case .delivered(let results) = try workflow.run() else {
      Issue.record("infeasible")
      return []
    }
    // How long it took is all that may differ.
    return results.map { result in
      var result = result
      result.seconds = [:]
      return result
    }
  }

  @Test("Every budget gets a winner that keeps it, in files that agree")
  func delivers() throws {
    let results = try run("out")
    #expect(results.count == 2)
    let space = try SearchSpace.load(sample.path("space.yaml"))
    for result in results {
      #expect(result.measuredMilliseconds <= result.budgetMilliseconds * 0.98)
      #expect(abs(result.accuracy - result.supernetAccuracy) < 0.02)
      #expect(result.baselines.map(\.name) == ["random search", "uniform scaling"])
      #expect(result.baselines.allSatisfy { $0.measuredMilliseconds <= result.budgetMilliseconds })
      #expect(result.evaluations >= 10)
      let folder = sample.path("out/\(String(format: "%g", result.budgetMilliseconds))ms")
      let json = String(decoding: try readFile("\(folder)/winner.json"), as: UTF8.self)
      let architecture = try space.architecture(fromJSON: json)
      #expect(architecture.json == result.architecture)
      let (network, weights) = try ONNX.import(readFile("\(folder)/winner.onnx"), path: "winner.onnx")
      let parts = try Safetensors.read("\(folder)/winner.safetensors")
      #expect(parts.tensors == weights)
      #expect(parts.metadata["architecture"] == result.architecture)
      #expect(network.inputs.map { network.nodes[$0].shape } == [[1, 1, 16, 16]])
      let decoded = try JSONDecoder().decode(SearchResult.self, from: readFile("\(folder)/result.json"))
      #expect(decoded.accuracy == result.accuracy && decoded.pareto == result.pareto)
    }
    let page = String(decoding: try readFile(sample.path("out/report.html")), as: UTF8.self)
    #expect(page.contains("tiny") && page.contains("</html>"))
  }

  @Test("For a device that computes in bytes the winner is quantised, and as accurate as its file is")
  func deliversBytes() throws {
    let device = sample.path("bytes.yaml")
    try Data("version: 1\nname: bytes\nkind: formula\nprecision: int8\n".utf8).write(to: URL(fileURLWithPath: device))
    var experiment = experiment
    experiment.device = device
    guard case .delivered(let results) = try SearchWorkflow(experiment, folder: sample.path("out")).run() else {
      Issue.record("infeasible")
      return
    }
    for result in results {
      #expect(result.device == "bytes")
      let path = sample.path("out/\(String(format: "%g", result.budgetMilliseconds))ms/winner.onnx")
      #expect(try ONNX.import(readFile(path), path: path).network.isQuantised)
      #expect(abs(result.accuracy - result.supernetAccuracy) < 0.1)
    }
  }

  @Test("A search that is interrupted again and again ends with the same result")
  func resumes() throws {
    let whole = try run("whole")
    var options = SearchWorkflow.Options()
    options.resumes = true
    var interruptions = 0
    while true {
      let calls = Mutex(0)
      // The solver asks often, so that a small fixed number would never get past it.
      let limit = 10 + 7 * interruptions
      let monitor = WorkMonitor(isInterrupted: {
        calls.withLock {
          $0 += 1; return $0 > limit
        }
      })
      do {
        #expect(try run("pieces", options, monitor: monitor) == whole)
        break
      } catch let error as Diagnostic where error.category == .interrupted {
        interruptions += 1
        try #require(interruptions < 100)
      }
    }
    #expect(interruptions > 3)
  }

  @Test("A replayed search takes its latencies from the record, and says when one is missing")
  func replays() throws {
    let first = try run("first")
    var options = SearchWorkflow.Options()
    options.replayedStudy = sample.path("first/study.sqlite")
    options.supernetPath = sample.path("first/supernet.safetensors")
    #expect(try run("second", options) == first)
    options.budgets = [first[1].budgetMilliseconds * 1.37]
    #expect(throws: Diagnostic.self) { try run("third", options) }
  }

  @Test("A budget below the fastest network is infeasible, and says what is attainable")
  func infeasible() throws {
    var options = SearchWorkflow.Options()
    options.budgets = [1e-6]
    let workflow = SearchWorkflow(experiment, folder: sample.path("none"), options: options)
    guard case .infeasible(let answer) = try workflow.run() else {
      Issue.record("delivered")
      return
    }
    let attainable = try #require(answer.attainable["latency_ms"])
    #expect(answer.budgetMilliseconds == 1e-6 && attainable > 1e-6)
    // What is said to be attainable is.
    options.budgets = [attainable]
    options.resumes = true
    #expect(try run("none", options).first.map { $0.measuredMilliseconds <= attainable } == true)
  }

  @Test("Latencies of another machine under the same device's name are refused")
  func otherMachine() throws {
    _ = try run("here")
    let record = try SQLiteStorage(path: sample.path("here/study.sqlite"), access: .readOnly)
    let space = sha256(try readFile(sample.path("space.yaml"))).prefix(16)
    let kind = "network latency on formula, space \(space)"
    let latencies = try record.facts(ofKind: kind)
    #expect(latencies.count > 10)
    try writeAtomically(Data(), to: sample.path("moved/note"))
    let moved = try SQLiteStorage(path: sample.path("moved/study.sqlite"))
    for (key, json) in latencies {
      let other = json.replacingOccurrences(of: #""cpu":"formula""#, with: #""cpu":"another""#)
      #expect(other != json)
      try moved.record(fact: other, kind: kind, key: key)
    }
    var options = SearchWorkflow.Options()
    options.resumes = true
    let error = #expect(throws: Diagnostic.self) { try run("moved", options) }
    #expect(error?.value?.contains("another") == true)
  }

  @Test("A folder in which another process works is left alone")
  func busy() throws {
    let folder = sample.path("busy")
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY)
    defer { close(descriptor) }
    try #require(flock(descriptor, LOCK_EX | LOCK_NB) == 0)
    #expect(throws: Diagnostic.self) { try run("busy") }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
  }

  @Test("A folder that holds another search is not touched without being asked, nor with other settings")
  func guards() throws {
    _ = try run("out")
    #expect(throws: Diagnostic.self) { try run("out") }
    var options = SearchWorkflow.Options()
    options.resumes = true
    var changed = experiment
    changed.training.epochs = 3
    #expect(throws: Diagnostic.self) {
      try SearchWorkflow(changed, folder: sample.path("out"), options: options).run()
    }
    changed = experiment
    changed.search.evaluations = 11
    #expect(throws: Diagnostic.self) {
      try SearchWorkflow(changed, folder: sample.path("out"), options: options).run()
    }
  }
}
