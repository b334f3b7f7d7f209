import Diagnostics
import Networks
import SearchSpaces
import Tensors
import Testing

@Suite("Slots")
struct SlotTests {
  static let spaces: [String] = smallSpaces.keys.sorted() + shippedNames

  static func space(_ name: String) throws -> SearchSpace {
    if let text = smallSpaces[name] { return try SearchSpace(yaml: text) }
    return try shipped(name)
  }

  /// The alternatives of the next slot that those chosen so far do not exclude.
  static func legal(_ table: SlotTable, after positions: [Int]) -> [Int] {
    let next = positions.count
    let exclusions = table.exclusions.filter { $0.second == next }
    return table.slots[next].alternatives.indices.filter { alternative in
      !exclusions.contains { $0.pairs.contains(.init(first: positions[$0.first], second: alternative)) }
    }
  }

  static func draw(_ table: SlotTable, _ random: inout RandomSource) throws -> [Int] {
    var positions: [Int] = []
    for _ in table.slots {
      let legal = legal(table, after: positions)
      try #require(!legal.isEmpty)
      positions.append(random.pick(legal))
    }
    return positions
  }

  @Test("contributions and interactions sum to the exact cost of a combined network", arguments: spaces)
  func additivity(name: String) throws {
    let space = try Self.space(name)
    var random = RandomSource(seed: 4)
    func cost(_ architecture: Architecture) throws -> Cost { try space.network(for: architecture).cost }
    for fixing in try random.shuffled(space.globalAssignments()).prefix(2) {
      let table = try space.slots(fixing: fixing)
      let base = try cost(table.base)
      for _ in 0..<4 {
        let positions = try Self.draw(table, &random)
        var macs = base.macs
        var parameters = base.parameters
        func add(_ cost: Cost, _ sign: Int) {
          macs += sign * cost.macs
          parameters += sign * cost.parameters
        }
        for (slot, alternative) in positions.enumerated() {
          let replacement = table.replacement(slot: slot, alternative: alternative)
          add(try cost(replacement.architecture), 1)
          add(try cost(replacement.reference), -1)
        }
        for coupling in table.couplings {
          let (a, b) = (positions[coupling.first], positions[coupling.second])
          add(try cost(table.architecture(replacing: [coupling.first: a, coupling.second: b])), 1)
          add(try cost(table.architecture(replacing: [coupling.first: a])), -1)
          add(try cost(table.architecture(replacing: [coupling.second: b])), -1)
          add(base, 1)
        }
        let architecture = try table.architecture(choosing: positions)
        #expect(try space.architecture(fromJSON: architecture.json) == architecture)
        let combined = try cost(architecture)
        #expect(combined.macs == macs)
        #expect(combined.parameters == parameters)
        for (variable, value) in table.fixed { #expect(architecture[variable] == value) }
      }
    }
  }

  @Test("the legal combinations are exactly the networks of the space", arguments: smallSpaces.keys.sorted())
  func coverage(name: String) throws {
    let space = try Self.space(name)
    var found: Set<Architecture> = []
    var combinations = 0
    for fixing in try space.globalAssignments() {
      let table = try space.slots(fixing: fixing)
      var partial: [[Int]] = [[]]
      for _ in table.slots {
        partial = partial.flatMap { positions in Self.legal(table, after: positions).map { positions + [$0] }
        }
      }
      combinations += partial.count
      for positions in partial { found.insert(try table.architecture(choosing: positions)) }
    }
    #expect(combinations == space.size)
    #expect(found == Set(try #require(space.allArchitectures(upTo: 100_000))))
  }

  @Test("the base of every slot makes the base network, and node prefixes find its nodes", arguments: spaces)
  func base(name: String) throws {
    let space = try Self.space(name)
    let table = try space.slots()
    #expect(try table.architecture(choosing: table.slots.map(\.base)) == table.base)
    #expect(table.base == space.largest)
    let nodes = try space.network(for: table.base).nodes.map(\.name)
    for slot in table.slots {
      #expect(Set(slot.alternatives.map(\.name)).count == slot.alternatives.count)
      let isSkipped = slot.alternatives[slot.base].name == "kind=skip"
      #expect(nodes.contains { $0.hasPrefix(slot.nodePrefix) } != isSkipped)
    }
  }

  @Test("an absent block is compared with the next depth")
  func absence() throws {
    let space = try shipped("mbconv-cifar")
    let table = try space.slots(fixing: ["width": 0.5, "resolution": 24])
    let slot = try #require(table.slots.firstIndex { $0.name == "late.3" })
    let absent = try #require(table.slots[slot].alternatives.firstIndex { $0.isAbsent })
    let replacement = table.replacement(slot: slot, alternative: absent)
    #expect(replacement.architecture["late.depth"] == 2)
    #expect(replacement.reference["late.depth"] == 3)
    #expect(replacement.reference["early.depth"] == 3)
    #expect(replacement.reference["width"] == 0.5)
  }

  @Test("excluded combinations and unknown fixings are refused")
  func errors() throws {
    let space = try shipped("mbconv-cifar")
    let table = try space.slots()
    let hole = try #require(table.slots.firstIndex { $0.name == "late.3" })
    var positions = table.slots.map(\.base)
    positions[hole] = try #require(table.slots[hole].alternatives.firstIndex { $0.isAbsent })
    #expect(throws: Diagnostic.self) { try table.architecture(choosing: positions) }
    let error = #expect(throws: Diagnostic.self) { try space.slots(fixing: ["widht": 1]) }
    #expect(
      error?.description
        == "this is no global variable of the space 'widht'; global are resolution, width; did you mean 'width'?"
    )
    #expect(throws: Diagnostic.self) { try space.slots(fixing: ["width": 0.6]) }
  }
}
