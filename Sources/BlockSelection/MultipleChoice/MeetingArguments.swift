import CKernels

/// What the kernel goes through and looks up, in memory that it can read.
final class MeetingArguments {
  private(set) var meeting = qn_f64_meeting()
  private(set) var memory = qn_f64_meeting_memory()
  private var blocks: [UnsafeMutableRawPointer] = []

  /// So many children are listed at a time for each departure.
  private static let childrenPerDeparture = 64
  /// Selections of more departures are given up: only where costs tell nothing apart there are such.
  private static let mostDepartures = 256
  /// The alignment of vectors.
  private static let alignment = 64

  /// The selections of `half` that cost at least `from` are gone through, those of `grid` are looked up.
  ///
  /// - Parameters:
  ///   - limit: what all departures together may weigh, by row.
  ///   - dual: what a unit that is left unused costs, by row.
  ///   - room: that of the grid.
  init(
    _ half: MultipleChoiceHalf, from: Double, _ grid: MultipleChoiceGrid, _ reach: MultipleChoiceReach,
    _ lanes: MultipleChoiceLanes, limit: [Double], dual: [Double], room: Double
  ) {
    var limits = [MultipleChoiceLanes.Lanes](repeating: .zero, count: lanes.width)
    lanes.set(&limits, 0) { limit[$0] }
    let numbers = lanes.width * MultipleChoiceLanes.Lanes.scalarCount
    (meeting.rows, meeting.lanes, meeting.count) = (limit.count, numbers, half.departures.count)
    (meeting.cost, meeting.weight) = (.init(hold(half.reduced)), numbersOf(half.weight))
    (meeting.group, meeting.limit) = (.init(hold(half.group)), numbersOf(limits))
    (meeting.least, meeting.most) = (numbersOf(reach.least), numbersOf(reach.most))
    (meeting.parts, meeting.scale, meeting.dual) = (reach.parts, reach.scale, .init(hold(dual)))
    meeting.axes = (grid.axes[0], grid.axes[1], grid.axes[2])
    (meeting.start, meeting.stride) = (.init(hold(grid.start)), grid.stride)
    (meeting.kept_cost, meeting.kept_weight) = (.init(hold(grid.cost)), .init(hold(grid.weight)))
    (meeting.kept_price, meeting.kept_load) = (.init(hold(grid.price)), .init(hold(grid.load)))
    (meeting.unit, meeting.from) = (room, from)
    let depths = min(half.groupCount, Self.mostDepartures) + 1
    (memory.depths, memory.capacity) = (depths, half.departures.count * Self.childrenPerDeparture)
    memory.sum = hold([Double](repeating: 0, count: depths))
    memory.remaining = hold([Double](repeating: 0, count: (depths + 1) * numbers))
    memory.load = hold([Float](repeating: 0, count: limit.count))
    memory.next = hold([Int](repeating: 0, count: depths))
    memory.end = hold([Int](repeating: 0, count: depths))
    memory.path = hold([Int32](repeating: 0, count: depths))
    memory.child = hold([Int32](repeating: 0, count: memory.capacity))
    memory.taken = hold([UInt8](repeating: 0, count: half.groupCount))
  }

  deinit {
    for block in blocks { block.deallocate() }
  }

  /// Keeps a copy of values until the end.
  private func hold<Value: BitwiseCopyable>(_ values: [Value]) -> UnsafeMutablePointer<Value> {
    let bytes = max(1, values.count) * MemoryLayout<Value>.stride
    let block = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: Self.alignment)
    blocks.append(block)
    let pointer = block.bindMemory(to: Value.self, capacity: max(1, values.count))
    pointer.initialize(from: values, count: values.count)
    return pointer
  }

  private func numbersOf(_ values: [MultipleChoiceLanes.Lanes]) -> UnsafePointer<Double> {
    let numbers = values.count * MultipleChoiceLanes.Lanes.scalarCount
    return UnsafeRawPointer(hold(values)).bindMemory(to: Double.self, capacity: numbers)
  }
}
