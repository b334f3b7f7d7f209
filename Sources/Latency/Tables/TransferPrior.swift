import Foundation

/// What a new device may be like before anything is measured on it: the mean of the source devices, changed by random
/// amounts of several kinds. Each kind is a group of features whose weights have a common variance.
///
/// Which kinds matter differs from table to table: devices of one family are mixtures of the sources, others change the cost
/// of an operator everywhere, or of a layer whatever its operator. So the variances are not fixed but drawn, see
/// ``GroupScales``.
struct TransferPrior: Sendable {
  /// A kind of change.
  enum Kind: Sendable, Hashable {
    /// The same for all architectures.
    case constant
    /// The mean source is scaled.
    case mean
    /// A mixture of the sources' differences from their mean.
    case difference
    /// Every value of a block costs more or less, wherever it stands.
    case choice
    /// … and grows or shrinks along the positions.
    case trend
    /// Every value at every position, correlated over both as the sources are.
    case place
    /// The numbers.
    case number
  }

  /// Features of one kind: the columns of the encoding times a matrix; none for the constant.
  struct Group: Sendable {
    let kind: Kind
    /// The block that the group is about.
    var block: Int?
    var map: Matrix?
  }

  /// How much of the sources' correlations over values and positions is replaced by independence.
  static let shrinkages: [(choices: Double, positions: Double)] = [(0.001, 0.005), (0.05, 0.1), (0.5, 0.5)]
  /// From so many positions on a trend along them is a group.
  private static let fewestTrendPositions = 8

  let encoding: TableEncoding
  let groups: [Group]
  /// The coefficients of the mean source.
  let mean: [Double]

  init(_ sources: SourceDevices) {
    let (encoding, coefficients) = (sources.encoding, sources.coefficients)
    let (width, count) = (coefficients.rows, coefficients.columns)
    let mean = (0..<width).map { row in count == 0 ? 0 : coefficients.row(row).reduce(0, +) / Double(count) }
    var differences = coefficients
    for row in 0..<width {
      for device in 0..<count {
        differences[row, device] = (differences[row, device] - mean[row]) / Double(count).squareRoot()
      }
    }
    var groups = [Group(kind: .constant)]
    if count > 0 {
      groups.append(Group(kind: .mean, map: Matrix(rows: width, columns: 1, mean)))
      groups.append(Group(kind: .difference, map: differences))
    }
    for block in encoding.blocks.indices {
      groups += Self.groups(block, encoding, coefficients).map { kind, map in
        Group(kind: kind, block: block, map: Self.normalised(Self.spread(map, block, encoding), encoding))
      }
    }
    if encoding.numbers > 0 {
      var map = Matrix(rows: width, columns: encoding.numbers)
      for k in 0..<encoding.numbers { map[encoding.offsets[encoding.blocks.count] + k, k] = 1 }
      groups.append(Group(kind: .number, map: Self.normalised(map, encoding)))
    }
    (self.encoding, self.groups, self.mean) = (encoding, groups, mean)
  }

  /// The features of all groups for some architectures.
  func features(_ rows: Matrix) -> [Matrix] {
    groups.map { group in
      group.map.map { rows * $0 } ?? Matrix(rows: rows.rows, columns: 1, Array(repeating: 1, count: rows.rows))
    }
  }

  /// The groups of a block, over its own columns.
  private static func groups(
    _ block: Int, _ encoding: TableEncoding, _ coefficients: Matrix
  ) -> [(kind: Kind, map: Matrix)] {
    let (positions, choices) = (encoding.blocks[block].positions, encoding.blocks[block].choices)
    let ones = Matrix(rows: positions, columns: 1, Array(repeating: 1, count: positions))
    var groups = [(Kind.choice, ones.kronecker(.identity(choices)))]
    if positions >= fewestTrendPositions {
      let middle = Double(positions - 1) / 2
      let deviation = (Double(positions * positions - 1) / 12).squareRoot()
      let line = (0..<positions).map { (Double($0) - middle) / deviation }
      let trends = Matrix(rows: positions, columns: 2, line.flatMap { [$0, $0 * $0 - 1] })
      groups.append((.trend, trends.kronecker(.identity(choices))))
    }
    let (overChoices, overPositions) = correlations(block, encoding, coefficients)
    // What follows from another block is only given room of its own.
    for shrinkage in encoding.blocks[block].isDerived ? shrinkages.suffix(1) : shrinkages[...] {
      let left = shrunk(overPositions, shrinkage.positions).symmetricRoot
      groups.append((.place, left.kronecker(shrunk(overChoices, shrinkage.choices).symmetricRoot)))
    }
    return groups
  }

  private static func shrunk(_ matrix: Matrix, _ amount: Double) -> Matrix {
    matrix.map { (1 - amount) * $0 } + Matrix.identity(matrix.rows).map { amount * $0 }
  }

  /// How the sources' coefficients vary together over the values, and over the positions, of a block.
  private static func correlations(
    _ block: Int, _ encoding: TableEncoding, _ coefficients: Matrix
  ) -> (choices: Matrix, positions: Matrix) {
    let (positions, choices) = (encoding.blocks[block].positions, encoding.blocks[block].choices)
    var overChoices = Matrix(rows: choices, columns: choices)
    var overPositions = Matrix(rows: positions, columns: positions)
    for start in encoding.spans(of: block) {
      for device in 0..<coefficients.columns {
        var table = Matrix(rows: positions, columns: choices)
        for position in 0..<positions {
          let costs = (0..<choices).map { coefficients[start + position * choices + $0, device] }
          let middle = costs.reduce(0, +) / Double(choices)
          for choice in 0..<choices { table[position, choice] = costs[choice] - middle }
        }
        let size = (table.dot(table) / Double(positions * choices) + 1e-12).squareRoot()
        table = table.map { $0 / size }
        overChoices = overChoices + table.gram()
        overPositions = overPositions + table.transposed.gram()
      }
    }
    return (withUnitDiagonal(overChoices), withUnitDiagonal(overPositions))
  }

  /// Scaled so that the diagonal's mean is 1; independence where there is nothing.
  private static func withUnitDiagonal(_ matrix: Matrix) -> Matrix {
    let trace = (0..<matrix.rows).reduce(0) { $0 + matrix[$1, $1] }
    return trace > 0 ? matrix.map { $0 * Double(matrix.rows) / trace } : .identity(matrix.rows)
  }

  /// A map of a block's columns as one of all columns; the products with numbers get features of their own.
  private static func spread(_ map: Matrix, _ block: Int, _ encoding: TableEncoding) -> Matrix {
    let spans = encoding.spans(of: block)
    var result = Matrix(rows: encoding.matrix.columns, columns: map.columns * spans.count)
    for (part, start) in spans.enumerated() {
      for i in 0..<map.rows { for j in 0..<map.columns { result[start + i, part * map.columns + j] = map[i, j] } }
    }
    return result
  }

  /// Scaled so that weights of variance 1 give a mean variance of 1 over the table.
  private static func normalised(_ map: Matrix, _ encoding: TableEncoding) -> Matrix {
    let scale = (map.dot(encoding.covariance * map) + 1e-12).squareRoot()
    return map.map { $0 / scale }
  }
}
