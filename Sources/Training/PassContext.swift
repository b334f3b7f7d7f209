import CKernels
import Compute
import Synchronization
import Tensors

/// What a thread works with: a chunk of the batch and scratch memory of its own.
struct Lane {
  let kernels: qn_f32_training_kernels
  /// The chunk's number; sums over pixels are kept per chunk and joined in order, so that results do not depend on which
  /// thread did what.
  let chunk: Int
  let images: Range<Int>
  let scratch: UnsafeMutablePointer<Float>
}

/// What the steps of a plan share while a pass runs.
///
/// The batch is cut into chunks of whole images. Threads claim chunks; sums are per chunk. The number of chunks depends on
/// the number of threads only beyond four threads.
///
/// `@unchecked Sendable`: the pool's threads only read it; scratch memory is per worker.
final class PassContext: @unchecked Sendable {
  let kernels: qn_f32_training_kernels
  let pool: ThreadPool
  let chunks: [Range<Int>]
  private let claimed = Atomic<Int>(0)
  private var scratch: UnsafeMutablePointer<Float>
  private var scratchStride = 0

  /// Whether batch norms use the batch's own statistics.
  var measures = true

  init(pool: ThreadPool, batch: Int, isa: ISA) {
    kernels = qn_f32_training(isa.code).pointee
    self.pool = pool
    let count = Self.chunkCount(batch: batch, threads: pool.threads)
    chunks = (0..<count).map { batch * $0 / count..<batch * ($0 + 1) / count }
    scratch = UnsafeMutablePointer(bitPattern: 64).unsafelyUnwrapped
  }

  static func chunkCount(batch: Int, threads: Int) -> Int { min(batch, max(8, 2 * threads)) }

  func setScratch(_ memory: UnsafeMutablePointer<Float>, stride: Int) {
    (scratch, scratchStride) = (memory, stride)
  }

  /// Runs `body` for every chunk on the pool.
  func forEachChunk(_ body: (Lane) -> Void) {
    claimed.store(0, ordering: .relaxed)
    pool.run(min(pool.threads, chunks.count)) { worker in
      while true {
        let chunk = claimed.add(1, ordering: .relaxed).oldValue
        guard chunk < chunks.count else { return }
        body(
          Lane(
            kernels: kernels, chunk: chunk, images: chunks[chunk], scratch: scratch + worker * scratchStride))
      }
    }
  }

  /// Rows of `pixels` per image in each chunk.
  func rows(pixels: Int) -> [Int] { chunks.map { $0.count * pixels } }
}
