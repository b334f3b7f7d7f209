import Diagnostics
import Foundation

extension FittedTablePredictor {
  /// The name of the file inside a predictor's folder.
  public static let fileName = "predictor.json"
  /// The largest file that is read.
  private static let limit = 64 << 20

  /// Writes `predictor.json` into a folder, which is created where it is missing; a reader sees the old or the new
  /// file.
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
