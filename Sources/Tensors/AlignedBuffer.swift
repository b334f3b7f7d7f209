import Foundation

/// Zeroed FP32 memory on a 64-byte boundary, owned by exactly one place and freed with it.
///
/// Plans hand its `pointer` to C. It is `Sendable` as a handle only: who shares it between threads sees to it that
/// no two of them write the same elements.
public final class AlignedBuffer: @unchecked Sendable {
  /// The first element.
  public let pointer: UnsafeMutablePointer<Float>
  /// The number of elements.
  public let count: Int

  /// Allocates `count` zeroed elements.
  public init(count: Int) {
    self.count = count
    var memory: UnsafeMutableRawPointer?
    let bytes = max(64, (count * MemoryLayout<Float>.stride + 63) & ~63)
    guard posix_memalign(&memory, 64, bytes) == 0, let memory else {
      fatalError("the machine refuses \(bytes) bytes of memory")
    }
    memset(memory, 0, bytes)
    pointer = memory.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
  }

  deinit { free(pointer) }
}
