import Foundation
import Latency
import Report

extension TableBenchmarkResult {
  /// Predicted over measured latencies in the first repeat, a small plot per device, as SVG.
  ///
  /// - Parameters:
  ///   - title: A line above the plots.
  ///   - unit: What the latencies are measured in.
  public func plot(title: String, unit: String) -> String {
    let panels = zip(devices, comparisons).map { device, compared in
      let figures = TableFigures(compared)
      let note = String(format: "ρ %.3f, within 10 %%: %.0f %%", figures.spearman, 100 * figures.within10)
      return PredictionPanels.Panel(
        title: device, note: note,
        points: compared.map { comparison in
          let prediction = comparison.prediction
          return PredictionPanels.Point(
            measured: comparison.latency, predicted: prediction.milliseconds, lower: prediction.lower,
            upper: prediction.upper)
        })
    }
    return PredictionPanels(title: title, unit: unit, panels: panels).svg()
  }
}
