import Foundation

/// Zeroed memory on a 64-byte boundary, of FP32 numbers for the most part, owned by exactly one place and freed with it.
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

  /// Allocates at least `byteCount` zeroed bytes, for elements of other types.
  public convenience init(byteCount: Int) {
    let size = MemoryLayout<Float>.stride
    self.init(count: (byteCount + size - 1) / size)
  }

  /// The first byte.
  public var bytes: UnsafeMutableRawPointer { UnsafeMutableRawPointer(pointer) }

  deinit { free(pointer) }

  /// Bytes of a huge page.
  private static let hugePage = 2 << 20
}
