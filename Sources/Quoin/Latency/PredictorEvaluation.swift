import Foundation
import Latency
import Report

/// Predictions of one predictor beside what was measured.
public struct PredictorEvaluation: Sendable {
  /// A network's latency as predicted and as measured.
  public struct Row: Hashable, Sendable, Codable {
    /// What names the network in samples.
    public var key: String
    /// The family that it belongs to.
    public var family: String
    /// Milliseconds.
    public var measured: Double
    /// Milliseconds.
    public var predicted: Double
    /// The lower end of the interval.
    public var lower: Double
    /// The upper end of the interval.
    public var upper: Double

    /// The relative error.
    var error: Double { abs(predicted - measured) / measured }
    /// Whether the measured latency lies in the interval.
    var isCovered: Bool { lower <= measured && measured <= upper }
  }

  /// What was predicted and measured, the worst prediction first.
  public let rows: [Row]
  /// The device's name.
  public let device: String
  /// Networks with an operator of a kind that the predictor does not know.
  public let unknown: Int

  /// Compares.
  ///
  /// - Throws: ``Diagnostic`` where the predictor's numbers give no latency.
  public init(_ predictor: DevicePredictor, _ networks: [MeasuredNetwork]) throws {
    device = predictor.provenance.deviceName
    rows = try networks.filter { predictor.knows($0.features) }.map { network in
      let prediction = try predictor.predict(network.features)
      return Row(
        key: network.key, family: network.family, measured: network.milliseconds, predicted: prediction.milliseconds,
        lower: prediction.lower, upper: prediction.upper)
    }.sorted { ($0.error, $0.key) > ($1.error, $1.key) }
    unknown = networks.count - rows.count
  }

  /// The errors of all rows, or of those of some families; `nil` for none.
  public func errors(where isMeant: (Row) -> Bool = { _ in true }) -> ErrorReport? {
    let rows = rows.filter(isMeant)
    guard !rows.isEmpty else { return nil }
    return ErrorReport(
      .heldOut, predicted: rows.map(\.predicted), measured: rows.map(\.measured),
      intervalCoverage: Double(rows.count(where: \.isCovered)) / Double(rows.count))
  }

  /// Predicted over measured latencies of some devices, a small plot each, as SVG.
  public static func plot(_ evaluations: [PredictorEvaluation], title: String) -> String {
    let panels = evaluations.map { evaluation in
      let errors = evaluation.errors()
      let note = String(
        format: "within 5 %%: %.0f %%, within 10 %%: %.0f %%", 100 * (errors?.within5 ?? 0),
        100 * (errors?.within10 ?? 0))
      return PredictionPanels.Panel(
        title: evaluation.device, note: note,
        points: evaluation.rows.map {
          .init(measured: $0.measured, predicted: $0.predicted, lower: $0.lower, upper: $0.upper)
        })
    }
    return PredictionPanels(title: title, unit: "ms", panels: panels).svg()
  }
}
