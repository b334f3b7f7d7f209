/// The architectures of a table as rows of numbers, one row each, centred over the table.
///
/// Features with the same values form a block, such as the operators of all layers: what is known of one of its positions
/// says something about the others. Values are coded one by one (one-hot); a number with many values, such as a resolution,
/// stands for itself, squared, and multiplied with everything else.
package struct TableEncoding: Sendable {
  /// Positions that choose among the same values.
  package struct Block: Sendable {
    /// The number of positions.
    package let positions: Int
    /// The number of values.
    package let choices: Int
    /// Whether the values follow from those of another block.
    package var isDerived = false
    /// The values, architecture after architecture.
    package let codes: [Int]

    /// A column per position and value.
    var width: Int { positions * choices }

    /// Adds the block's ones to a row.
    func encode(_ row: Int, into place: inout ArraySlice<Double>) {
      for position in 0..<positions {
        place[place.startIndex + position * choices + codes[row * positions + position]] += 1
      }
    }
  }

  let blocks: [Block]
  /// How many columns stand for numbers.
  let numbers: Int
  /// A row per architecture.
  let matrix: Matrix
  /// Where each block begins, then the numbers, then the products of every number with every block.
  let offsets: [Int]
  /// The mean over the table of all products of two columns.
  let covariance: Matrix

  /// The first columns of a block: its own, and those of its products with the numbers.
  func spans(of block: Int) -> [Int] {
    [offsets[block]] + (0..<numbers).map { offsets[blocks.count + 1 + $0 * blocks.count + block] }
  }

  init(_ table: LatencyTable) {
    let features = TableFeatures(table)
    self.init(blocks: features.blocks, numbers: features.numbers, rows: table.rows)
  }

  private init(blocks: [Block], numbers columns: [[Double]], rows: Int) {
    let numbers = columns.flatMap(Self.standardised)
    var offsets = [0]
    for block in blocks { offsets.append(offsets[offsets.count - 1] + block.width) }
    offsets.append(offsets[offsets.count - 1] + numbers.count)
    for _ in numbers { for block in blocks { offsets.append(offsets[offsets.count - 1] + block.width) } }
    let width = offsets[offsets.count - 1]
    var values = [Double](repeating: 0, count: rows * width)
    for row in 0..<rows {
      for (position, block) in blocks.enumerated() {
        let start = row * width + offsets[position]
        block.encode(row, into: &values[start..<start + block.width])
      }
    }
    Self.centre(&values, rows: rows, width: width)
    for row in 0..<rows {
      for (k, number) in numbers.enumerated() {
        values[row * width + offsets[blocks.count] + k] = number[row]
        for (position, block) in blocks.enumerated() {
          let source = row * width + offsets[position]
          let target = row * width + offsets[blocks.count + 1 + k * blocks.count + position]
          for i in 0..<block.width { values[target + i] = values[source + i] * number[row] }
        }
      }
    }
    Self.centre(&values, rows: rows, width: width)
    (self.blocks, self.numbers, self.offsets) = (blocks, numbers.count, offsets)
    matrix = Matrix(rows: rows, columns: width, values)
    covariance = matrix.gram().map { $0 / Double(rows) }
  }

  /// A number with mean 0 and deviation 1, and what its square adds to it.
  private static func standardised(_ column: [Double]) -> [[Double]] {
    let count = Double(column.count)
    let mean = column.reduce(0, +) / count
    let deviation = (column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
    let number = column.map { ($0 - mean) / max(deviation, .leastNormalMagnitude) }
    let slope = number.reduce(0) { $0 + ($1 * $1 - 1) * $1 } / count
    return [number, number.map { $0 * $0 - 1 - slope * $0 }]
  }

  private static func centre(_ values: inout [Double], rows: Int, width: Int) {
    var means = [Double](repeating: 0, count: width)
    for row in 0..<rows { for i in 0..<width { means[i] += values[row * width + i] } }
    for i in 0..<width { means[i] /= Double(rows) }
    for row in 0..<rows { for i in 0..<width { values[row * width + i] -= means[i] } }
  }
}
