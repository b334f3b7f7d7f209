import Diagnostics
import Foundation
import Tensors

/// A folder with a tiny space, an experiment on the formula device, and images that it can learn; removed with its owner.
public final class SampleExperiment {
  private let folder: URL

  /// The space file: 1 to 3 blocks of 8 kinds at two resolutions.
  public static let space = """
    version: 1
    name: tiny
    input: {image: {channels: 1, size: [12, 16]}}
    classes: 10
    stem: {conv: {channels: 8, kernel: 3, stride: 2, activation: hswish}}
    stages:
      - name: body
        depth: [1, 2, 3]
        per_block: true
        block: {mbconv: {channels: 8, kernel: [3, 5], expand: [2, 3], se: [false, true]}}
    head: {conv: {channels: 16}, pool: average}
    """

  private static let experiment = """
    version: 1
    name: tiny
    space: space.yaml
    data: {name: mnist, folder: images, validation: 100}
    device: formula
    budgets: {fractions: [0.3, 0.7]}
    training: {epochs: 2, batch: 50, crop: 1, flip: false, random_networks: 1}
    latency: {networks: 20, held_out: 10}
    search: {evaluations: 10, population: 5, children: 3, selection_pool: 3, measured: 2, scoring_images: 50,
             scoring_recalibration_images: 50, recalibration_images: 100}
    """

  /// Writes the files.
  public init() throws {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("quoin-search-\(UUID().uuidString)")
    func write(_ data: Data, _ name: String) throws {
      try writeAtomically(data, to: folder.appendingPathComponent(name).path)
    }
    try write(Data(Self.space.utf8), "space.yaml")
    try write(Data(Self.experiment.utf8), "experiment.yaml")
    for (prefix, count) in [("train", 600), ("t10k", 150)] {
      let (images, labels) = Self.stripes(count, seed: prefix)
      try write(Data(Fixture.idx([count, 16, 16], images)), "images/\(prefix)-images-idx3-ubyte")
      try write(Data(Fixture.idx([count], labels)), "images/\(prefix)-labels-idx1-ubyte")
    }
    self.folder = folder
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  /// The path of a file in the folder.
  public func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  /// Stripes of five widths that lie or stand.
  private static func stripes(_ count: Int, seed: String) -> (images: [UInt8], labels: [UInt8]) {
    var random = RandomSource(seed: 1, purpose: seed)
    let labels = (0..<count).map { UInt8($0 % 10) }
    let images = labels.flatMap { label in
      let phase = random.below(16)
      return (0..<256).map { position in
        let place = (label % 2 == 0 ? position / 16 : position % 16) + phase
        return UInt8(place / (1 + Int(label) / 2) % 2 == 0 ? 200 : 0) + UInt8(random.below(50))
      }
    }
    return (images, labels)
  }
}
