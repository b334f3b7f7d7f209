/// Places buffers of known lifetimes in one arena.
///
/// The rule is "greedy by size" (Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020):
/// the largest buffer first, each in the tightest gap that its contemporaries leave. It is tried beside placing them in
/// order of time, and the smaller arena wins.
enum MemoryPlanner {
  /// A buffer that is needed during the steps `first ... last`.
  struct Buffer {
    var elements: Int
    var first: Int
    var last: Int

    func overlaps(_ other: Buffer) -> Bool { first <= other.last && other.first <= last }
  }

  /// Offsets in elements, each on a cache line, and the arena's size.
  struct Plan {
    var offsets: [Int]
    var elements: Int
  }

  /// Elements of a cache line.
  static let line = 16

  static func plan(_ buffers: [Buffer]) -> Plan {
    let bySize = buffers.indices.sorted { (-buffers[$0].elements, $0) < (-buffers[$1].elements, $1) }
    let byTime = buffers.indices.sorted { (buffers[$0].first, $0) < (buffers[$1].first, $1) }
    let (a, b) = (place(buffers, in: bySize), place(buffers, in: byTime))
    return a.elements <= b.elements ? a : b
  }

  /// The largest sum of the buffers that are needed at one time: no arena can be smaller.
  static func lowerBound(_ buffers: [Buffer]) -> Int {
    // The sum only rises where a buffer begins.
    buffers.map { start in
      buffers.reduce(0) {
        $0 + ($1.first <= start.first && start.first <= $1.last ? wholeLines($1.elements) : 0)
      }
    }.max() ?? 0
  }

  /// Elements in whole cache lines.
  static func wholeLines(_ elements: Int) -> Int { (elements + line - 1) / line * line }

  private static func place(_ buffers: [Buffer], in order: [Int]) -> Plan {
    var plan = Plan(offsets: Array(repeating: 0, count: buffers.count), elements: 0)
    var placed: [Int] = []  // by offset
    for index in order {
      let size = wholeLines(buffers[index].elements)
      let neighbours = placed.filter { buffers[$0].overlaps(buffers[index]) }
      let spans = neighbours.map {
        (start: plan.offsets[$0], end: plan.offsets[$0] + wholeLines(buffers[$0].elements))
      }
      plan.offsets[index] = tightestGap(spans, size)
      plan.elements = max(plan.elements, plan.offsets[index] + size)
      let position = placed.firstIndex { plan.offsets[$0] > plan.offsets[index] } ?? placed.count
      placed.insert(index, at: position)
    }
    return plan
  }

  /// The start of the smallest gap of at least `size` between `spans`, or the end of the last.
  private static func tightestGap(_ spans: [(start: Int, end: Int)], _ size: Int) -> Int {
    var (end, best, bestGap) = (0, -1, Int.max)
    for span in spans {
      let gap = span.start - end
      if gap >= size, gap < bestGap { (best, bestGap) = (end, gap) }
      end = max(end, span.end)
    }
    return best >= 0 ? best : end
  }
}
