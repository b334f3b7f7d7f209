import Diagnostics

/// What is read of a predictor's file first, so that a file of another kind or of a later version gets its own message.
struct PredictorFileHeader: Codable, Hashable {
  /// A predictor that is additive over operators.
  static let network = PredictorFileHeader(format: "quoin-latency-predictor", version: 1)
  /// A predictor of any network on one device.
  static let device = PredictorFileHeader(format: "quoin-device-predictor", version: 3)
  /// A predictor from a table.
  static let table = PredictorFileHeader(format: "quoin-table-predictor", version: 1)

  var format: String
  var version: Int

  func check(_ expected: PredictorFileHeader, _ path: String) throws {
    guard self != expected else { return }
    let isLater = format == expected.format && version > expected.version
    throw Diagnostic(
      .unusableFile, "this is not a predictor file of this version", at: .init(file: path),
      value: "\(format) \(version)", rule: "the format is \(expected.format) \(expected.version)",
      remedy: isLater ? "use the version of quoin that wrote it, or fit the predictor again" : "fit the predictor again"
    )
  }
}
