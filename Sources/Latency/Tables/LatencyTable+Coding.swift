extension LatencyTable.Feature: Codable {
  private enum CodingKeys: String, CodingKey { case name, kind, categories }

  /// Reads a feature of a predictor's file.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    let kind = try values.decode(String.self, forKey: .kind)
    guard ["categorical", "ordinal"].contains(kind) else {
      throw DecodingError.dataCorruptedError(
        forKey: .kind, in: values, debugDescription: "a feature is categorical or ordinal")
    }
    self.init(
      name: try values.decode(String.self, forKey: .name),
      kind: kind == "ordinal" ? .ordinal : .categorical(try values.decode([String].self, forKey: .categories)))
  }

  /// Writes a feature for a predictor's file.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: CodingKeys.self)
    try values.encode(name, forKey: .name)
    switch kind {
    case .ordinal: try values.encode("ordinal", forKey: .kind)
    case .categorical(let names):
      try values.encode("categorical", forKey: .kind)
      try values.encode(names, forKey: .categories)
    }
  }
}
