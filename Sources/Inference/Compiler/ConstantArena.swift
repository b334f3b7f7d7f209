import Tensors

/// Packed weights and tables, side by side in a few large buffers, so that they lie on few pages.
struct ConstantArena {
  /// The elements that were kept.
  private(set) var count = 0
  private var buffers: [AlignedBuffer] = []
  /// Elements of the last buffer that are taken.
  private var used = 0
  private let chunk: Int

  /// - Parameter elements: An estimate of all that will be kept; packing pads a little.
  init(expecting elements: Int) { chunk = elements + elements / 8 }

  /// Copies constants to a cache line of their own, where they stay as long as the arena.
  mutating func keep(_ values: UnsafePointer<Float>?, count: Int) -> UnsafePointer<Float> {
    let start = reserve(count)
    if let values { start.update(from: values, count: count) }
    return UnsafePointer(start)
  }

  /// Zeroed memory that stays as long as the arena.
  mutating func reserve(_ count: Int) -> UnsafeMutablePointer<Float> {
    if buffers.isEmpty || used + count > buffers[buffers.count - 1].count {
      // What would not fit into what is left of an estimate gets a buffer of its own.
      buffers.append(AlignedBuffer(count: max(count, buffers.isEmpty ? chunk : chunk / 8)))
      used = 0
    }
    let start = buffers[buffers.count - 1].pointer + used
    used += MemoryPlanner.wholeLines(count)
    self.count += count
    return start
  }
}
