import Datasets
import Diagnostics
import Foundation
import Latency

/// A table of comma-separated values as it lies on the disk, unpacked where it is compressed.
public struct TableFile: Sendable {
  /// Where it was read.
  public var path: String
  /// The values.
  public var text: Data
  /// The SHA-256 of the file as it is stored.
  public var sha256: String

  /// The file's name without its folder.
  public var name: String { URL(fileURLWithPath: path).lastPathComponent }

  /// The largest table, and the largest document beside it, that is read.
  fileprivate static let limit = 256 << 20

  /// Reads a table.
  ///
  /// - Throws: ``Diagnostic`` that names the file where it is missing, too large or damaged.
  public static func read(_ path: String) throws -> TableFile {
    let data = try readFile(path, limit: limit)
    let text = Gzip.isCompressed(data) ? try Gzip.unpack(data, path: path, limit: limit) : data
    return TableFile(path: path, text: text, sha256: Diagnostics.sha256(data))
  }
}

extension LatencyTable {
  /// Reads `table.csv` or `table.csv.gz` and the document `table.json` beside it.
  ///
  /// - Throws: ``Diagnostic`` that names the file, the place in it and the rule.
  public static func load(_ path: String) throws -> LatencyTable { try load(TableFile.read(path)) }

  /// Reads a table's meaning from the document beside its file.
  ///
  /// - Throws: ``Diagnostic`` that names the file, the place in it and the rule.
  public static func load(_ file: TableFile) throws -> LatencyTable {
    let stem = [".csv.gz", ".csv"].first(where: file.path.hasSuffix).map { String(file.path.dropLast($0.count)) }
    guard let stem else {
      throw Diagnostic(
        .usage, "not the name of a table", value: file.path,
        rule: "tables are comma-separated values: NAME.csv or NAME.csv.gz")
    }
    let sidecarPath = stem + ".json"
    return try LatencyTable(
      csv: file.text, path: file.path, sidecar: readFile(sidecarPath, limit: TableFile.limit), sidecarPath: sidecarPath)
  }
}
