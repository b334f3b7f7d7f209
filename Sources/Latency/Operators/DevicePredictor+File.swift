import Diagnostics
import Foundation
import Networks

extension DevicePredictor {
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
  public static func load(_ folder: String) throws -> DevicePredictor {
    let path = path(in: folder)
    return try decode(readFile(path, limit: 8 << 20), path: path)
  }

  package func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(DevicePredictorFile(self)) + Data("\n".utf8)
  }

  /// Reads a predictor from a file's content; `path` is for messages.
  package static func decode(_ data: Data, path: String) throws -> DevicePredictor {
    do {
      try JSONDecoder().decode(PredictorFileHeader.self, from: data).check(.device, path)
      return try JSONDecoder().decode(DevicePredictorFile.self, from: data).predictor
    } catch let error as DecodingError {
      throw error.diagnostic(path, remedy: "fit the predictor again")
    }
  }

  private static func path(in folder: String) -> String {
    URL(fileURLWithPath: folder).appendingPathComponent(fileName).path
  }
}

/// The keys of the file.
private struct DevicePredictorFile: Codable {
  var format = PredictorFileHeader.device.format
  var version = PredictorFileHeader.device.version
  var interval: ScaledInterval
  var provenance: PredictorProvenance
  var sampleCount: Int
  var error: ErrorReport
  var model: OperatorModel

  enum CodingKeys: String, CodingKey {
    case format, version, interval, provenance, error, model
    case sampleCount = "sample_count"
  }

  init(_ predictor: DevicePredictor) {
    interval = predictor.interval
    provenance = predictor.provenance
    sampleCount = predictor.sampleCount
    error = predictor.error
    model = predictor.model
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    interval = try container.decode(ScaledInterval.self, forKey: .interval)
    provenance = try container.decode(PredictorProvenance.self, forKey: .provenance)
    sampleCount = try container.decode(Int.self, forKey: .sampleCount)
    error = try container.decode(ErrorReport.self, forKey: .error)
    model = try container.decode(OperatorModel.self, forKey: .model)
    let width = interval.logHalfWidth
    guard width.isFinite, width >= 0, interval.noveltyFactor.isFinite, interval.noveltyFactor >= 0,
      (interval.hourFactor ?? 1).isFinite, interval.hourFactor ?? 1 >= 1,
      interval.coverage > 0, interval.coverage < 1
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .interval, in: container, debugDescription: "an interval's numbers are finite and not negative")
    }
  }

  var predictor: DevicePredictor {
    DevicePredictor(model: model, interval: interval, provenance: provenance, sampleCount: sampleCount, error: error)
  }
}
