import Foundation

/// What the columns of a table mean for the scheme.
///
/// Two conventions of names are known. Features `edge_A_B` are the edges of a cell from node A to node B
/// (NAS-Bench-201): operators whose results reach no output are told apart, since some runtimes leave them out.
/// Features `d0`, `d1`, … are the depths of stages (Once-for-All): of a family such as `ks0`, `ks1`, … with as many
/// members as all stages have layers at their deepest, those of absent layers do not count.
extension TableScheme {
  /// An ordinal feature with more values than these, and no other like it, is a number.
  private static let mostChoices = 8

  /// Learns from a table.
  package init(_ table: LatencyTable) {
    let columns = table.features.indices.map { feature in
      (0..<table.rows).map { row in table.architecture(row)[table.architecture(row).startIndex + feature] }
    }
    let layers = StageDepths(table, columns)
    var groups: [(key: Key, features: [Int])] = []
    for feature in table.features.indices {
      let isPresent = layers.layers[feature].map { layer in columns[layer.depth].map { $0 > Double(layer.index) } }
      let key = Key(table.features[feature], columns[feature], isPresent)
      if let place = groups.firstIndex(where: { $0.key == key }) {
        groups[place].features.append(feature)
      } else {
        groups.append((key, [feature]))
      }
    }
    (features, blocks, numbers) = (table.features, [], [])
    for (key, features) in groups {
      if key.categories == nil, features.count == 1, key.values.count > Self.mostChoices {
        numbers.append(Number(features[0], columns[features[0]]))
        continue
      }
      let mayBeAbsent = features.contains { layers.layers[$0] != nil }
      let block = Block(
        features: features, values: key.values, layers: mayBeAbsent ? features.map { layers.layers[$0] } : nil)
      blocks.append(block)
      if let none = key.categories?.firstIndex(of: "none"),
        let cell = CellEdges(features.map { table.features[$0].name }, none: none)
      {
        blocks.append(Block(features: features, values: key.values, cell: cell))
      }
    }
  }

  /// What makes features alike: their categories, or the numbers that occur.
  private struct Key: Equatable {
    var categories: [String]?
    let values: [Double]

    init(_ feature: LatencyTable.Feature, _ column: [Double], _ isPresent: [Bool]?) {
      if case .categorical(let names) = feature.kind {
        (categories, values) = (names, names.indices.map { Double($0) })
        return
      }
      let present = isPresent.map { isPresent in column.indices.filter { isPresent[$0] }.map { column[$0] } }
      values = Set(present ?? column).sorted()
    }
  }
}

extension TableScheme.Number {
  fileprivate init(_ feature: Int, _ column: [Double]) {
    let count = Double(column.count)
    let mean = column.reduce(0, +) / count
    let deviation = (column.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count).squareRoot()
    (self.feature, self.mean, self.deviation) = (feature, mean, max(deviation, .leastNormalMagnitude))
    slope = 0
    (least, greatest) = (column.min() ?? 0, column.max() ?? 0)
    let number = column.map { standardised($0).linear }
    slope = number.reduce(0) { $0 + ($1 * $1 - 1) * $1 } / count
  }
}

/// Which features belong to layers that a smaller depth of a stage leaves out.
private struct StageDepths {
  private(set) var layers: [Int: StageLayer] = [:]

  init(_ table: LatencyTable, _ columns: [[Double]]) {
    let place = Dictionary(
      uniqueKeysWithValues: table.features.enumerated().filter { $1.kind == .ordinal }.map { ($1.name, $0) })
    let stages = (0...table.features.count).prefix { place["d\($0)"] != nil }.compactMap { place["d\($0)"] }
    guard let deepest = stages.compactMap({ columns[$0].max() }).max(), deepest >= 1, deepest < 1000 else { return }
    let deepestStage = Int(deepest)
    let families = Set(place.keys.map { String($0.prefix { !$0.isNumber }) }).subtracting(["d"])
    for family in families {
      let members = (0...table.features.count).prefix { place["\(family)\($0)"] != nil }
        .compactMap { place["\(family)\($0)"] }
      guard members.count == stages.count * deepestStage else { continue }
      for (layer, feature) in members.enumerated() {
        layers[feature] = StageLayer(depth: stages[layer / deepestStage], index: layer % deepestStage)
      }
    }
  }
}
