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

extension NetworkRecipe {
  /// Where the network comes from, in a predictor's provenance.
  public var source: String {
    switch self {
    case .probe(_, _, let version): "probes \(version)"
    case .architecture(_, let space): "space \(space)"
    case .file: "files"
    }
  }
}

/// Makes networks from recipes, with random weights where they have none of their own.
struct NetworkKitchen {
  /// The spaces by the SHA-256 of their files.
  var spaces: [String: SearchSpace]
  /// Where ONNX files stood later, by their SHA-256.
  var places: [String: [String]] = [:]

  /// - Throws: ``Diagnostic`` where a file is missing or has changed, or a space is not known.
  func network(_ recipe: NetworkRecipe) throws -> (network: Network, weights: Weights) {
    if case .file(let path, let hash) = recipe { return try file(path, hash) }
    let network = try structure(recipe)
    if case .probe(_, let seed, _) = recipe { return (network, network.timingWeights(seed: seed)) }
    return (network, network.timingWeights(seed: 0))
  }

  /// The network alone, for what does not run it: weights take longer to draw than everything else.
  ///
  /// - Throws: ``Diagnostic`` where a file is missing or has changed, or a space is not known.
  func structure(_ recipe: NetworkRecipe) throws -> Network {
    switch recipe {
    case .probe(let number, let seed, let version):
      guard version == ProbeNetwork.version else {
        throw Diagnostic(
          .unusableFile, "the samples are of networks that this version cannot draw", value: "probes \(version)",
          rule: "it draws probes \(ProbeNetwork.version)", remedy: "collect into another folder")
      }
      return try ProbeNetwork.network(number, seed: seed)
    case .architecture(let json, let hash):
      guard let space = spaces[hash] else {
        throw Diagnostic(.failure, "the search space of a sample is not known", value: hash)
      }
      return try space.network(for: space.architecture(fromJSON: json))
    case .file(let path, let hash): return try file(path, hash).network
    }
  }

  private func file(_ path: String, _ hash: String) throws -> (network: Network, weights: Weights) {
    for place in [path] + places[hash, default: []] {
      if let data = try? readFile(place), sha256(data) == hash { return try ONNX.import(data, path: place) }
    }
    throw Diagnostic(
      .unusableFile, "the file of a measured network is gone, or has changed", at: .init(file: path),
      rule: "its SHA-256 was \(hash)",
      remedy: "put it back, or run quoin device collect with --model and its new place")
  }
}
