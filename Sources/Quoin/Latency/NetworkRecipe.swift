import Diagnostics
import Foundation
import Interchange
import Latency
import Networks
import SearchSpaces

/// How a network that was measured is made again: samples outlive what latency features are computed from it.
public enum NetworkRecipe: Hashable, Sendable, Codable {
  /// A random network of the product's own, by the version of ``ProbeNetwork`` that drew it.
  case probe(number: Int, seed: UInt64, version: Int)
  /// An architecture, as JSON, of a search space, by the SHA-256 of its file.
  case architecture(json: String, space: String)
  /// An ONNX file, by its path and the SHA-256 of its content.
  case file(path: String, sha256: String)

  /// What names the network in samples.
  public var key: String {
    switch self {
    case .probe(let number, let seed, _): "probe-\(seed)-\(number)"
    case .architecture(let json, let space): "\(space.prefix(16))-\(sha256(Data(json.utf8)))"
    case .file(_, let sha256): "file-\(sha256)"
    }
  }

  /// The family of networks, for reports and for splits that keep families apart.
  public var family: String {
    switch self {
    case .probe: ProbeNetwork.family
    case .architecture(_, let space): String(space.prefix(16))
    case .file(let path, _): URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    }
  }
}

/// Makes networks from recipes, with random weights where they have none of their own.
struct NetworkKitchen {
  /// The spaces by the SHA-256 of their files.
  var spaces: [String: SearchSpace]

  /// - Throws: ``Diagnostic`` where a file is missing or has changed, or a space is not known.
  func network(_ recipe: NetworkRecipe) throws -> (network: Network, weights: Weights) {
    switch recipe {
    case .probe(let number, let seed, let version):
      guard version == ProbeNetwork.version else {
        throw Diagnostic(
          .unusableFile, "the samples are of networks that this version cannot draw", value: "probes \(version)",
          rule: "it draws probes \(ProbeNetwork.version)", remedy: "collect into another folder")
      }
      let network = try ProbeNetwork.network(number, seed: seed)
      return (network, network.timingWeights(seed: seed))
    case .architecture(let json, let hash):
      guard let space = spaces[hash] else {
        throw Diagnostic(.failure, "the search space of a sample is not known", value: hash)
      }
      let network = try space.network(for: space.architecture(fromJSON: json))
      return (network, network.timingWeights(seed: 0))
    case .file(let path, let hash):
      let data = try readFile(path)
      guard sha256(data) == hash else {
        throw Diagnostic(
          .unusableFile, "the file has changed since it was measured", at: .init(file: path),
          rule: "its SHA-256 was \(hash)", remedy: "collect into another folder")
      }
      return try ONNX.import(data, path: path)
    }
  }
}
