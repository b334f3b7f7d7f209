/// How the decisions of an architecture become numbers: learned from one table, and the same for every other
/// architecture of these decisions.
///
/// Features with the same values form a block, such as the operators of all layers: what is known of one of its
/// positions says something about the others. A value is coded one by one (one-hot); a number with many values, such as
/// a resolution, stands for itself, squared, and multiplied with everything else.
package struct TableScheme: Hashable, Sendable, Codable {
  /// Positions that choose among the same values.
  package struct Block: Hashable, Sendable, Codable {
    /// The feature at each position.
    package var features: [Int]
    /// The values with the codes 0, 1, …; of categories their positions.
    package var values: [Double]
    /// Per position, where the feature belongs to a layer that may be absent, that layer; then a code more says so.
    package var layers: [StageLayer?]?
    /// Where the codes follow from those of another block.
    package var cell: CellEdges?

    /// The number of positions.
    package var positions: Int { features.count }
    /// The number of codes.
    package var choices: Int { values.count + (layers == nil ? 0 : 1) }
    /// Whether the values follow from those of another block.
    package var isDerived: Bool { cell != nil }
    /// A column per position and value.
    var width: Int { positions * choices }
  }

  /// A number with many values.
  package struct Number: Hashable, Sendable, Codable {
    /// The feature.
    package var feature: Int
    /// Over the table.
    package var mean: Double
    /// Over the table; above 0.
    package var deviation: Double
    /// How much of the square the number itself says.
    package var slope: Double
    /// The least and the greatest value of the table.
    package var least: Double
    package var greatest: Double

    /// With mean 0 and deviation 1 over the table, and what the square adds to it.
    func standardised(_ value: Double) -> (linear: Double, square: Double) {
      let linear = (value - mean) / deviation
      return (linear, linear * linear - 1 - slope * linear)
    }
  }

  /// The decisions, in the order of an architecture's values.
  package internal(set) var features: [LatencyTable.Feature]
  package internal(set) var blocks: [Block]
  package internal(set) var numbers: [Number]

  /// A value that no architecture of the table has, where values are coded one by one.
  package struct UnknownValue: Error {
    let feature: Int
  }

  /// How many columns stand for values at positions.
  var codedWidth: Int { blocks.reduce(0) { $0 + $1.width } }
  /// How many columns stand for numbers.
  var numberColumns: Int { 2 * numbers.count }
  /// Blocks, numbers, and the products of every number with every block.
  var width: Int { codedWidth * (1 + numberColumns) + numberColumns }
  /// Where each block begins, then the numbers, then the products of every number with every block, then the end.
  var offsets: [Int] {
    var offsets = [0]
    for block in blocks { offsets.append(offsets[offsets.count - 1] + block.width) }
    offsets.append(offsets[offsets.count - 1] + numberColumns)
    for _ in 0..<numberColumns { for block in blocks { offsets.append(offsets[offsets.count - 1] + block.width) } }
    return offsets
  }

  /// The columns that are 1 for an architecture, one per position of all blocks; the rest of the blocks' are 0.
  ///
  /// - Parameters:
  ///   - architecture: A value per feature.
  ///   - columns: Takes the columns; its old content is dropped.
  package func columns(of architecture: ArraySlice<Double>, into columns: inout [Int]) throws(UnknownValue) {
    columns.removeAll(keepingCapacity: true)
    let first = architecture.startIndex
    var start = 0
    for block in blocks {
      if let cell = block.cell {
        // The block before it is the one that it follows from.
        cell.appendUnused(block, start: start, to: &columns)
      } else {
        for (position, feature) in block.features.enumerated() {
          let code: Int
          if let layer = block.layers?[position], architecture[first + layer.depth] <= Double(layer.index) {
            code = block.values.count
          } else if let known = block.values.firstIndex(of: architecture[first + feature]) {
            code = known
          } else {
            throw UnknownValue(feature: feature)
          }
          columns.append(start + position * block.choices + code)
        }
      }
      start += block.width
    }
  }

  /// The numbers of an architecture, standardised, each followed by its square.
  func numbers(of architecture: ArraySlice<Double>, into values: inout [Double]) {
    values.removeAll(keepingCapacity: true)
    for number in numbers {
      let (linear, square) = number.standardised(architecture[architecture.startIndex + number.feature])
      values.append(linear)
      values.append(square)
    }
  }
}

/// A layer that is absent where its stage is not deeper than the layer's place in it.
package struct StageLayer: Hashable, Sendable, Codable {
  /// The feature that is the stage's depth.
  package var depth: Int
  /// The layer's place in the stage.
  package var index: Int
}

/// The edges of a cell; operators from which no path leads to the last node are told apart, since some runtimes leave
/// them out.
package struct CellEdges: Hashable, Sendable, Codable {
  /// The nodes where each edge begins, and where it ends.
  package var from: [Int]
  package var to: [Int]
  /// The code of the operator that cuts an edge.
  package var none: Int

  /// - Returns: `nil` where a name is not of the form `edge_A_B` with A before B.
  init?(_ names: [String], none: Int) {
    var ends: [(from: Int, to: Int)] = []
    for name in names {
      let parts = name.split(separator: "_")
      guard parts.count == 3, parts[0] == "edge", let from = Int(parts[1]), let to = Int(parts[2]), 0 <= from,
        from < to, to <= names.count
      else { return nil }
      ends.append((from, to))
    }
    (self.from, self.to, self.none) = (ends.map(\.from), ends.map(\.to), none)
  }

  /// Appends the columns of the derived block: the operators on edges that are not read; elsewhere `none`.
  ///
  /// - Parameters:
  ///   - block: The derived block, which is as large as the one before it.
  ///   - start: Its first column.
  ///   - columns: End with those of the block before it.
  func appendUnused(_ block: TableScheme.Block, start: Int, to columns: inout [Int]) {
    let (first, shift) = (columns.count - from.count, block.choices)
    let source = start - block.width
    func code(_ edge: Int) -> Int { columns[first + edge] - source - edge * shift }
    let output = to.max() ?? 0
    var isRead = (0...output).map { $0 == output }
    for edge in from.indices.sorted(by: { from[$0] > from[$1] }) where code(edge) != none {
      if isRead[to[edge]] { isRead[from[edge]] = true }
    }
    for edge in from.indices {
      columns.append(start + edge * shift + (isRead[to[edge]] ? none : code(edge)))
    }
  }
}
