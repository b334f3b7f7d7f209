import Diagnostics

/// The architectures of a table as rows of numbers by a scheme, centred over the table.
package struct TableEncoding: Sendable {
  package let scheme: TableScheme
  /// A row per architecture.
  let matrix: Matrix
  /// The mean over the table of all products of two columns.
  let covariance: Matrix
  /// What the columns of the blocks were centred by, and what those after them were.
  let codedMeans: [Double]
  let otherMeans: [Double]
  /// As in the scheme.
  let offsets: [Int]

  var blocks: [TableScheme.Block] { scheme.blocks }
  /// How many columns stand for numbers.
  var numbers: Int { scheme.numberColumns }

  /// The first columns of a block: its own, and those of its products with the numbers.
  func spans(of block: Int) -> [Int] {
    [offsets[block]] + (0..<numbers).map { offsets[blocks.count + 1 + $0 * blocks.count + block] }
  }

  /// Encodes a table by the scheme that follows from it.
  init(_ table: LatencyTable) {
    let scheme = TableScheme(table)
    var (columns, all) = ([Int](), [[Int]]())
    for row in 0..<table.rows {
      // The scheme has a code for every value of its own table.
      try? scheme.columns(of: table.architecture(row), into: &columns)
      all.append(columns)
    }
    self.init(table, scheme, all)
  }

  /// Encodes a table by another table's scheme.
  ///
  /// - Precondition: both have the same features, as those of ``LatencyTable/expressed(in:)`` are.
  /// - Throws: ``Diagnostic`` that names the first value that the scheme has no code for.
  init(_ table: LatencyTable, by scheme: TableScheme) throws {
    var (columns, all) = ([Int](), [[Int]]())
    for row in 0..<table.rows {
      do { try scheme.columns(of: table.architecture(row), into: &columns) } catch {
        let value = table.architecture(row)[table.architecture(row).startIndex + error.feature]
        throw scheme.unknown(scheme.text(of: value, error.feature), error.feature, row: row, at: .init())
      }
      all.append(columns)
    }
    self.init(table, scheme, all)
  }

  private init(_ table: LatencyTable, _ scheme: TableScheme, _ columns: [[Int]]) {
    let (width, coded, rows) = (scheme.width, scheme.codedWidth, table.rows)
    var counts = [Double](repeating: 0, count: coded)
    for row in columns { for column in row { counts[column] += 1 } }
    let codedMeans = counts.map { $0 / Double(rows) }
    var values = [Double](repeating: 0, count: rows * width)
    var numbers: [Double] = []
    for row in 0..<rows {
      let start = row * width
      for i in 0..<coded { values[start + i] = -codedMeans[i] }
      for column in columns[row] { values[start + column] = 1 - codedMeans[column] }
      scheme.numbers(of: table.architecture(row), into: &numbers)
      for (k, number) in numbers.enumerated() {
        values[start + coded + k] = number
        let product = start + coded + numbers.count + k * coded
        for i in 0..<coded { values[product + i] = values[start + i] * number }
      }
    }
    otherMeans = Self.centre(&values, rows: rows, width: width, from: coded)
    (self.scheme, self.codedMeans, offsets) = (scheme, codedMeans, scheme.offsets)
    matrix = Matrix(rows: rows, columns: width, values)
    covariance = matrix.gram().map { $0 / Double(rows) }
  }

  /// Subtracts their means from the columns from one on, and returns these.
  private static func centre(_ values: inout [Double], rows: Int, width: Int, from first: Int) -> [Double] {
    var means = [Double](repeating: 0, count: width - first)
    guard !means.isEmpty else { return means }
    for row in 0..<rows { for i in means.indices { means[i] += values[row * width + first + i] } }
    for i in means.indices { means[i] /= Double(rows) }
    for row in 0..<rows { for i in means.indices { values[row * width + first + i] -= means[i] } }
    return means
  }
}
