/// The numbers that meeting in the middle carries along for every departure: its rows, and sums and differences of them.
///
/// What is left unused of the rows, each at its dual, is worth less than the room. That bounds the rows one by one, but their sum
/// just as much, and bounds their differences too; so such combinations tell much sooner what is out of reach.
struct MultipleChoiceLanes {
  /// Numbers that are looked at at once.
  typealias Lanes = SIMD8<Double>

  let rowCount: Int
  /// How many vectors hold the numbers of a departure.
  let width: Int
  /// What a unit of each row is worth.
  private let dual: [Double]
  /// By combination and row: with which sign the row's worth counts.
  private let signs: [[Double]]

  /// The lanes of a node whose rows have these duals.
  init(dual: [Double]) {
    (rowCount, self.dual) = (dual.count, dual)
    width = max(1, (dual.count + Lanes.scalarCount - 1) / Lanes.scalarCount)
    signs = Array(Self.signs(dual.count).prefix(width * Lanes.scalarCount - dual.count))
  }

  /// The sum of all rows, and then combinations in which as many rows count on either side.
  private static func signs(_ rows: Int) -> [[Double]] {
    switch rows {
    case 0, 1: return []
    case 3: return [[1, 1, 1], [1, -1, 0], [1, 0, -1], [0, 1, -1]]
    default:
      // Walsh functions, from which more rows than their period would be missing.
      return (0..<rows.nextPowerOfTwo).map { function in
        (0..<rows).map { (function & $0).nonzeroBitCount.isMultiple(of: 2) ? 1 : -1 }
      }
    }
  }

  /// Sets the numbers of an item from those of its rows.
  func set(_ numbers: inout [Lanes], _ item: Int, row: (Int) -> Double) {
    for index in 0..<rowCount { set(&numbers, item, lane: index, row(index)) }
    for (index, signs) in signs.enumerated() {
      var sum = 0.0
      for row in 0..<rowCount { sum += signs[row] * dual[row] * number(numbers, item, row) }
      set(&numbers, item, lane: rowCount + index, sum)
    }
  }

  private func set(_ numbers: inout [Lanes], _ item: Int, lane: Int, _ number: Double) {
    numbers[item * width + lane / Lanes.scalarCount][lane % Lanes.scalarCount] = number
  }

  /// The number of an item in a lane.
  @inline(__always) func number(_ numbers: [Lanes], _ item: Int, _ lane: Int) -> Double {
    numbers[item * width + lane / Lanes.scalarCount][lane % Lanes.scalarCount]
  }

  /// By lane: the least and the most that a unit of the room leaves unused, and what rounding may do to a number where limits
  /// are 1 and numbers differ by less than `margin`.
  func unused(margin: Double) -> [(least: Double, most: Double, margin: Double)] {
    let rows = dual.map { (least: 0.0, most: 1 / $0, margin: margin) }
    let combined = signs.map { signs in
      (least: min(0, signs.min() ?? 0), most: max(0, signs.max() ?? 0), margin: margin * dual.reduce(0, +))
    }
    let none = (least: 0.0, most: 0.0, margin: margin)
    let rest = width * Lanes.scalarCount - rows.count - combined.count
    return rows + combined + Array(repeating: none, count: rest)
  }
}

extension Int {
  /// The least power of two that is no less.
  fileprivate var nextPowerOfTwo: Int { 1 << (bitWidth - (self - 1).leadingZeroBitCount) }
}
