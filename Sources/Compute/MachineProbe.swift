import CKernels
import Foundation
import Tensors

/// What this machine reaches with a number of threads: the two lines of a roofline (Williams, Waterman and Patterson,
/// 2009) and what a library gets of it.
///
/// Each rate is the best of several repetitions, since other work on the machine only ever lowers it.
public struct MachineProbe: Hashable, Sendable, Codable {
  /// The number of threads.
  public var threads: Int
  /// The instruction-set level of the arithmetic.
  public var isa: ISA
  /// 10⁹ floating-point operations per second of FP32 multiply-adds in registers.
  public var peakGigaflops: Double
  /// 10⁹ operations per second of multiply-adds of bytes in registers, at the highest level of the machine.
  public var peakByteGigaops: Double
  /// 10⁹ bytes per second of reading memory far larger than the caches.
  public var readGigabytesPerSecond: Double
  /// 10⁹ bytes per second, read and written, of a = b + s · c on such memory.
  public var triadGigabytesPerSecond: Double
  /// 10⁹ floating-point operations per second of OpenBLAS on a 1024³ product per thread; `nil` where it is missing.
  public var blasGigaflops: Double?

  /// Measures; takes about a second.
  public static func measured(threads: Int, isa: ISA = .native) -> MachineProbe {
    let pool = ThreadPool(threads: threads)
    let memory = (0..<3).map { _ in AlignedBuffer(count: threads * elementsPerThread) }
    return MachineProbe(
      threads: threads, isa: isa, peakGigaflops: peak(pool) { qn_probe_multiply_add(isa.code, $0, $1) },
      peakByteGigaops: peak(pool) { qn_probe_byte_multiply_add(ISA.nativeInteger.code, $0, $1) },
      readGigabytesPerSecond: readRate(pool, memory, isa), triadGigabytesPerSecond: triadRate(pool, memory),
      blasGigaflops: (try? BLAS.load()).map { blasRate(pool) })
  }

  /// 64 MiB, several times a core's share of the last-level cache.
  private static let elementsPerThread = 16 << 20

  private static func peak(_ pool: ThreadPool, _ work: (Int, UnsafeMutablePointer<Float>) -> Double) -> Double {
    let rounds = 1 << 20
    let sinks = AlignedBuffer(count: 16 * pool.threads)
    let seconds = fastest(7) {
      pool.run(pool.threads) { _ = work(rounds, sinks.pointer + 16 * $0) }
    }
    var sink: Float = 0
    let operations = work(rounds, &sink) * Double(pool.threads)
    return operations / seconds / 1e9
  }

  private static func readRate(_ pool: ThreadPool, _ memory: [AlignedBuffer], _ isa: ISA) -> Double {
    let sums = AlignedBuffer(count: 16 * pool.threads)
    let seconds = fastest(5) {
      pool.run(pool.threads) {
        sums.pointer[16 * $0] = qn_probe_read(isa.code, memory[0].pointer + $0 * elementsPerThread, elementsPerThread)
      }
    }
    return Double(4 * pool.threads * elementsPerThread) / seconds / 1e9
  }

  private static func triadRate(_ pool: ThreadPool, _ memory: [AlignedBuffer]) -> Double {
    let seconds = fastest(5) {
      pool.run(pool.threads) {
        let start = $0 * elementsPerThread
        qn_probe_triad(
          memory[0].pointer + start, memory[1].pointer + start, memory[2].pointer + start, 3,
          elementsPerThread)
      }
    }
    return Double(12 * pool.threads * elementsPerThread) / seconds / 1e9
  }

  private static func blasRate(_ pool: ThreadPool) -> Double {
    let side = 1024
    let matrices = (0..<3 * pool.threads).map { _ in AlignedBuffer(count: side * side) }
    let seconds = fastest(5) {
      pool.run(pool.threads) {
        BLAS.gemm(
          m: side, n: side, k: side, a: matrices[3 * $0].pointer, lda: side, b: matrices[3 * $0 + 1].pointer,
          ldb: side, c: matrices[3 * $0 + 2].pointer, ldc: side)
      }
    }
    return 2 * Double(pool.threads * side * side * side) / seconds / 1e9
  }

  /// Seconds of the fastest repetition, after one that warms up.
  private static func fastest(_ repetitions: Int, _ body: () -> Void) -> Double {
    body()
    return (0..<repetitions).map { _ in MonotonicClock.seconds(body) }.min() ?? .infinity
  }
}
