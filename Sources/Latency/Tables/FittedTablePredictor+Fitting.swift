import Diagnostics
import Foundation
import Tensors

extension FittedTablePredictor {
  /// The fewest measurements that a predictor is fitted on.
  private static let fewest = 3
  /// So many rows of a source device say all that its model can take up.
  private static let mostSourceRows = 4000

  /// Fits a predictor of a device on all its latencies in a table.
  ///
  /// Few measurements are completed by what the source devices are like. Many speak for themselves: from 61 on, robust
  /// ridge regression competes in cross-validation, and beyond 300 it is alone, since a Gaussian process takes the cube
  /// of their number.
  ///
  /// - Parameters:
  ///   - sources: Other devices of the table that are known well.
  ///   - base: A predictor of another device with the same features, which is one more source.
  ///   - origin: The file name and the SHA-256 of the table, for the record.
  ///   - seed: Of the folds and guesses.
  ///   - versions: Of the program, for the record.
  ///   - progress: Told how many fits of how many are done; may throw to stop.
  /// - Throws: ``Diagnostic`` where a device is missing or has too few latencies, or the base has other features.
  public static func fit(
    _ table: LatencyTable, device: String, sources: [String] = [], base: FittedTablePredictor? = nil,
    origin: (name: String, sha256: String) = ("", ""), seed: UInt64 = 1, versions: [String: String] = [:],
    progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
  ) throws -> FittedTablePredictor {
    let position = try table.position(of: device)
    let known = try sources.enumerated().map { index, name in
      guard name != device, !sources[..<index].contains(name) else {
        throw Diagnostic(
          .usage, "a device is named twice", value: name, rule: "sources differ from the device and from each other")
      }
      var random = RandomSource(seed: seed, purpose: "rows of \(name)")
      let rows = table.measurements(of: try table.position(of: name))
      guard rows.count >= fewest else { throw Self.tooFew(rows.count, name) }
      return rows.count <= mostSourceRows ? rows : Array(random.shuffled(rows).prefix(mostSourceRows))
    }
    let measured = table.measurements(of: position)
    guard measured.count >= fewest else { throw tooFew(measured.count, device) }
    if let base, base.provenance.unit != table.unit {
      throw Diagnostic(
        .unusableFile, "the base predicts in another unit", value: base.provenance.unit,
        rule: "the table is in \(table.unit)")
    }
    try progress(0, 1)
    let table = try base.map { try table.expressed(in: $0.costs.scheme) } ?? table
    let encoding =
      try base.map { try TableEncoding(table, by: $0.costs.scheme.widened(by: table)) } ?? TableEncoding(table)
    let devices = SourceDevices(encoding, known: known, base: base?.costs.coefficients(in: encoding))
    let fit = TableFit(table: table, encoding: encoding, sources: devices, measured: measured, seed: seed)
    let (costs, method, error) = try fit.best(progress)
    let provenance = Provenance(
      device: device, unit: table.unit, table: origin.name, tableSHA256: origin.sha256, sources: sources,
      base: base?.provenance.device, samples: measured.count, method: method, seed: seed, versions: versions)
    return FittedTablePredictor(costs: costs, provenance: provenance, error: error)
  }

  private static func tooFew(_ count: Int, _ device: String) -> Diagnostic {
    Diagnostic(
      .unusableFile, "a device has too few latencies", value: device,
      rule: "at least \(fewest) rows have one, not \(count)", remedy: "measure more architectures")
  }
}

extension TableScheme {
  /// The same with the ranges of numbers that another table has too.
  fileprivate func widened(by table: LatencyTable) -> TableScheme {
    var scheme = self
    for (index, number) in numbers.enumerated() {
      for row in 0..<table.rows {
        let value = table.architecture(row)[table.architecture(row).startIndex + number.feature]
        scheme.numbers[index].least = min(scheme.numbers[index].least, value)
        scheme.numbers[index].greatest = max(scheme.numbers[index].greatest, value)
      }
    }
    return scheme
  }
}
