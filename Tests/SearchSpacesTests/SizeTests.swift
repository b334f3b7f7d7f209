import Foundation
import Networks
import SearchSpaces
import Tensors
import Testing

@Suite("Sizes")
struct SizeTests {
  /// A network without its name, as its graph and the boxes of shared tensors that it reads.
  struct Structure: Hashable {
    let nodes: [Network.Node]
  }

  @Test("the size is the number of distinct networks by enumeration", arguments: smallSpaces.keys.sorted())
  func enumeration(name: String) throws {
    let space = try SearchSpace(yaml: try #require(smallSpaces[name]))
    let architectures = try #require(space.allArchitectures(upTo: 100_000))
    #expect(space.size == architectures.count)
    #expect(abs(pow(10, space.log10Size) - Double(architectures.count)) < 1e-6 * Double(architectures.count))
    let structures = try Set(architectures.map { Structure(nodes: try space.network(for: $0).nodes) })
    #expect(structures.count == architectures.count)
    #expect(Set(architectures.map(\.hash)).count == architectures.count)
  }

  @Test("drawing reaches every network of a small space")
  func coverage() throws {
    let space = try SearchSpace(yaml: try #require(smallSpaces["per block"]))
    var random = RandomSource(seed: 2)
    let drawn = Set((0..<2000).map { _ in space.sample(using: &random) })
    #expect(drawn.count == space.size)
  }

  @Test(
    "the shared tensors are the elementwise largest of all networks", arguments: smallSpaces.keys.sorted())
  func sharedShapes(name: String) throws {
    let space = try SearchSpace(yaml: try #require(smallSpaces[name]))
    var largest: [String: Shape] = [:]
    for architecture in try #require(space.allArchitectures(upTo: 100_000)) {
      for parameter in try space.network(for: architecture).parameters {
        let known = largest[parameter.name] ?? parameter.shape
        largest[parameter.name] = Shape(zip(known.dimensions, parameter.shape.dimensions).map(max))
      }
    }
    #expect(largest == Dictionary(uniqueKeysWithValues: space.sharedParameters.map { ($0.name, $0.shape) }))
  }

  @Test(
    "no network is larger than the largest or smaller than the smallest", arguments: smallSpaces.keys.sorted()
  )
  func extremes(name: String) throws {
    let space = try SearchSpace(yaml: try #require(smallSpaces[name]))
    let macs = try #require(space.allArchitectures(upTo: 100_000)).map {
      try space.network(for: $0).cost.macs
    }
    #expect(try space.network(for: space.largest).cost.macs == macs.max())
    #expect(try space.network(for: space.smallest).cost.macs == macs.min())
  }

  @Test("a file with every part of the format gives the number that one counts by hand")
  func byHand() throws {
    let space = try SearchSpace(
      yaml: """
        version: 1
        name: mbconv-cifar
        input: {image: {channels: 3, size: [24, 28, 32]}}
        classes: 10
        stem: {conv: {channels: 16, kernel: 3, activation: hswish}}
        stages:
          - name: early
            depth: [1, 2, 3]
            block: {mbconv: {channels: [16, 24], kernel: [3, 5, 7], expand: [3, 4, 6], stride: 2, se: [false, true]}}
          - name: late
            depth: 4
            per_block: true
            block:
              choose:
                - mbconv: {channels: 48, kernel: [3, 5], expand: [3, 6]}
                - fused_mbconv: {channels: 48, kernel: 3, expand: [2, 4]}
                - skip
            stride: 2
        head: {conv: {channels: 256}, pool: average}
        precision: [fp32]
        limits: {parameters: 2e6, macs: 4e7}
        """)
    // Resolutions; depth, channels, kernel, expansion and squeeze-excite of all early blocks together; the first late
    // block of 2·2 + 2 kinds, and three that may be skipped besides.
    #expect(space.size == 3 * (3 * 2 * 3 * 3 * 2) * (6 * 7 * 7 * 7))
  }
}
