import Diagnostics
import Foundation

/// Architectures as text, and what is wrong with them.
extension TableScheme {
  /// How a value of a feature is written.
  func text(of value: Double, _ feature: Int) -> String {
    if case .categorical(let names) = features[feature].kind, names.indices.contains(Int(value)) {
      return names[Int(value)]
    }
    return value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
  }

  /// That a value of an architecture has no code.
  func unknown(_ text: String, _ feature: Int, row: Int, at place: Diagnostic.Place) -> Diagnostic {
    let legal = legalValues(of: feature)
    let shown = legal.prefix(20).joined(separator: ", ") + (legal.count > 20 ? ", …" : "")
    var place = place
    place.path = "row \(row), column \(features[feature].name)"
    return Diagnostic(
      .unusableFile, "a value that the predictor was not fitted on", at: place, value: text, rule: "it knows \(shown)",
      nearest: nearestName(to: text, among: legal), remedy: "fit on a table that has this value, or leave the row out")
  }

  private func legalValues(of feature: Int) -> [String] {
    if case .categorical(let names) = features[feature].kind { return names }
    return blocks.first { $0.features.contains(feature) }?.values.map { text(of: $0, feature) } ?? []
  }

  /// Reads the values of architectures from the fields of records.
  struct Reader {
    private let scheme: TableScheme
    private let path: String
    /// The column of each feature.
    private let columns: [Int]
    /// Of categorical features, the positions of the names.
    private let codes: [[Substring: Double]?]

    /// - Throws: ``Diagnostic`` where a feature has no column, or several.
    init(_ scheme: TableScheme, header: [String], path: String) throws {
      (self.scheme, self.path) = (scheme, path)
      columns = try scheme.features.map { feature in
        let found = header.indices.filter { header[$0] == feature.name }
        guard found.count == 1 else {
          throw Diagnostic(
            .unusableFile, found.isEmpty ? "a feature of the predictor has no column" : "a column is named twice",
            at: .init(file: path, line: 1), value: feature.name, rule: "the header names every feature once",
            nearest: found.isEmpty ? nearestName(to: feature.name, among: header) : nil)
        }
        return found[0]
      }
      codes = scheme.features.map { feature in
        guard case .categorical(let names) = feature.kind else { return nil }
        return Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1[...], Double($0)) })
      }
    }

    /// The fields of the features.
    func fields(_ record: [Substring]) -> some Sequence<Substring> { columns.lazy.map { record[$0] } }

    /// The values of a record.
    ///
    /// - Throws: ``Diagnostic`` that names the row, the column and the value that is no number or of no known category.
    func values(_ record: [Substring], row: Int, line: Int) throws -> [Double] {
      try columns.indices.map { feature in
        let field = record[columns[feature]]
        if let codes = codes[feature] {
          guard let code = codes[field] else {
            throw scheme.unknown(String(field), feature, row: row, at: .init(file: path, line: line))
          }
          return code
        }
        // Squares of sums of squares of numbers stay finite.
        guard let number = Double(field), abs(number) < 1e30 else {
          throw Diagnostic(
            .unusableFile, "a cell holds no number",
            at: .init(file: path, line: line, path: "row \(row), column \(scheme.features[feature].name)"),
            value: String(field), rule: "numbers are finite and below 1e30")
        }
        return number
      }
    }
  }
}
