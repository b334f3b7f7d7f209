import Search
import SearchSpaces
import Testing

@Suite("Search over a space of networks")
struct SearchSpaceTests {
  private static let yaml = """
    version: 1
    name: small
    input: {image: {channels: 3, size: [16, 24]}}
    classes: 10
    stem: {conv: {channels: 8, kernel: 3}}
    stages:
      - name: early
        depth: [1, 2, 3]
        per_block: true
        block: {mbconv: {channels: [8, 16], kernel: [3, 5, 7], expand: [2, 4]}}
    head: {conv: {channels: 32}, pool: average}
    """

  @Test("Evolution finds the largest parameter count within a budget of operations")
  func evolution() throws {
    let space = try SearchSpace(yaml: Self.yaml)
    let all = try #require(space.allArchitectures(upTo: 10_000))
    let costs = try all.map { try space.network(for: $0).cost }
    let budget = costs.map(\.macs).sorted()[all.count / 3]
    let optimum = costs.filter { $0.macs <= budget }.map(\.parameters).max()
    let macs = try SearchConstraint(name: "operations", limit: Double(budget)) {
      Double(try space.network(for: $0).cost.macs)
    }
    var options = EvolutionarySampler.Options()
    (options.population, options.children) = (20, 20)
    let sampler = try EvolutionarySampler(
      domain: ArchitectureDomain(space), objectives: [Objective("parameters", .maximize)],
      constraints: [macs],
      options: options, seed: 5)
    let trials = try evaluate(sampler, min(160, all.count / 3)) { architecture in
      ["parameters": (try? space.network(for: architecture).cost).map { Double($0.parameters) } ?? 0]
    }
    #expect(Set(trials.map(\.hash)).count == trials.count)
    let best = bestTrial(of: trials, by: Objective("parameters", .maximize))?.values["parameters"]
    #expect(best.map { Int($0) } == optimum)
  }
}
