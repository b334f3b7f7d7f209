import Diagnostics
import Foundation
import Tensors

/// Judges few-shot predictors on a table: how well they order and predict the test rows of devices of which they know a
/// handful of measurements.
public struct TableBenchmark: Sendable {
  /// What may be seen, and what is judged.
  public var split: TableSplit
  /// The fraction of a device's fastest, and of its slowest, test rows that is left out of the figures.
  public var trim: Double
  /// How often samples are drawn anew.
  public var repeats: Int
  /// The way of predicting.
  public var method: TableMethod
  /// How long a network learns.
  package var learning = MetaLearner.Options()
  /// The seed of the drawing.
  public var seed: UInt64

  /// Creates a benchmark.
  ///
  /// - Precondition: trim lies in 0 ..< 0.5, and there is a repeat.
  public init(split: TableSplit, trim: Double = 0, repeats: Int = 1, method: TableMethod = .transfer, seed: UInt64) {
    precondition((0..<0.5).contains(trim) && repeats > 0, "something remains to be judged")
    self.split = split
    self.trim = trim
    self.repeats = repeats
    self.method = method
    self.seed = seed
  }

  /// Predicts the test rows of every new device in every repeat, and compares.
  ///
  /// - Parameters:
  ///   - progress: Told how many devices of how many are done, over all repeats.
  /// - Throws: ``Diagnostic`` where the split does not suit the table.
  public func run(
    on table: LatencyTable,
    progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
  ) throws -> TableBenchmarkResult {
    try split.check(against: table)
    try progress(0, repeats * split.targets.count)
    var method = try method(on: table) { try progress(0, repeats * split.targets.count) }
    var first: [[TableComparison]] = []
    var figures: [[TableFigures]] = split.targets.map { _ in [] }
    for number in 0..<repeats {
      for (position, name) in split.targets.enumerated() {
        try progress(number * split.targets.count + position, repeats * split.targets.count)
        let compared = try comparisons(on: name, in: number, &method, table)
        if number == 0 { first.append(compared) }
        figures[position].append(TableFigures(compared))
      }
    }
    try progress(repeats * split.targets.count, repeats * split.targets.count)
    return TableBenchmarkResult(devices: split.targets, figures: figures, comparisons: first)
  }

  /// What is known of the source devices.
  private func sources(of table: LatencyTable) throws -> SourceDevices {
    let known = try split.sources.map { name in
      let samples = table.measurements(of: try table.position(of: name), rows: 0..<min(table.rows, split.sourceSamples))
      guard !samples.isEmpty else {
        throw Diagnostic(.unusableFile, "a source device has no latencies in the known rows", value: name)
      }
      return samples
    }
    return SourceDevices(TableEncoding(table), known: known)
  }

  private func method(on table: LatencyTable, check: () throws -> Void) throws -> any FewShotMethod {
    let sources = try sources(of: table)
    switch method {
    case .transfer: return TablePredictor(sources)
    case .help:
      return try HELPPredictor(
        sources, references: split.references, seed: seed, options: learning, check: check)
    }
  }

  private func comparisons(
    on name: String, in number: Int, _ method: inout any FewShotMethod, _ table: LatencyTable
  ) throws -> [TableComparison] {
    // `check` has found the device.
    let device = table.devices.firstIndex(of: name) ?? 0
    var random = RandomSource(seed: seed, purpose: "samples of \(name), repeat \(number)")
    let rows = split.measuredRows(of: table, device: device, using: &random)
    let measured = rows.compactMap { row in table.latency(row, on: device).map { (row: row, latency: $0) } }
    let judged = judgedRows(of: table, device: device)
    guard !judged.isEmpty else {
      throw Diagnostic(.unusableFile, "a device has no latencies in the test rows", value: name)
    }
    let predictions = try method.predict(rows: judged.map(\.row), measured: measured)
    return zip(predictions, judged).map { TableComparison(prediction: $0, latency: $1.latency) }
  }

  /// The test rows with a latency that is not measured, without the fastest and the slowest.
  private func judgedRows(of table: LatencyTable, device: Int) -> [(row: Int, latency: Double)] {
    let rows = split.testRows.filter { !split.references.contains($0) }.compactMap { row in
      table.latency(row, on: device).map { (row: row, latency: $0) }
    }
    let sorted = rows.sorted { ($0.latency, $0.row) < ($1.latency, $1.row) }
    let cut = Int(trim * Double(sorted.count))
    return Array(sorted[cut..<sorted.count - cut])
  }
}

/// A prediction and what was measured.
public struct TableComparison: Hashable, Sendable {
  /// The prediction.
  public var prediction: LatencyPrediction
  /// The latency of the table.
  public var latency: Double
}

/// The figures of a benchmark.
public struct TableBenchmarkResult: Sendable {
  /// The new devices.
  public let devices: [String]
  /// For every device, the figures of every repeat.
  public let figures: [[TableFigures]]
  /// For every device, the predictions of the first repeat.
  public let comparisons: [[TableComparison]]

  /// The figures of a device: means over the repeats.
  public func mean(of device: Int) -> TableFigures { TableFigures(meanOf: figures[device]) }

  /// The means over devices and repeats.
  public var mean: TableFigures { TableFigures(meanOf: figures.flatMap { $0 }) }

  /// The geometric mean over devices of Spearman's correlation; 0 where one is not positive.
  public var geometricSpearman: Double {
    let values = devices.indices.map { max(0, mean(of: $0).spearman) }
    return values.contains(0) ? 0 : exp(values.reduce(0) { $0 + log($1) } / Double(values.count))
  }

  /// The mean over devices of Spearman's correlation, for every repeat.
  public var spearmanByRepeat: [Double] {
    (figures.first ?? []).indices.map { number in
      figures.reduce(0) { $0 + $1[number].spearman } / Double(devices.count)
    }
  }

  /// Half the 95 % interval of the mean over repeats, by Student's t; `nil` for a single repeat.
  public var halfWidth: Double? {
    let values = spearmanByRepeat
    guard values.count > 1 else { return nil }
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    return Self.quantile(degrees: values.count - 1) * (variance / Double(values.count)).squareRoot()
  }

  /// The 97.5 % quantile of Student's t, by the Cornish-Fisher expansion; within 1 % from four degrees of freedom on.
  private static func quantile(degrees: Int) -> Double {
    let exact = [12.706, 4.303, 3.182]
    if degrees <= exact.count { return exact[degrees - 1] }
    let (z, n) = (1.959964, Double(degrees))
    let second = (5 * pow(z, 5) + 16 * pow(z, 3) + 3 * z) / 96
    return z + (pow(z, 3) + z) / (4 * n) + second / (n * n)
  }
}
