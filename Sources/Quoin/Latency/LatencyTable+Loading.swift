import Datasets
import Diagnostics
import Foundation
import Latency

extension LatencyTable {
  /// The largest table, and the largest document beside it, that is read.
  private static let limit = 256 << 20

  /// Reads `table.csv` or `table.csv.gz` and the document `table.json` beside it.
  ///
  /// - Throws: ``Diagnostic`` that names the file, the place in it and the rule.
  public static func load(_ path: String) throws -> LatencyTable {
    let stem = [".csv.gz", ".csv"].first(where: path.hasSuffix).map { String(path.dropLast($0.count)) }
    guard let stem else {
      throw Diagnostic(
        .usage, "not the name of a table", value: path,
        rule: "tables are comma-separated values: NAME.csv or NAME.csv.gz")
    }
    let data = try readFile(path, limit: limit)
    let text = Gzip.isCompressed(data) ? try Gzip.unpack(data, path: path, limit: limit) : data
    let sidecarPath = stem + ".json"
    return try LatencyTable(
      csv: text, path: path, sidecar: readFile(sidecarPath, limit: limit), sidecarPath: sidecarPath)
  }
}
