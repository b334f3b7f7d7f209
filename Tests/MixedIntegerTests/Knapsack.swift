import MixedInteger

/// A random knapsack with two rows, one of which also has a lower bound.
struct Knapsack {
  var program = IntegerProgram()
  private var values: [Double] = []
  private var weights: [[Double]] = [[], []]
  private let capacity: Double
  private let range: ClosedRange<Double>

  init(seed: UInt64, items: Int) {
    var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    // xorshift64; the tests need no better numbers.
    func next() -> Double {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Double(state >> 11) * 0x1p-53
    }
    capacity = 0.2 * Double(items) * (0.5 + next())
    let lower = 0.25 * Double(items) * next()
    range = lower...(lower + 0.3)
    var objective = LinearExpression()
    var rows = [LinearExpression(), LinearExpression()]
    for item in 0..<items {
      let variable = program.addBinary("item\(item)")
      values.append(next())
      objective.add(values[item], variable)
      for row in 0..<2 {
        weights[row].append(next())
        rows[row].add(weights[row][item], variable)
      }
    }
    program.add(rows[0].atMost(capacity))
    program.add(LinearConstraint(rows[1], lower: range.lowerBound, upper: range.upperBound))
    program.setObjective(.maximize, objective)
  }

  /// The best value by enumeration.
  func best() -> Double? {
    var best: Double?
    for bits in 0..<(1 << values.count) {
      let taken = values.indices.filter { bits >> $0 & 1 == 1 }
      let load = (0..<2).map { row in taken.reduce(0) { $0 + weights[row][$1] } }
      guard load[0] <= capacity, range.contains(load[1]) else { continue }
      best = max(best ?? -.infinity, taken.reduce(0) { $0 + values[$1] })
    }
    return best
  }
}
