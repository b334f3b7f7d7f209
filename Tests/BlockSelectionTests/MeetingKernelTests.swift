import BlockSelection
import CKernels
import Testing

/// The kernels that meet in the middle, each beside all pairs of selections.
@Suite struct MeetingKernelTests {
  @Test("every pair that fits is found, and no other", arguments: 0..<24 as Range<UInt64>)
  func pairs(seed: UInt64) {
    let instance = MeetingInstance(seed: seed)
    let expected = instance.pairsThatFit()
    #expect(!expected.isEmpty)
    for kernel in MeetingInstance.kernels {
      let found = instance.pairs(kernel)
      #expect(found?.sorted() == expected.sorted(), "\(String(cString: kernel.name))")
    }
  }

  @Test("where the room shrinks with every pair, the last one found is the cheapest", arguments: 0..<8 as Range<UInt64>)
  func cheapest(seed: UInt64) {
    let instance = MeetingInstance(seed: seed)
    let expected = instance.pairsThatFit().map { instance.cost(of: $0) }.min()
    for kernel in MeetingInstance.kernels {
      let last = instance.pairs(kernel, shrinking: true)?.last.map { instance.cost(of: $0) }
      #expect(last == expected, "\(String(cString: kernel.name))")
    }
  }

  @Test("a kernel stops where it is told to, or where its memory ends") func stops() {
    let instance = MeetingInstance(seed: 5)
    for kernel in MeetingInstance.kernels {
      #expect(instance.pairs(kernel, work: 10) == nil)
      #expect(instance.pairs(kernel, capacity: 12) == nil)
    }
  }

  @Test("bounds in FP32 are bounds") func bounds() {
    for number in [0, 1, -1, 0.1, -1e-40, 3e38, -3e38, 1e300, -1e300, .infinity, -.infinity, 1.0 / 3] as [Double] {
      #expect(Double(qn_f64_below(number, 1)) <= number && Double(qn_f64_above(number, 1)) >= number)
    }
    #expect(qn_f64_below(.nan, 1) == -.infinity && qn_f64_above(.nan, 1) == .infinity)
    #expect(abs(qn_f64_below(2, 1) - 2) < 1e-5)
  }
}

/// Departures of a half and selections that are looked up, drawn at random; everything is within reach.
struct MeetingInstance {
  /// A selection that is gone through, by its departures, and one that is looked up.
  struct Pair: Comparable {
    var departures: [Int32]
    var slot: Int
    static func < (one: Pair, other: Pair) -> Bool {
      (one.slot, one.departures.count) != (other.slot, other.departures.count)
        ? (one.slot, one.departures.count) < (other.slot, other.departures.count)
        : one.departures.lexicographicallyPrecedes(other.departures)
    }
  }

  static var kernels: UnsafeBufferPointer<qn_f64_meeting_kernel> {
    var kernels: UnsafePointer<qn_f64_meeting_kernel>?
    let count = Int(qn_f64_meeting_kernels(&kernels))
    return UnsafeBufferPointer(start: kernels, count: count)
  }

  private static let groupCount = 6
  private static let room = 1.0
  private static let least = 0.2
  private static let cells = 4

  private let rows: Int
  private let lanes: Int
  private var cost: [Double] = []
  private var group: [Int32] = []
  private var weight: [[Double]] = []
  private let limit: [Double]
  private let dual: [Double]
  private var keptCost: [Double] = []
  private var keptWeight: [[Double]] = []

  init(seed: UInt64) {
    var random = SplitMix64(seed: seed)
    rows = 1 + random.below(10)
    lanes = rows <= 8 ? 8 : 16
    limit = (0..<rows).map { _ in 0.5 * random.uniform() }
    dual = (0..<rows).map { _ in 0.5 * random.uniform() }
    cost = (0..<24).map { _ in 0.05 + 0.5 * random.uniform() }.sorted()
    for _ in cost {
      group.append(Int32(random.below(Self.groupCount)))
      weight.append((0..<rows).map { _ in 0.6 * random.uniform() - 0.3 })
    }
    for _ in 0..<(30 + random.below(100)) {
      keptCost.append(0.3 * random.uniform())
      keptWeight.append((0..<rows).map { _ in 0.6 * random.uniform() - 0.4 })
    }
    // Slots stand in the order of their cells.
    let order = keptCost.indices.sorted { cell(keptWeight[$0]) < cell(keptWeight[$1]) }
    (keptCost, keptWeight) = (order.map { keptCost[$0] }, order.map { keptWeight[$0] })
  }

  /// The cell of a row's number, and of a selection.
  private func cell(of number: Double) -> Int { Int((number + 0.4) / 0.6 * Double(Self.cells)) }

  private func cell(_ weight: [Double]) -> Int {
    (0..<3).reduce(0) { $0 * Self.cells + ($1 < rows ? cell(of: weight[$1]) : 0) }
  }

  /// What a pair costs: its own cost and what it leaves unused; infinite where it does not fit.
  func cost(of pair: Pair) -> Double {
    var sum = pair.departures.reduce(0) { $0 + cost[Int($1)] } + keptCost[pair.slot]
    for row in 0..<rows {
      let used = pair.departures.reduce(keptWeight[pair.slot][row]) { $0 + weight[Int($1)][row] }
      if used > limit[row] { return .infinity }
      sum += dual[row] * (limit[row] - used)
    }
    return sum
  }

  /// All of them, by trying every one.
  func pairsThatFit() -> [Pair] {
    var selections: [[Int32]] = [[]]
    for departure in cost.indices {
      selections += selections.filter { taken in
        !taken.contains { group[Int($0)] == group[departure] }
          && taken.reduce(0) { $0 + cost[Int($1)] } + cost[departure] < Self.room
      }.map { $0 + [Int32(departure)] }
    }
    let least = selections.filter { taken in taken.reduce(0) { $0 + cost[Int($1)] } >= Self.least }
    return least.flatMap { taken in keptCost.indices.map { Pair(departures: taken, slot: $0) } }
      .filter { cost(of: $0) < Self.room }
  }

