import Diagnostics
import Foundation

extension LatencyTable {
  /// What stands beside a table: the meaning of its columns.
  private struct Sidecar: Decodable {
    var unit: String?
    var features: [String: String]
    var devices: [String]
  }

  /// Reads a table of comma-separated values and the JSON document beside it.
  ///
  /// The document has the keys `unit`, `features` (a column's name → `categorical` or `ordinal`) and `devices` (columns of
  /// latencies); other columns are ignored. Empty cells of devices are missing values.
  ///
  /// - Parameters:
  ///   - path: The table's file, for messages.
  ///   - sidecarPath: The document's file, for messages.
  /// - Throws: ``Diagnostic`` with the file, the line and the column of what cannot be used.
  public init(csv: Data, path: String, sidecar: Data, sidecarPath: String) throws {
    let meaning: Sidecar
    do { meaning = try JSONDecoder().decode(Sidecar.self, from: sidecar) } catch let error as DecodingError {
      throw error.diagnostic(sidecarPath)
    }
    let text = try CSVText(csv, path: path)
    let reader = Reader(text: text, path: path, sidecarPath: sidecarPath)
    try reader.checkNames(meaning.features.keys.sorted() + meaning.devices)
    var features: [Feature] = []
    var columns: [[Double]] = []
    for (column, name) in text.header.enumerated() {
      switch meaning.features[name] {
      case nil: continue
      case "categorical":
        let (names, positions) = try reader.categories(column)
        features.append(Feature(name: name, kind: .categorical(names)))
        columns.append(positions)
      case "ordinal":
        features.append(Feature(name: name, kind: .ordinal))
        columns.append(try reader.numbers(column, isMissingAllowed: false))
      case .some(let kind):
        throw Diagnostic(
          .unusableFile, "no such kind of feature", at: .init(file: sidecarPath, path: "features.\(name)"), value: kind,
          rule: "features are categorical or ordinal",
          nearest: nearestName(to: kind, among: ["categorical", "ordinal"]))
      }
    }
    let latencies = try meaning.devices.map { try reader.latencies($0) }
    let values = text.records.indices.flatMap { row in columns.map { $0[row] } }
    self.init(
      unit: meaning.unit ?? "ms", features: features, values: values, devices: meaning.devices, latencies: latencies)
  }

  private struct Reader {
    let text: CSVText
    let path: String
    let sidecarPath: String

    func checkNames(_ names: [String]) throws {
      guard !text.records.isEmpty else {
        throw Diagnostic(.unusableFile, "the table has no rows", at: .init(file: path))
      }
      guard names.count > 1 else {
        throw Diagnostic(
          .unusableFile, "the table has no features or no devices", at: .init(file: sidecarPath),
          rule: "features and devices name columns of the table")
      }
      for (position, name) in names.enumerated() {
        guard text.header.count(where: { $0 == name }) == 1 else {
          throw Diagnostic(
            .unusableFile, "the table needs one column of this name", at: .init(file: sidecarPath), value: name,
            rule: "the columns are those of \(path)", nearest: nearestName(to: name, among: text.header))
        }
        guard !names[..<position].contains(name) else {
          throw Diagnostic(.unusableFile, "a column has two meanings", at: .init(file: sidecarPath), value: name)
        }
      }
    }

    func categories(_ column: Int) throws -> (names: [String], positions: [Double]) {
      let names = Set(text.records.map { $0[column] }).sorted()
      let position = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, Double($0)) })
      return (names.map(String.init), text.records.map { position[$0[column]] ?? 0 })
    }

    func numbers(_ column: Int, isMissingAllowed: Bool) throws -> [Double] {
      try text.records.indices.map { row in
        let field = text.records[row][column]
        if field.isEmpty, isMissingAllowed { return .nan }
        guard let number = Double(field), abs(number) < 1e30 else {
          throw unusable("a cell holds no number", row, column, "numbers are finite and below 1e30")
        }
        return number
      }
    }

    func latencies(_ device: String) throws -> [Double] {
      // `checkNames` has found the column.
      guard let column = text.header.firstIndex(of: device) else { return [] }
      let latencies = try numbers(column, isMissingAllowed: true)
      if let row = latencies.firstIndex(where: { $0 <= 0 }) {
        throw unusable("a latency is not positive", row, column, "what was not measured is left empty")
      }
      return latencies
    }

    private func unusable(_ problem: String, _ row: Int, _ column: Int, _ rule: String) -> Diagnostic {
      Diagnostic(
        .unusableFile, problem, at: .init(file: path, path: "row \(row), column \(text.header[column])"),
        value: String(text.records[row][column].prefix(40)), rule: rule)
    }
  }
}
