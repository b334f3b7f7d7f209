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
    return try decode(readFile(path, limit: 64 << 20), path: path)
  }

  /// Whether a folder holds a predictor of this kind, as far as its first words say.
  ///
  /// - Throws: ``Diagnostic`` where there is no readable file.
  public static func isOne(_ folder: String) throws -> Bool {
    let data = try readFile(path(in: folder), limit: 256 << 20)
    let header = try? JSONDecoder().decode(PredictorFileHeader.self, from: data)
    return header?.format == PredictorFileHeader.device.format
  }

  package func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
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

extension OperatorModel: Codable {
  private enum CodingKeys: String, CodingKey { case coefficients, sources, corrections, overheads, footprint }

  /// Sources may have sources; a file that nests more is not ours.
  private static let deepest = 4

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    coefficients = try container.decode(FeatureTotals.self, forKey: .coefficients)
    let depth = decoder.codingPath.count { $0.stringValue == CodingKeys.sources.stringValue }
    guard depth <= Self.deepest else {
      throw DecodingError.dataCorruptedError(
        forKey: .sources, in: container, debugDescription: "sources are nested too deeply")
    }
    sources = try container.decodeIfPresent([Source].self, forKey: .sources) ?? []
    corrections = try container.decode([String: GaussianProcess].self, forKey: .corrections)
    overheads = try container.decode([String: Overhead].self, forKey: .overheads)
    footprint = try container.decodeIfPresent(GaussianProcess.self, forKey: .footprint)
    let isUsable =
      coefficients.categories.allSatisfy { coefficients[$0].isUsable }
      && sources.allSatisfy { $0.share.isFinite && $0.share >= 0 }
      && overheads.values.allSatisfy { [$0.call, $0.byte].allSatisfy { $0.isFinite && $0 >= 0 } }
    guard isUsable else {
      throw DecodingError.dataCorruptedError(
        forKey: .coefficients, in: container, debugDescription: "costs are finite and not negative")
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(coefficients, forKey: .coefficients)
    if !sources.isEmpty { try container.encode(sources, forKey: .sources) }
    try container.encode(corrections, forKey: .corrections)
    try container.encode(overheads, forKey: .overheads)
    try container.encodeIfPresent(footprint, forKey: .footprint)
  }
}


extension GaussianProcess: Codable {
  /// Positions are 16 whole numbers of 16 bits each, in units of ``OperatorPosition/unit``, and weights FP32; both little
  /// endian, as base64.
  private enum CodingKeys: String, CodingKey { case wide, narrow, shared, positions, weights }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let kernel = Kernel(
      wide: try container.decode(Kernel.Bell.self, forKey: .wide),
      narrow: try container.decode(Kernel.Bell.self, forKey: .narrow),
      shared: try container.decode(Double.self, forKey: .shared))
    let positions = try container.decode(Data.self, forKey: .positions)
    let weights = try container.decode(Data.self, forKey: .weights).numbers(UInt32.self).map(Float.init(bitPattern:))
    guard positions.count == 32 * weights.count, weights.allSatisfy(\.isFinite), kernel.isUsable else {
      throw DecodingError.dataCorruptedError(
        forKey: .positions, in: container, debugDescription: "every position has a weight, and numbers are finite")
    }
    let steps = positions.numbers(UInt16.self).map { Float(Int16(bitPattern: $0)) }
    let supports = weights.indices.map { support in
      OperatorPosition(OperatorPosition.unit * SIMD16(steps[16 * support..<16 * (support + 1)]))
    }
    self.init(kernel: kernel, supports: supports, weights: weights)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(kernel.wide, forKey: .wide)
    try container.encode(kernel.narrow, forKey: .narrow)
    try container.encode(kernel.shared, forKey: .shared)
    let steps = supports.flatMap { support in
      (0..<16).map { UInt16(bitPattern: Int16(support.lanes[$0] / OperatorPosition.unit)) }
    }
    try container.encode(Data(numbers: steps), forKey: .positions)
    try container.encode(Data(numbers: weights.map(\.bitPattern)), forKey: .weights)
  }
}


extension GaussianProcess.Kernel {
  fileprivate var isUsable: Bool {
    [wide.variance, narrow.variance, shared].allSatisfy { $0.isFinite && $0 >= 0 } && greatest > 0
      && [wide.width, narrow.width].allSatisfy { $0.isFinite && $0 > 0 }
  }
}

extension Data {
  /// Whole numbers, little endian.
  fileprivate init(numbers: [some FixedWidthInteger]) {
    self.init(numbers.flatMap { number in Swift.withUnsafeBytes(of: number.littleEndian, Array.init) })
  }

  /// Whole numbers, little endian; bytes beyond the last whole one are left out.
  fileprivate func numbers<Number: FixedWidthInteger>(_ type: Number.Type) -> [Number] {
    let (bytes, size) = ([UInt8](self), Number.bitWidth / 8)
    return (0..<bytes.count / size).map { position in
      (0..<size).reduce(0) { $0 | Number(truncatingIfNeeded: bytes[position * size + $1]) << (8 * $1) }
    }
  }
}