  /// What a kernel finds; `nil` where it stopped.
  func pairs(
    _ kernel: qn_f64_meeting_kernel, shrinking: Bool = false, work: UInt64 = .max, capacity: Int = 10_000
  ) -> [Pair]? {
    final class Found {
      var pairs: [Pair] = []
      var cost: (Pair) -> Double = { _ in 1 }
    }
    let found = Found()
    if shrinking { found.cost = cost(of:) }
    let stride = keptCost.count + 16
    func padded(_ numbers: [Double]) -> [Double] { numbers + [Double](repeating: 0, count: lanes - rows) }
    func byRow<Number>(_ behind: Number, _ number: (Int, Int) -> Number) -> [Number] {
      (0..<rows).flatMap { row in
        keptCost.indices.map { number($0, row) } + [Number](repeating: behind, count: 16)
      }
    }
    let price = keptCost.indices.map { slot in
      qn_f64_below(keptCost[slot] - (0..<rows).reduce(0) { $0 + dual[$1] * keptWeight[slot][$1] }, 1)
    }
    var start = [Int32](repeating: 0, count: Self.cells * Self.cells * Self.cells + 1)
    for weight in keptWeight { start[cell(weight) + 1] += 1 }
    for index in 1..<start.count { start[index] += start[index - 1] }
    let arrays = KernelArrays()
    var meeting = qn_f64_meeting()
    (meeting.rows, meeting.lanes, meeting.count, meeting.parts, meeting.scale) = (rows, lanes, cost.count, 1, 0.5)
    meeting.cost = arrays.hold(cost + [.infinity])
    meeting.weight = arrays.hold(weight.flatMap(padded))
    meeting.group = arrays.hold(group)
    meeting.limit = arrays.hold(padded(limit))
    meeting.least = arrays.hold([Double](repeating: -.infinity, count: (cost.count + 1) * 2 * lanes))
    meeting.most = arrays.hold([Double](repeating: .infinity, count: (cost.count + 1) * 2 * lanes))
    meeting.dual = arrays.hold(dual)
    func axis(_ index: Int) -> qn_f64_meeting_axis {
      // An axis that parts nothing has its numbers in the first cell.
      guard index < rows else { return .init(row: 0, low: 0, scale: 0, cells: Self.cells, reach: 0, most: 0) }
      let scale = Double(Self.cells) / 0.6
      return .init(row: index, low: -0.4, scale: scale, cells: Self.cells, reach: scale / dual[index], most: .infinity)
    }
    meeting.axes = (axis(0), axis(1), axis(2))
    meeting.start = arrays.hold(start)
    meeting.kept_cost = arrays.hold(keptCost)
    meeting.kept_weight = arrays.hold(byRow(0) { keptWeight[$0][$1] })
    meeting.kept_price = arrays.hold(price + [Float](repeating: .infinity, count: 16))
    meeting.kept_load = arrays.hold(byRow(Float.infinity) { qn_f64_below(keptWeight[$0][$1], 1) })
    (meeting.stride, meeting.unit, meeting.from) = (stride, 1, Self.least)
    let depths = Self.groupCount + 1
    var memory = qn_f64_meeting_memory()
    (memory.depths, memory.capacity) = (depths, capacity)
    memory.sum = arrays.hold([Double](repeating: 0, count: depths))
    memory.remaining = arrays.hold([Double](repeating: 0, count: (depths + 1) * lanes))
    memory.load = arrays.hold([Float](repeating: 0, count: rows))
    memory.next = arrays.hold([Int](repeating: 0, count: depths))
    memory.end = arrays.hold([Int](repeating: 0, count: depths))
    memory.path = arrays.hold([Int32](repeating: 0, count: depths))
    memory.child = arrays.hold([Int32](repeating: 0, count: capacity))
    memory.taken = arrays.hold([UInt8](repeating: 0, count: Self.groupCount))
    var progress = qn_f64_meeting_progress(
      room: Self.room, work: 0, next_look: work, look: { _, _ in 0 },
      found: { context, departures, depth, slot in
        guard let context else { return 0 }
        let found = Unmanaged<Found>.fromOpaque(context).takeUnretainedValue()
        let pair = Pair(departures: Array(UnsafeBufferPointer(start: departures, count: depth)), slot: slot)
        found.pairs.append(pair)
        return found.cost(pair)
      }, context: Unmanaged.passUnretained(found).toOpaque())
    let isDone = withExtendedLifetime((found, arrays)) { kernel.function(&meeting, &progress, &memory) }
    return isDone == 1 ? found.pairs : nil
  }
}

/// Arrays that C reads and writes, until this is gone.
private final class KernelArrays {
  private var blocks: [UnsafeMutableRawPointer] = []

  deinit { for block in blocks { block.deallocate() } }

  func hold<Value: BitwiseCopyable>(_ values: [Value]) -> UnsafeMutablePointer<Value> {
    let block = UnsafeMutableRawPointer.allocate(
      byteCount: max(1, values.count) * MemoryLayout<Value>.stride, alignment: 64)
    blocks.append(block)
    let pointer = block.bindMemory(to: Value.self, capacity: max(1, values.count))
    pointer.initialize(from: values, count: values.count)
    return pointer
  }

  func hold<Value: BitwiseCopyable>(_ values: [Value]) -> UnsafePointer<Value> {
    let pointer: UnsafeMutablePointer<Value> = hold(values)
    return UnsafePointer(pointer)
  }
}
