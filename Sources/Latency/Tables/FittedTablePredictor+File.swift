import Diagnostics
import Foundation

extension FittedTablePredictor {
  /// The name of the file inside a predictor's folder.
  public static let fileName = "predictor.json"
  /// The largest file that is read.
  private static let limit = 64 << 20

  /// Writes `predictor.json` into a folder, which is created where it is missing; a reader sees the old or the new file.
  ///
  /// - Throws: ``Diagnostic`` that names the file where it cannot be written.
  public func save(to folder: String) throws {
    try writeAtomically(encoded(), to: Self.path(in: folder))
  }

  /// Reads the predictor of a folder and checks every number.
  ///
  /// - Throws: ``Diagnostic`` that names the file, the place inside it and the rule.
  public static func load(_ folder: String) throws -> FittedTablePredictor {
    let path = path(in: folder)
    return try decode(readFile(path, limit: limit), path: path)
  }

  /// The file's content: readable JSON with one line per column of costs.
  package func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    var text = String(decoding: try encoder.encode(TablePredictorFile(self)), as: UTF8.self)
    let rows = [costs.constants] + costs.rows
    encoder.outputFormatting = []
    let lines = try rows.map { "    " + String(decoding: try encoder.encode($0), as: UTF8.self) }
    text.removeLast("\n}".count)
    text += ",\n  \"sums\" : [\n" + lines.joined(separator: ",\n") + "\n  ]\n}\n"
    return Data(text.utf8)
  }

  /// Reads a predictor from a file's content; `path` is for messages.
  package static func decode(_ data: Data, path: String) throws -> FittedTablePredictor {
    do {
      try JSONDecoder().decode(PredictorFileHeader.self, from: data).check(.table, path)
      let file = try JSONDecoder().decode(TablePredictorFile.self, from: data)
      return try file.predictor(path)
    } catch let error as DecodingError {
      throw error.diagnostic(path, remedy: "fit the predictor again")
    }
  }

  private static func path(in folder: String) -> String {
    URL(fileURLWithPath: folder).appendingPathComponent(fileName).path
  }
}

/// The keys of the file; the sums are written line by line and read here: constants, then a line per column.
private struct TablePredictorFile: Codable {
  struct Encoding: Codable {
    var blocks: [TableScheme.Block]
    var numbers: [TableScheme.Number]
  }

  struct Interval: Codable {
    var noise: Double
    var rest: Double
    var reach: Double
  }

  var format = PredictorFileHeader.table.format
  var version = PredictorFileHeader.table.version
  var provenance: FittedTablePredictor.Provenance
  var error: ErrorReport
  var features: [LatencyTable.Feature]
  var encoding: Encoding
  var middle: Double
  var interval: Interval
  var sums: [[Double]]?

  init(_ predictor: FittedTablePredictor) {
    let costs = predictor.costs
    (provenance, error) = (predictor.provenance, predictor.error)
    features = costs.scheme.features
    encoding = Encoding(blocks: costs.scheme.blocks, numbers: costs.scheme.numbers)
    middle = costs.middle
    interval = Interval(noise: costs.noise, rest: costs.rest, reach: costs.reach)
  }

  func predictor(_ path: String) throws -> FittedTablePredictor {
    func require(_ holds: Bool, _ place: String, _ rule: String) throws {
      guard !holds else { return }
      throw Diagnostic(
        .unusableFile, "the predictor is damaged", at: .init(file: path, path: place), rule: rule,
        remedy: "fit the predictor again")
    }
    let scheme = TableScheme(features: features, blocks: encoding.blocks, numbers: encoding.numbers)
    try scheme.check(require)
    let sums = sums ?? []
    try require(sums.count == scheme.width + 1, "sums", "there are \(scheme.width + 1) lines of them")
    let quantities = 1...TableCosts.mostFactors + 1
    try require(
      quantities.contains(sums[0].count) && sums.allSatisfy { $0.count == sums[0].count }, "sums",
      "every line has as many numbers, at most \(quantities.upperBound)")
    // Sums of so many stay finite.
    try require(sums.allSatisfy { $0.allSatisfy { abs($0) < 1e30 } }, "sums", "numbers are below 1e30")
    try require((1e-30..<1e30).contains(middle), "middle", "it is above 0")
    for (name, value) in [("noise", interval.noise), ("rest", interval.rest), ("reach", interval.reach)] {
      try require((0..<1e30).contains(value), "interval.\(name)", "it is not negative")
    }
    let costs = TableCosts(
      scheme: scheme, middle: middle, constants: sums[0], columns: sums.dropFirst().flatMap { $0 }, rest: interval.rest,
      noise: interval.noise, reach: interval.reach)
    return FittedTablePredictor(costs: costs, provenance: provenance, error: error)
  }
}

