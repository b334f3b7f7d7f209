import Foundation
import Networks

extension OperatorModel: Codable {
  private enum CodingKeys: String, CodingKey {
    case coefficients, sources, scale, corrections, passings, overheads, footprint
    case passingCorrections = "passing_corrections"
  }

  /// Sources may have sources; a file that nests more is not ours.
  static let deepest = 4

  /// How deep sources are nested.
  var depth: Int { sources.map { 1 + $0.model.depth }.max() ?? 0 }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    coefficients = try container.decode(FeatureTotals.self, forKey: .coefficients)
    let depth = decoder.codingPath.count { $0.stringValue == CodingKeys.sources.stringValue }
    guard depth <= Self.deepest else {
      throw DecodingError.dataCorruptedError(
        forKey: .sources, in: container, debugDescription: "sources are nested too deeply")
    }
    sources = try container.decodeIfPresent([Source].self, forKey: .sources) ?? []
    scale = try container.decodeIfPresent(Double.self, forKey: .scale) ?? 1
    corrections = try container.decode([String: GaussianProcess].self, forKey: .corrections)
    passings = try container.decodeIfPresent([String: PassingCost].self, forKey: .passings) ?? [:]
    passingCorrections =
      try container.decodeIfPresent([String: GaussianProcess].self, forKey: .passingCorrections) ?? [:]
    overheads = try container.decode([String: Double].self, forKey: .overheads)
    footprint = try container.decodeIfPresent(GaussianProcess.self, forKey: .footprint)
    let isUsable =
      coefficients.categories.allSatisfy { coefficients[$0].isUsable }
      && sources.allSatisfy { $0.share.isFinite && $0.share >= 0 } && scale.isFinite && scale > 0
      && overheads.values.allSatisfy { $0.isFinite && $0 >= 0 }
      && passings.values.allSatisfy { $0.call.isFinite && $0.call >= 0 && $0.byte.isFinite && $0.byte >= 0 }
    guard isUsable else {
      throw DecodingError.dataCorruptedError(
        forKey: .coefficients, in: container, debugDescription: "costs are finite and not negative")
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(coefficients, forKey: .coefficients)
    if !sources.isEmpty {
      try container.encode(sources, forKey: .sources)
      try container.encode(scale, forKey: .scale)
    }
    try container.encode(corrections, forKey: .corrections)
    if !passings.isEmpty { try container.encode(passings, forKey: .passings) }
    if !passingCorrections.isEmpty { try container.encode(passingCorrections, forKey: .passingCorrections) }
    try container.encode(overheads, forKey: .overheads)
    try container.encodeIfPresent(footprint, forKey: .footprint)
  }
}
