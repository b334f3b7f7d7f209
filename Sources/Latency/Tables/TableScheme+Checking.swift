extension TableScheme {
  /// More features, values of one, or columns than a table has.
  private static let (mostFeatures, mostColumns) = (10_000, 1_000_000)

  /// Checks what a file says of a scheme.
  ///
  /// - Parameter require: Throws where a rule does not hold, with the place and the rule.
  func check(_ require: (Bool, String, String) throws -> Void) throws {
    try require((1...Self.mostFeatures).contains(features.count), "features", "there are 1 to \(Self.mostFeatures)")
    try require(Set(features.map(\.name)).count == features.count, "features", "names are different")
    for feature in features {
      if case .categorical(let names) = feature.kind {
        try require(
          !names.isEmpty && Set(names).count == names.count, "features.\(feature.name)", "categories are different")
      }
    }
    try require(blocks.count + numbers.count <= 2 * features.count, "encoding", "a feature stands in one block")
    for (index, block) in blocks.enumerated() { try check(block, index, require) }
    for (index, number) in numbers.enumerated() {
      let parts = [number.mean, number.slope, number.least, number.greatest]
      try require(
        features.indices.contains(number.feature) && parts.allSatisfy { abs($0) < 1e30 } && number.deviation > 1e-30
          && number.deviation < 1e30 && number.least <= number.greatest, "encoding.numbers[\(index)]",
        "it names a feature, and its numbers are finite")
    }
    // Widths are at most 20,000 · 10,000 · 10,000, so that no product overflows.
    let columns = Double(codedWidth) * Double(1 + numberColumns)
    try require(columns <= Double(Self.mostColumns), "encoding", "it has at most \(Self.mostColumns) columns")
  }

  private func check(_ block: Block, _ index: Int, _ require: (Bool, String, String) throws -> Void) throws {
    let place = "encoding.blocks[\(index)]"
    try require(
      !block.features.isEmpty && block.features.count <= features.count
        && block.features.allSatisfy(features.indices.contains), place, "it names features by their positions")
    try require(
      (1...Self.mostFeatures).contains(block.values.count) && Set(block.values).count == block.values.count, place,
      "its values are different")
    for feature in block.features {
      if case .categorical(let names) = features[feature].kind {
        try require(
          block.values == names.indices.map { Double($0) }, place, "values are the positions of categories")
      }
    }
    if let layers = block.layers {
      let isKnown = layers.allSatisfy { $0.map { features.indices.contains($0.depth) } ?? true }
      try require(
        layers.count == block.positions && isKnown, place, "every position has a layer or null, with a depth's feature")
    }
    if let cell = block.cell {
      let before = index > 0 ? blocks[index - 1] : nil
      try require(
        before?.features == block.features && before?.values == block.values && before?.layers == nil
          && before?.cell == nil && block.layers == nil, place, "a derived block follows its own")
      try require(
        cell.from.count == block.positions && cell.to.count == block.positions
          && zip(cell.from, cell.to).allSatisfy { 0 <= $0 && $0 < $1 && $1 <= block.positions }
          && block.values.indices.contains(cell.none), place, "its edges lead from nodes to later ones")
    }
  }
}
