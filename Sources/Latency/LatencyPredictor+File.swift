import Diagnostics
import Foundation

extension LatencyPredictor {
  /// The name of the file inside a predictor's folder.
  public static let fileName = "predictor.json"

  /// Writes `predictor.json` into a folder, which is created where it is missing; a reader sees the old or the new file.
  ///
  /// - Throws: ``Diagnostic`` that names the file where it cannot be written.
  public func save(to folder: String) throws {
    try writeAtomically(encoded(), to: Self.path(in: folder))
  }

  /// Reads the predictor of a folder and checks every number.
  ///
  /// - Throws: ``Diagnostic`` that names the file, the place inside it and the rule.
  public static func load(_ folder: String) throws -> LatencyPredictor {
    let path = path(in: folder)
    return try decode(readFile(path, limit: 256 << 20), path: path)
  }

  /// The file's content: readable JSON with one line per sample.
  package func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    var text = String(decoding: try encoder.encode(PredictorFile(self)), as: UTF8.self)
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    let lines = try samples.map { "    " + String(decoding: try encoder.encode($0), as: UTF8.self) }
    text.removeLast("\n}".count)
    text += ",\n  \"samples\" : [\n" + lines.joined(separator: ",\n") + "\n  ]\n}\n"
    return Data(text.utf8)
  }

  /// Reads a predictor from a file's content; `path` is for messages.
  package static func decode(_ data: Data, path: String) throws -> LatencyPredictor {
    do {
      try JSONDecoder().decode(PredictorFileHeader.self, from: data).check(.network, path)
      let predictor = try JSONDecoder().decode(PredictorFile.self, from: data).predictor
      try predictor.check(path)
      return predictor
    } catch let error as DecodingError {
      throw error.diagnostic(path, remedy: "fit the predictor again")
    }
  }

  private static func path(in folder: String) -> String {
    URL(fileURLWithPath: folder).appendingPathComponent(fileName).path
  }

  private func check(_ path: String) throws {
    func require(_ holds: Bool, _ place: String, _ rule: String) throws {
      guard !holds else { return }
      throw Diagnostic(.unusableFile, "an unusable number", at: .init(file: path, path: place), rule: rule)
    }
    try require(intercept.isFinite && intercept >= 0, "intercept_ms", "it is finite and not negative")
    try require(correction.isFinite && correction > 0, "correction", "it is finite and positive")
    for category in coefficients.categories {
      try require(
        coefficients[category].isUsable, "coefficients.\(category.rawValue)",
        "they are finite and not negative")
    }
    try require(
      interval.logHalfWidth.isFinite && interval.logHalfWidth >= 0, "interval.log_half_width",
      "it is finite and not negative")
    try require(
      interval.coverage > 0 && interval.coverage < 1, "interval.coverage", "it lies between 0 and 1")
    do { for sample in samples { try sample.check() } } catch var error as Diagnostic {
      error.place?.file = path
      throw error
    }
  }
}

/// The keys of the file; samples are written line by line and read here.
private struct PredictorFile: Codable {
  var format = PredictorFileHeader.network.format
  var version = PredictorFileHeader.network.version
  var intercept: Double
  var correction: Double
  var coefficients: FeatureTotals
  var interval: PredictionInterval
  var fitting: FittingRecord
  var provenance: PredictorProvenance
  var errors: [ErrorReport]
  var sampleCount: Int
  var samples: [TrainingSample]?

  enum CodingKeys: String, CodingKey {
    case format, version, correction, coefficients, interval, fitting, provenance, errors, samples
    case intercept = "intercept_ms"
    case sampleCount = "sample_count"
  }

  init(_ predictor: LatencyPredictor) {
    intercept = predictor.intercept
    correction = predictor.correction
    coefficients = predictor.coefficients
    interval = predictor.interval
    fitting = predictor.fitting
    provenance = predictor.provenance
    errors = predictor.errors
    sampleCount = predictor.samples.count
  }

  var predictor: LatencyPredictor {
    LatencyPredictor(
      intercept: intercept, coefficients: coefficients, correction: correction, interval: interval,
      fitting: fitting,
      provenance: provenance, errors: errors, samples: samples ?? [])
  }
}

extension DecodingError {
  /// The error as facts about a file.
  func diagnostic(_ path: String, remedy: String? = nil) -> Diagnostic {
    let (keys, problem) = facts
    let place = keys.map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }.joined(separator: ".")
    return Diagnostic(
      .unusableFile, problem, at: .init(file: path, path: place), remedy: remedy)
  }

  private var facts: (keys: [any CodingKey], problem: String) {
    switch self {
    case .keyNotFound(let key, let context): (context.codingPath, "the key '\(key.stringValue)' is missing")
    case .typeMismatch(_, let context): (context.codingPath, "a value of another type is needed")
    case .valueNotFound(_, let context): (context.codingPath, "a value is missing")
    case .dataCorrupted(let context): (context.codingPath, context.debugDescription)
    @unknown default: ([], "the document cannot be read")
    }
  }
}
