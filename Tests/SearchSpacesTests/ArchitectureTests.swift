import Diagnostics
import Foundation
import Networks
import SearchSpaces
import Tensors
import TestSupport
import Testing

@Suite("Architectures")
struct ArchitectureTests {
  @Test("JSON and Codable round trips keep architecture and hash", arguments: shippedNames)
  func roundTrips(name: String) throws {
    let space = try shipped(name)
    var random = RandomSource(seed: 3)
    for _ in 0..<50 {
      let architecture = space.sample(using: &random)
      #expect(try space.architecture(fromJSON: architecture.json) == architecture)
      let encoder = JSONEncoder()
      encoder.outputFormatting = .prettyPrinted
      let pretty = try encoder.encode(architecture)
      let back = try space.architecture(fromJSON: String(decoding: pretty, as: UTF8.self))
      #expect(back.hash == architecture.hash)
      #expect(try JSONDecoder().decode(Architecture.self, from: pretty) == architecture)
    }
  }

  @Test("the JSON is canonical and its hash is SHA-256")
  func canonical() throws {
    let space = try SearchSpace(yaml: try #require(smallSpaces["kept shape"]))
    let text = """
      { "b.stride": 2, "resolution": {"width": 8, "height": 6}, "a.1.kind": "skip", "b.activation": "relu",
        "a.2.kind": "bottleneck", "a.2.bottleneck.groups": 2.0, "head.channels": 16 }
      """
    let architecture = try space.architecture(fromJSON: text)
    let canonical =
      #"{"a.1.kind":"skip","a.2.bottleneck.groups":2,"a.2.kind":"bottleneck","b.activation":"relu","#
      + #""b.stride":2,"head.channels":16,"resolution":{"height":6,"width":8}}"#
    #expect(architecture.json == canonical)
    #expect(architecture.hash == sha256(Data(canonical.utf8)))
  }

  @Test("the same seed draws the same, another seed something else")
  func determinism() throws {
    let space = try shipped("mbconv-cifar")
    func draw(_ seed: UInt64) -> [Architecture] {
      var random = RandomSource(seed: seed)
      var architectures = (0..<5).map { _ in space.sample(using: &random) }
      architectures.append(space.mutated(architectures[0], probability: 0.2, using: &random))
      architectures.append(space.crossed(architectures[1], architectures[2], using: &random))
      return architectures
    }
    #expect(draw(1) == draw(1))
    #expect(draw(1) != draw(2))
  }

  @Test("mutants and children are legal, and keep the limits", arguments: shippedNames)
  func evolution(name: String) throws {
    let space = try shipped(name)
    var random = RandomSource(seed: 11)
    var parents = (0..<8).map { _ in space.sample(using: &random) }
    for round in 0..<50 {
      let mutant = space.mutated(parents[round % 8], probability: 0.1, using: &random)
      #expect(mutant != parents[round % 8])
      let child = space.crossed(mutant, parents[(round + 3) % 8], using: &random)
      for architecture in [mutant, child] {
        #expect(try space.architecture(fromJSON: architecture.json) == architecture)
        let cost = try space.network(for: architecture).cost
        #expect(space.limits.allow(cost))
      }
      parents[round % 8] = child
    }
  }

  @Test("a child takes each value from a parent")
  func crossover() throws {
    let space = try shipped("mbconv-mnist")
    var random = RandomSource(seed: 5)
    let (first, second) = (space.smallest, space.largest)
    let child = space.crossed(first, second, using: &random)
    for (name, value) in child.choices { #expect([first[name], second[name]].contains(value)) }
  }

  @Test("tight limits are kept though almost every draw breaks them")
  func tightLimits() throws {
    let free = try shipped("mbconv-mnist")
    let smallest = try free.network(for: free.smallest).cost
    let text = try String(contentsOfFile: "\(shippedFolder)/mbconv-mnist.yaml", encoding: .utf8)
    let space = try SearchSpace(yaml: text + "\nlimits: {macs: \(smallest.macs + 3000)}")
    var random = RandomSource(seed: 1)
    for _ in 0..<3 { #expect(space.isWithinLimits(space.sample(using: &random))) }
    let error = #expect(throws: Diagnostic.self) {
      try SearchSpace(yaml: text + "\nlimits: {macs: \(smallest.macs - 1)}")
    }
    #expect(error?.category == .infeasible)
    #expect(
      error?.description.contains("\(smallest.macs) MACs and \(smallest.parameters) parameters") == true)
  }

  @Test("a file whose limits nothing keeps says which could be kept")
  func attainableLimits() throws {
    let text = try String(contentsOfFile: "\(shippedFolder)/mbconv-mnist.yaml", encoding: .utf8)
    try withTemporaryFolder { folder in
      let path = folder + "/space.yaml"
      try writeAtomically(Data((text + "\nlimits: {macs: 1, parameters: 1}").utf8), to: path)
      #expect(throws: Diagnostic.self) { try SearchSpace.load(path) }
      let attainable = try SearchSpace.attainableLimits(of: path)
      for (name, value) in [("macs", attainable.macs), ("parameters", attainable.parameters)] {
        let limit = Int(try #require(value))
        _ = try SearchSpace(yaml: text + "\nlimits: {\(name): \(limit)}")
        #expect(throws: Diagnostic.self) { try SearchSpace(yaml: text + "\nlimits: {\(name): \(limit - 1)}") }
      }
    }
  }

  @Test(
    "hostile JSON is refused with the variable",
    arguments: [
      ("", "this is no architecture"), ("[1,2]", "this is no architecture"),
      ("{\"width\":[1]}", "this is no archi"),
      (String(repeating: "[", count: 100_000), "this is no architecture"),
      ("{\"a.depth\":null}", "this is no archi"),
      (
        "{\"a.dept\":1}", "unknown variable 'a.dept'; the space test has 6 variables; did you mean 'a.depth'?"
      ),
      ("{\"a.depth\":2}", "a.depth: this is no value of the variable '2'; legal are 1, 3"),
      ("{\"a.depth\":1}", "a.channels: the variable has no value; legal are 8, 16"),
      ("{\"a.depth\":true}", "a.depth: this is no value of the variable 'true'; legal are 1, 3"),
      ("{\"a.depth\":1e400}", "this is no architecture"),
      (
        #"{"a.depth":1,"a.channels":8,"a.1.se":true,"a.2.se":true,"b.channels":16}"#,
        "a.2.se: the variable is not active 'true'; it needs a.depth = 3; remove it"
      ),
      (
        #"{"a.depth":1,"a.channels":8,"a.1.se":"true","b.channels":16}"#,
        "a.1.se: this is no value of the variable 'true'; legal are false, true"
      ),
    ])
  func hostileJSON(text: String, message: String) throws {
    let space = try SearchSpace(yaml: try #require(smallSpaces["per block"]))
    let error = #expect(throws: Diagnostic.self) { try space.architecture(fromJSON: text) }
    #expect(error?.description.hasPrefix(message) == true, "\(error?.description ?? "")")
  }

  @Test("an architecture of another space has no network here")
  func foreign() throws {
    let error = #expect(throws: Diagnostic.self) {
      try shipped("mbconv-mnist").network(for: shipped("mbconv-cifar").largest)
    }
    #expect(error?.problem == "unknown variable")
  }

  @Test("variables show their names, values and conditions")
  func variables() throws {
    let space = try SearchSpace(yaml: try #require(smallSpaces["per block"]))
    let variable = try #require(space.variables.first { $0.name == "a.3.se" })
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    #expect(
      String(decoding: try encoder.encode(variable), as: UTF8.self)
        == #"{"conditions":[{"values":[3],"variable":"a.depth"}],"name":"a.3.se","values":[false,true]}"#)
  }
}
