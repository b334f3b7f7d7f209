import MixedInteger

/// The labels of a ``ChainSearch``: beginnings of paths that may lead to something better than the cutoff.
struct ChainLabels {
  /// What led to a label, for all positions.
  private struct Trace {
    var parent: [Int32] = []
    var choice: [Int32] = []
  }

  private let program: ChainProgram
  private let prices: [Double]
  /// What remains at the prices, and of each row alone.
  private let remainders: ChainProgram.Remainders
  private let leasts: [ChainProgram.Remainders]
  private let spent: Double
  private var traces: [Trace] = []
  /// The labels of the present position: class, cost, weights.
  private var members: [Int32] = [0]
  private var costs: [Double] = [0]
  private var weights: [Double]
  /// Of more than two rows, a label is compared with so many others.
  private static let comparisons = 64

  init(
    _ program: ChainProgram, prices: [Double], _ remainders: ChainProgram.Remainders,
    _ leasts: [ChainProgram.Remainders]
  ) {
    (self.program, self.prices, self.remainders, self.leasts) = (program, prices, remainders, leasts)
    spent = zip(prices, program.limits).reduce(0) { $0 + $1.0 * $1.1 }
    weights = [Double](repeating: 0, count: program.rowCount)
  }

  /// Goes through all positions. `nil` where there were too many labels; else why it was stopped, `.some(nil)` at the end.
  mutating func extend(cutoff: Double, most: Int, mustStop: () -> StopReason?) -> StopReason?? {
    for index in program.positions.indices {
      if let reason = mustStop() { return .some(reason) }
      guard step(index, cutoff: cutoff, most: most) else { return nil }
    }
    return .some(nil)
  }

  /// Extends every label by every choice; false where there are too many.
  private mutating func step(_ index: Int, cutoff: Double, most: Int) -> Bool {
    let (position, rows) = (program.positions[index], program.rowCount)
    let count = position.choices.count
    var next = ChainLabels(program, prices: prices, [], [])
    var trace = Trace()
    (next.members, next.costs, next.weights) = ([], [], [])
    var sum = [Double](repeating: 0, count: rows)
    for label in members.indices {
      let row = Int(members[label]) * count
      for choice in 0..<count {
        let joint = Int(position.joints[row + choice])
        guard joint >= 0 else { continue }
        let member = Int(position.classes[row + choice])
        let cost = costs[label] + position.costs[choice] + program.pairCosts[joint]
        var bound = cost + remainders[index][member] - spent
        var fits = bound.isFinite
        for k in 0..<rows {
          sum[k] =
            weights[label * rows + k] + position.weights[choice * rows + k] + program.pairWeights[joint * rows + k]
          bound += prices[k] * sum[k]
          fits = fits && sum[k] + leasts[k][index][member] <= program.limits[k]
        }
        guard fits, bound < cutoff else { continue }
        next.members.append(Int32(member))
        next.costs.append(cost)
        next.weights += sum
        trace.parent.append(Int32(label))
        trace.choice.append(Int32(choice))
      }
      if next.members.count > 8 * most { return false }
    }
    let kept = next.undominated(classCount: position.classCount)
    guard kept.count <= most else { return false }
    members = kept.map { next.members[$0] }
    costs = kept.map { next.costs[$0] }
    weights = kept.flatMap { next.weights[$0 * rows..<($0 + 1) * rows] }
    traces.append(Trace(parent: kept.map { trace.parent[$0] }, choice: kept.map { trace.choice[$0] }))
    return true
  }

  /// The labels that no other one of their class dominates.
  private func undominated(classCount: Int) -> [Int] {
    var byClass = [[Int]](repeating: [], count: classCount)
    for label in members.indices { byClass[Int(members[label])].append(label) }
    let rows = program.rowCount
    return byClass.flatMap { labels -> [Int] in
      let sorted = labels.sorted { a, b in
        if costs[a] != costs[b] { return costs[a] < costs[b] }
        for row in 0..<rows where weights[a * rows + row] != weights[b * rows + row] {
          return weights[a * rows + row] < weights[b * rows + row]
        }
        return a < b
      }
      switch rows {
      case 0: return Array(sorted.prefix(1))
      case 1: return lightest(sorted)
      case 2: return staircase(sorted)
      default: return compared(sorted)
      }
    }
  }

  /// Of labels in order of costs those that are lighter than all before.
  private func lightest(_ sorted: [Int]) -> [Int] {
    var least = Double.infinity
    return sorted.filter { label in
      guard weights[label] < least else { return false }
      least = weights[label]
      return true
    }
  }

  /// The same for two weights: those kept form steps, the second weight falling as the first one rises.
  private func staircase(_ sorted: [Int]) -> [Int] {
    var steps: [(first: Double, second: Double)] = []
    return sorted.filter { label in
      let (first, second) = (weights[2 * label], weights[2 * label + 1])
      var (low, high) = (0, steps.count)
      while low < high {
        let middle = (low + high) / 2
        if steps[middle].first <= first { low = middle + 1 } else { high = middle }
      }
      if low > 0, steps[low - 1].second <= second { return false }
      var end = low
      while end < steps.count, steps[end].second >= second { end += 1 }
      // One of the same first weight is no step any more.
      let begin = low > 0 && steps[low - 1].first == first ? low - 1 : low
      steps.replaceSubrange(begin..<end, with: [(first, second)])
      return true
    }
  }

  /// The same for more weights, beside the last ones kept only: a label too many does no harm.
  private func compared(_ sorted: [Int]) -> [Int] {
    let rows = program.rowCount
    var kept: [Int] = []
    for label in sorted {
      let isDominated = kept.suffix(Self.comparisons).contains { other in
        (0..<rows).allSatisfy { weights[other * rows + $0] <= weights[label * rows + $0] }
      }
      if !isDominated { kept.append(label) }
    }
    return kept
  }

  /// The cheapest whole path, after all positions.
  func bestPath() -> (choices: [Int], cost: Double)? {
    guard let last = costs.indices.min(by: { costs[$0] < costs[$1] }) else { return nil }
    var (choices, label) = ([Int](), last)
    for trace in traces.reversed() {
      choices.append(Int(trace.choice[label]))
      label = Int(trace.parent[label])
    }
    return (choices.reversed(), costs[last])
  }
}
