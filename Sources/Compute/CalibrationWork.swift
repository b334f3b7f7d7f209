import CKernels
import Tensors

/// Two fixed pieces of work whose times tell what a thread gets of the machine at the moment: multiply-adds in registers,
/// and reads from the second-level cache.
///
/// A neighbour on the other half of a physical core takes vector units and cache bandwidth, a neighbour elsewhere takes
/// heat and power. A chain of dependent operations, which leaves most of a core idle, notices neither.
package final class CalibrationWork: Sendable {
  /// 256 KiB: far larger than a first-level cache, and so far inside a second-level one that it should not matter
  /// which physical pages a process was given.
  private static let elements = 1 << 16
  /// Each piece takes about a quarter of a millisecond on a server of 2023.
  private static let (multiplyAddRounds, reads) = (80_000, 80)

  private let isa: ISA
  private let memory: [AlignedBuffer]
  private let sinks: AlignedBuffer

  /// Allocates what the threads of a pool read.
  package init(threads: Int, isa: ISA) {
    self.isa = isa
    memory = (0..<threads).map { _ in AlignedBuffer(count: Self.elements) }
    sinks = AlignedBuffer(count: 16 * threads)
    for buffer in memory { for i in 0..<Self.elements { buffer.pointer[i] = 1 } }
  }

  /// Multiply-adds in registers.
  package func multiplyAdd(thread: Int) {
    _ = qn_probe_multiply_add(isa.code, Self.multiplyAddRounds, sinks.pointer + 16 * thread)
  }

  /// Reads of the cache.
  package func read(thread: Int) {
    for _ in 0..<Self.reads {
      sinks.pointer[16 * thread] += qn_probe_read(isa.code, memory[thread].pointer, Self.elements)
    }
  }
}
