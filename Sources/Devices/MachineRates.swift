import Compute
import Foundation
import Tensors

/// What the machine reaches with a number of threads: arithmetic by the BLAS library, memory by large copies.
public struct MachineRates: Hashable, Sendable, Codable {
  /// The number of threads.
  public var threads: Int
  /// 10⁹ floating-point operations per second of a large FP32 matrix product.
  public var gigaflops: Double
  /// 10⁹ bytes per second, read and written, of copies larger than the caches.
  public var gigabytesPerSecond: Double

  enum CodingKeys: String, CodingKey {
    case threads, gigaflops
    case gigabytesPerSecond = "gigabytes_per_second"
  }

  /// Creates rates.
  public init(threads: Int, gigaflops: Double, gigabytesPerSecond: Double) {
    self.threads = threads
    self.gigaflops = gigaflops
    self.gigabytesPerSecond = gigabytesPerSecond
  }

  /// Measures the best of a few repetitions; takes some tenths of a second.
  ///
  /// - Throws: ``Diagnostic`` where the BLAS library is missing.
  public static func measured(threads: Int) throws -> MachineRates {
    try BLAS.load()
    return try onPinnedThread {
      let pool = ThreadPool(threads: threads, pinned: true)
      return MachineRates(threads: threads, gigaflops: peak(pool), gigabytesPerSecond: bandwidth(pool))
    }
  }

  /// Every thread multiplies matrices of its own.
  private static func peak(_ pool: ThreadPool) -> Double {
    let side = 768
    let matrices = (0..<3 * pool.threads).map { _ in AlignedBuffer(count: side * side) }
    let milliseconds = fastest {
      pool.run(pool.threads) { thread in
        BLAS.gemm(
          transposeA: false, transposeB: false, m: side, n: side, k: side, alpha: 1,
          a: matrices[3 * thread].pointer, lda: side, b: matrices[3 * thread + 1].pointer, ldb: side, beta: 0,
          c: matrices[3 * thread + 2].pointer, ldc: side)
      }
    }
    return 2 * Double(pool.threads * side * side * side) / milliseconds / 1e6
  }

  /// Every thread copies memory of its own.
  private static func bandwidth(_ pool: ThreadPool) -> Double {
    let count = 16 << 20
    let buffers = (0..<2 * pool.threads).map { _ in AlignedBuffer(count: count) }
    let bytes = count * MemoryLayout<Float>.stride
    let milliseconds = fastest {
      pool.run(pool.threads) { thread in
        memcpy(buffers[2 * thread].pointer, buffers[2 * thread + 1].pointer, bytes)
      }
    }
    return 2 * Double(pool.threads * bytes) / milliseconds / 1e6
  }

  private static func fastest(_ body: () -> Void) -> Double {
    body()
    return (0..<7).map { _ in Clock.milliseconds(body) }.min() ?? .infinity
  }
}
