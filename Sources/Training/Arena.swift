import Foundation

/// Large, uninitialised FP32 memory, freed with its owner.
///
/// It asks the system for large pages: passes over hundreds of megabytes otherwise spend much of their time on address
/// translation, above all in virtual machines.
final class Arena {
  let pointer: UnsafeMutablePointer<Float>
  let count: Int

  private static let largePage = 2 << 20

  init(count: Int) {
    let bytes = max(64, count * MemoryLayout<Float>.stride)
    let isLarge = bytes >= Self.largePage
    let alignment = isLarge ? Self.largePage : 64
    let rounded = (bytes + alignment - 1) / alignment * alignment
    var memory: UnsafeMutableRawPointer?
    guard posix_memalign(&memory, alignment, rounded) == 0, let memory else {
      fatalError("the machine refuses \(rounded) bytes of memory")
    }
    // Advice may be refused; then pages are small.
    if isLarge { _ = madvise(memory, rounded, Int32(MADV_HUGEPAGE)) }
    self.count = rounded / MemoryLayout<Float>.stride
    pointer = memory.bindMemory(to: Float.self, capacity: self.count)
  }

  deinit { free(pointer) }
}
