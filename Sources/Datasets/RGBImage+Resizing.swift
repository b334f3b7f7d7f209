extension RGBImage {
  /// The picture stretched or shrunk to another size.
  ///
  /// A triangle filter whose width grows with the reduction: bilinear interpolation when enlarging, and an
  /// average over the covered area when shrinking, so that nothing aliases. The aspect ratio is not kept.
  ///
  /// - Precondition: both sizes are positive.
  public func resized(width newWidth: Int, height newHeight: Int) -> RGBImage {
    precondition(newWidth > 0 && newHeight > 0, "a picture of \(newWidth)×\(newHeight) has no pixel")
    guard newWidth != width || newHeight != height else { return self }
    let rows = FilterRow.table(from: width, to: newWidth)
    let columns = FilterRow.table(from: height, to: newHeight)
    let narrowed = narrowed(by: rows)
    return RGBImage(
      width: newWidth, height: newHeight, pixels: Self.shortened(narrowed, width: newWidth, by: columns))
  }

  /// Filters along the rows; floats in between, so that rounding happens once.
  private func narrowed(by table: [FilterRow]) -> [Float] {
    var result = [Float](repeating: 0, count: table.count * height * 3)
    result.withUnsafeMutableBufferPointer { target in
      pixels.withUnsafeBufferPointer { source in
        for row in 0..<height {
          for (column, filter) in table.enumerated() {
            let to = (row * table.count + column) * 3
            for (tap, weight) in filter.weights.enumerated() {
              let from = (row * width + filter.first + tap) * 3
              for channel in 0..<3 { target[to + channel] += weight * Float(source[from + channel]) }
            }
          }
        }
      }
    }
    return result
  }

  /// Filters along the columns and rounds.
  private static func shortened(_ values: [Float], width: Int, by table: [FilterRow]) -> [UInt8] {
    let stride = width * 3
    var sums = [Float](repeating: 0, count: stride)
    var result = [UInt8]()
    result.reserveCapacity(table.count * stride)
    for filter in table {
      for position in 0..<stride { sums[position] = 0 }
      for (tap, weight) in filter.weights.enumerated() {
        let from = (filter.first + tap) * stride
        for position in 0..<stride { sums[position] += weight * values[from + position] }
      }
      for sum in sums { result.append(UInt8(min(max(sum.rounded(), 0), 255))) }
    }
    return result
  }
}

/// The input positions that one output position is made of, and their weights, which add up to one.
private struct FilterRow {
  var first: Int
  var weights: [Float]

  static func table(from oldCount: Int, to newCount: Int) -> [FilterRow] {
    let scale = Double(oldCount) / Double(newCount)
    let reach = max(scale, 1)
    return (0..<newCount).map { position in
      let centre = (Double(position) + 0.5) * scale
      let first = max(0, Int((centre - reach + 0.5).rounded(.down)))
      let end = min(oldCount, Int((centre + reach + 0.5).rounded(.down)))
      let weights = (first..<max(end, first + 1)).map { 1 - abs(Double($0) + 0.5 - centre) / reach }
        .map { max($0, 0) }
      let sum = weights.reduce(0, +)
      return FilterRow(first: first, weights: weights.map { Float($0 / sum) })
    }
  }
}
