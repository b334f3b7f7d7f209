import Foundation
import Latency
import Networks
import Quoin

/// Collected samples as JSON lines for studies of predictors in other languages: one line per network with its measured
/// latencies by device and attempt, and its fused operators with what features can be computed from.
enum OperatorListing {
  private struct Line: Encodable {
    var key: String
    var family: String
    var milliseconds: [String: [Measured]]
    var operators: [Listed]
  }

  private struct Measured: Encodable {
    var median: Double
    var disturbed: Bool
    var operators: [String: Double]?
  }

  private struct Listed: Encodable {
    var name: String
    var op: String
    var category: String
    var terms: LatencyTerms
    var kernel: [Int]?
    var stride: [Int]?
    var groups: Int?
    var activation: String?
    var inputs: [[Int]]
    var output: [Int]
    /// The positions of the operators that make the inputs.
    var from: [Int]
  }

  /// Prints all samples of a folder.
  static func print(_ store: SampleStore) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let samples = try store.devices().keys.sorted().map { ($0, try store.samples(on: $0)) }
    for (key, recipe) in try store.networkRecipes().sorted(by: { $0.key < $1.key }) {
      let measured = samples.compactMap { device, samples in
        samples[key].map {
          (
            device,
            $0.map {
              Measured(median: $0.latency.median, disturbed: $0.latency.disturbed, operators: $0.latency.operators)
            }
          )
        }
      }
      if measured.isEmpty { continue }
      let network = try store.network(recipe).fused()
      let line = Line(
        key: key, family: recipe.family, milliseconds: Dictionary(uniqueKeysWithValues: measured),
        operators: network.nodes.map { listed($0, network) })
      Swift.print(String(decoding: try encoder.encode(line), as: UTF8.self))
    }
  }

  private static func listed(_ node: Network.Node, _ network: Network) -> Listed {
    let features = OperatorFeatures(of: node, in: network)
    var listed = Listed(
      name: node.name, op: node.op.name, category: features.category.rawValue, terms: features.terms,
      inputs: node.inputs.map { network.nodes[$0].shape.dimensions }, output: node.shape.dimensions, from: node.inputs)
    switch node.op {
    case .convolution(let c):
      (listed.kernel, listed.stride) = ([c.kernel.height, c.kernel.width], [c.stride.height, c.stride.width])
      (listed.groups, listed.activation) = (c.groups, c.activation.rawValue)
    case .pool(let pool):
      (listed.kernel, listed.stride) =
        ([pool.kernel.height, pool.kernel.width], [pool.stride.height, pool.stride.width])
    case .linear(let linear): listed.activation = linear.activation.rawValue
    case .activation(let activation): listed.activation = activation.rawValue
    default: break
    }
    return listed
  }
}
