/// The features of a table by what they mean: blocks of positions with the same values, and numbers.
///
/// Two conventions of names are known. Features `edge_A_B` are the edges of a cell from node A to node B (NAS-Bench-201):
/// operators whose results reach no output are told apart, since some runtimes leave them out. Features `d0`, `d1`, … are
/// the depths of stages (Once-for-All): of a family such as `ks0`, `ks1`, … with as many members as all stages have layers
/// at their deepest, those of absent layers do not count.
package struct TableFeatures {
  package private(set) var blocks: [TableEncoding.Block] = []
  package private(set) var numbers: [[Double]] = []

  /// An ordinal feature with more values than these, and no other like it, is a number.
  private static let mostChoices = 8

  package init(_ table: LatencyTable) {
    let columns = table.features.indices.map { feature in
      (0..<table.rows).map { row in table.architecture(row)[table.architecture(row).startIndex + feature] }
    }
    let absences = StageDepths(table, columns)
    var groups: [(key: Key, features: [Int])] = []
    for feature in table.features.indices {
      let key = Key(table.features[feature], columns[feature], absences.isAbsent[feature])
      if let place = groups.firstIndex(where: { $0.key == key }) {
        groups[place].features.append(feature)
      } else {
        groups.append((key, [feature]))
      }
    }
    for (key, features) in groups {
      if key.categories == nil, features.count == 1, key.values.count > Self.mostChoices {
        numbers.append(columns[features[0]])
        continue
      }
      let block = Self.block(key, features, columns, absences)
      blocks.append(block)
      if let edges = CellEdges(features.map { table.features[$0].name }),
        let none = key.categories?.firstIndex(of: "none")
      {
        blocks.append(edges.unused(block, none: none))
      }
    }
  }

  /// What makes features alike: their categories, or the numbers that occur.
  private struct Key: Equatable {
    var categories: [String]?
    let values: [Double]

    init(_ feature: LatencyTable.Feature, _ column: [Double], _ isAbsent: [Bool]?) {
      if case .categorical(let names) = feature.kind {
        (categories, values) = (names, names.indices.map { Double($0) })
        return
      }
      let present = isAbsent.map { absent in column.indices.filter { !absent[$0] }.map { column[$0] } } ?? column
      values = Set(present).sorted()
    }
  }

  private static func block(
    _ key: Key, _ features: [Int], _ columns: [[Double]], _ absences: StageDepths
  ) -> TableEncoding.Block {
    let codes = Dictionary(uniqueKeysWithValues: key.values.enumerated().map { ($1, $0) })
    let mayBeAbsent = features.contains { absences.isAbsent[$0] != nil }
    return TableEncoding.Block(
      positions: features.count, choices: key.values.count + (mayBeAbsent ? 1 : 0),
      codes: columns[0].indices.flatMap { row in
        features.map { feature in
          absences.isAbsent[feature]?[row] == true ? key.values.count : codes[columns[feature][row]] ?? 0
        }
      })
  }
}

/// Depths of stages, and which features belong to layers that a smaller depth leaves out.
private struct StageDepths {
  /// For every feature of a layer that may be absent, in which rows it is.
  private(set) var isAbsent: [Int: [Bool]] = [:]

  init(_ table: LatencyTable, _ columns: [[Double]]) {
    let place = Dictionary(
      uniqueKeysWithValues: table.features.enumerated().filter { $1.kind == .ordinal }.map { ($1.name, $0) })
    let stages = (0...table.features.count).prefix { place["d\($0)"] != nil }.compactMap { place["d\($0)"] }
    guard let deepest = stages.compactMap({ columns[$0].max() }).max(), deepest >= 1, deepest < 1000 else { return }
    let layers = Int(deepest)
    let families = Set(place.keys.map { String($0.prefix { !$0.isNumber }) }).subtracting(["d"])
    for family in families {
      let members = (0...table.features.count).prefix { place["\(family)\($0)"] != nil }
        .compactMap { place["\(family)\($0)"] }
      guard members.count == stages.count * layers else { continue }
      for (layer, feature) in members.enumerated() {
        isAbsent[feature] = columns[stages[layer / layers]].map { $0 <= Double(layer % layers) }
      }
    }
  }
}

/// The edges of a cell, from their names.
private struct CellEdges {
  private let ends: [(from: Int, to: Int)]

  /// - Returns: `nil` where a name is not of the form `edge_A_B` with A before B.
  init?(_ names: [String]) {
    var ends: [(from: Int, to: Int)] = []
    for name in names {
      let parts = name.split(separator: "_")
      guard parts.count == 3, parts[0] == "edge", let from = Int(parts[1]), let to = Int(parts[2]), 0 <= from,
        from < to,
        to <= names.count
      else { return nil }
      ends.append((from, to))
    }
    self.ends = ends
  }

  /// The operators on edges from which no path leads to the last node; elsewhere `none`.
  func unused(_ block: TableEncoding.Block, none: Int) -> TableEncoding.Block {
    let output = ends.map(\.to).max() ?? 0
    let backwards = ends.indices.sorted { ends[$0].from > ends[$1].from }
    var codes = block.codes
    for row in 0..<codes.count / block.positions {
      let start = row * block.positions
      var isRead = (0...output).map { $0 == output }
      for edge in backwards where block.codes[start + edge] != none {
        if isRead[ends[edge].to] { isRead[ends[edge].from] = true }
      }
      for edge in ends.indices where isRead[ends[edge].to] { codes[start + edge] = none }
    }
    return TableEncoding.Block(positions: block.positions, choices: block.choices, isDerived: true, codes: codes)
  }
}
