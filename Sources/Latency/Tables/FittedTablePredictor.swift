import Diagnostics
import Foundation

/// Predicts the latency of architectures on one device from the values of their decisions alone.
///
///     let predictor = try FittedTablePredictor.fit(table, device: "pixel3", sources: ["raspi4", "fpga", "eyeriss"])
///     try predictor.save(to: "predictors/pixel3")
///     let answer = try predictor.predict(csv: text, path: "new.csv")
///
/// The prediction is a sum of costs, one per value of a decision. `docs/TRANSFER.md` describes how they are found and
/// the file.
public struct FittedTablePredictor: Hashable, Sendable {
  /// Where a predictor comes from.
  public struct Provenance: Hashable, Sendable, Codable {
    /// The device's name.
    public var device: String
    /// What the latencies are measured in, such as `ms`.
    public var unit: String
    /// The file name of the table.
    public var table: String
    /// Of the table's file as it is stored.
    public var tableSHA256: String
    /// Devices of the table that were known well.
    public var sources: [String]
    /// The device of an earlier predictor that was the starting point.
    public var base: String?
    /// How many measurements of the device there were.
    public var samples: Int
    /// How the costs were found.
    public var method: TableFitMethod
    /// Of everything random.
    public var seed: UInt64
    /// Of the program.
    public var versions: [String: String]

    enum CodingKeys: String, CodingKey {
      case device, unit, table, sources, base, samples, method, seed, versions
      case tableSHA256 = "table_sha256"
    }
  }

  let costs: TableCosts
  /// Where it comes from.
  public let provenance: Provenance
  /// How well measurements were predicted by fits without them.
  public let error: ErrorReport

  /// The decisions, in the order of an architecture's values.
  public var features: [LatencyTable.Feature] { costs.scheme.features }

  /// Predicts an architecture of a table with the same features.
  ///
  /// - Throws: ``Diagnostic`` where a value is none that the predictor was fitted on.
  public func predict(_ table: LatencyTable, row: Int) throws -> LatencyPrediction {
    precondition(table.features == features, "the table has the predictor's features")
    var room = TableCosts.Workspace()
    return try predict(table.architecture(row), row: row, at: .init(), &room)
  }

  func predict(
    _ architecture: ArraySlice<Double>, row: Int, at place: Diagnostic.Place, _ room: inout TableCosts.Workspace
  ) throws -> LatencyPrediction {
    do { return try costs.predict(architecture, &room) } catch {
      let value = architecture[architecture.startIndex + error.feature]
      throw costs.scheme.unknown(costs.scheme.text(of: value, error.feature), error.feature, row: row, at: place)
    }
  }
}

/// How the costs of a predictor were found.
public enum TableFitMethod: String, Hashable, Sendable, Codable {
  /// A Gaussian process whose prior comes from the source devices.
  case transfer
  /// Robust ridge regression.
  case ridge
}