extension TableCosts {
  /// Per column of the encoding, its numbers.
  fileprivate var rows: [[Double]] {
    stride(from: 0, to: columns.count, by: quantities).map { Array(columns[$0..<$0 + quantities]) }
  }
}

extension TableScheme {
  /// More features, values of one, or columns than a table has.
  private static let (mostFeatures, mostColumns) = (10_000, 1_000_000)

  /// Checks what a file says of a scheme.
  ///
  /// - Parameter require: Throws where a rule does not hold, with the place and the rule.
  fileprivate func check(_ require: (Bool, String, String) throws -> Void) throws {
    try require((1...Self.mostFeatures).contains(features.count), "features", "there are 1 to \(Self.mostFeatures)")
    try require(Set(features.map(\.name)).count == features.count, "features", "names are different")
    for feature in features {
      if case .categorical(let names) = feature.kind {
        try require(
          !names.isEmpty && Set(names).count == names.count, "features.\(feature.name)", "categories are different")
      }
    }
    try require(blocks.count + numbers.count <= 2 * features.count, "encoding", "a feature stands in one block")
    for (index, block) in blocks.enumerated() { try check(block, index, require) }
    for (index, number) in numbers.enumerated() {
      let parts = [number.mean, number.slope, number.least, number.greatest]
      try require(
        features.indices.contains(number.feature) && parts.allSatisfy { abs($0) < 1e30 } && number.deviation > 1e-30
          && number.deviation < 1e30 && number.least <= number.greatest, "encoding.numbers[\(index)]",
        "it names a feature, and its numbers are finite")
    }
    // Widths are at most 20,000 · 10,000 · 10,000, so that no product overflows.
    let columns = Double(codedWidth) * Double(1 + numberColumns)
    try require(columns <= Double(Self.mostColumns), "encoding", "it has at most \(Self.mostColumns) columns")
  }

  private func check(_ block: Block, _ index: Int, _ require: (Bool, String, String) throws -> Void) throws {
    let place = "encoding.blocks[\(index)]"
    try require(
      !block.features.isEmpty && block.features.count <= features.count
        && block.features.allSatisfy(features.indices.contains), place, "it names features by their positions")
    try require(
      (1...Self.mostFeatures).contains(block.values.count) && Set(block.values).count == block.values.count, place,
      "its values are different")
    for feature in block.features {
      if case .categorical(let names) = features[feature].kind {
        try require(
          block.values == names.indices.map { Double($0) }, place, "values are the positions of categories")
      }
    }
    if let layers = block.layers {
      let isKnown = layers.allSatisfy { $0.map { features.indices.contains($0.depth) } ?? true }
      try require(
        layers.count == block.positions && isKnown, place, "every position has a layer or null, with a depth's feature")
    }
    if let cell = block.cell {
      let before = index > 0 ? blocks[index - 1] : nil
      try require(
        before?.features == block.features && before?.values == block.values && before?.layers == nil
          && before?.cell == nil && block.layers == nil, place, "a derived block follows its own")
      try require(
        cell.from.count == block.positions && cell.to.count == block.positions
          && zip(cell.from, cell.to).allSatisfy { 0 <= $0 && $0 < $1 && $1 <= block.positions }
          && block.values.indices.contains(cell.none), place, "its edges lead from nodes to later ones")
    }
  }
}

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
