import Foundation
import Inference

/// A result as text: a Markdown table of the chosen network, its baselines and the front.
public struct MixedPrecisionTable {
  private let result: MixedPrecisionResult

  /// The table of a result.
  public init(_ result: MixedPrecisionResult) { self.result = result }

  /// The lines.
  public var text: String {
    let head = [
      "| network | limit | layers in BF16 | in INT8 | predicted ms | measured ms | predicted error | measured noise to signal | dB |",
      "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    return (head + ([result.chosen] + result.baselines + result.front).map(row)).joined(separator: "\n")
  }

  private func row(_ point: MixedPrecisionPoint) -> String {
    let decibels = QuantisationNoise.decibels(noiseToSignal: point.measuredNoiseToSignal)
    let cells = [
      point.method, point.limit.map(number) ?? "", "\(point.bf16Layers.count)",
      "\(point.int8Layers.count) of \(result.layers.count)",
      number(point.predictedLatencyMs), number(point.measuredLatencyMs) + (point.disturbed ? " (disturbed)" : ""),
      number(point.predictedError), number(point.measuredNoiseToSignal),
      decibels.isFinite ? String(format: "%.1f", decibels) : "exact",
    ]
    return "| " + cells.joined(separator: " | ") + " |"
  }

  private func number(_ value: Double) -> String { String(format: "%.4g", value) }
}
