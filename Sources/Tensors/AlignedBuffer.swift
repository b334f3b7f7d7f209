import Foundation

/// Zeroed FP32 memory on a 64-byte boundary, owned by exactly one place and freed with it.
///
/// Large buffers ask the system for huge pages: a pass over megabytes in pages of 4 KiB spends much of its time looking
/// addresses up, above all inside a virtual machine.
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
    let isLarge = bytes >= Self.hugePage
    guard posix_memalign(&memory, isLarge ? Self.hugePage : 64, bytes) == 0, let memory else {
      fatalError("the machine refuses \(bytes) bytes of memory")
    }
    // Only advice: without it, everything works all the same.
    if isLarge { madvise(memory, bytes, MADV_HUGEPAGE) }
    memset(memory, 0, bytes)
    pointer = memory.bindMemory(to: Float.self, capacity: bytes / MemoryLayout<Float>.stride)
  }

  deinit { free(pointer) }

  /// Bytes of a huge page.
  private static let hugePage = 2 << 20
}
