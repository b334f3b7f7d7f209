import Networks

/// How the range of a value follows from what was seen of it.
public enum CalibrationMethod: String, Hashable, Sendable, Codable, CaseIterable {
  /// From the least to the greatest number seen: nothing saturates, and outliers coarsen the grid.
  case minmax
  /// Leaves out one number in 10,000 at either end.
  case percentile
  /// The range whose grid has the least mean squared error on the numbers seen.
  case mse
}

/// The distribution of a value's numbers over samples, gathered in two passes: first the range, then a histogram of it.
struct ValueStatistics {
  private(set) var least = Float.infinity
  private(set) var most = -Float.infinity
  private(set) var counts: [Int] = []
  /// Whether a number was no number, or infinite.
  private(set) var hasNonFinite = false

  /// Bins of the histogram: fine enough that an error of a bin is far below one of 256 steps.
  private static let bins = 4096

  /// First pass.
  mutating func widen(_ numbers: UnsafeBufferPointer<Float>) {
    for number in numbers {
      if !number.isFinite { hasNonFinite = true }
      least = min(least, number)
      most = max(most, number)
    }
  }

  /// Second pass.
  mutating func count(_ numbers: UnsafeBufferPointer<Float>) {
    if counts.isEmpty { counts = Array(repeating: 0, count: Self.bins) }
    let scale = most > least ? Float(Self.bins) / (most - least) : 0
    for number in numbers { counts[min(max(Int((number - least) * scale), 0), Self.bins - 1)] += 1 }
  }

  /// The grid by a method.
  func grid(_ method: CalibrationMethod) -> ByteGrid {
    guard least <= most else { return ByteGrid(scale: 1, zero: 0) }
    switch method {
    case .minmax: return ByteGrid(least: least, most: most)
    case .percentile: return ByteGrid(least: quantile(0.0001), most: quantile(0.9999))
    case .mse: return leastErrorGrid
    }
  }

  private func centre(_ bin: Int) -> Float { least + (most - least) * (Float(bin) + 0.5) / Float(Self.bins) }

  private func quantile(_ share: Double) -> Float {
    let wanted = share * Double(counts.reduce(0, +))
    var seen = 0.0
    for (bin, count) in counts.enumerated() {
      seen += Double(count)
      if seen >= wanted { return centre(bin) }
    }
    return most
  }

  /// Tries ranges that are cut at either end, in steps of 2 %, one end after the other.
  private var leastErrorGrid: ByteGrid {
    func error(_ grid: ByteGrid) -> Double {
      counts.enumerated().reduce(0) { sum, bin in
        guard bin.element > 0 else { return sum }
        let number = centre(bin.offset)
        let difference = Double(number - grid.snapped(number))
        return sum + Double(bin.element) * difference * difference
      }
    }
    let shares = stride(from: Float(1), to: 0.2, by: -0.02)
    func best(_ grids: [ByteGrid]) -> ByteGrid {
      grids.map { (error($0), $0) }.min { $0.0 < $1.0 }?.1 ?? ByteGrid(least: least, most: most)
    }
    let upper = best(shares.map { ByteGrid(least: least, most: most * $0) })
    let greatest = upper.number(255)
    return best(shares.map { ByteGrid(least: least * $0, most: greatest) })
  }
}
