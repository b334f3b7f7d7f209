import CKernels
import Foundation

/// The right operand of a product of bytes in the layout that the kernel reads: panels of columns, each with its bias
/// ahead.
///
/// It is made once from weights in the usual layout `[columns, depth]` (out × in). The zero point of the left operand is
/// taken care of here: Σ (a − zero) · w = Σ a · w − zero · Σ w, so the correction goes into the bias.
public final class PackedBytes: @unchecked Sendable {
  /// The number of columns of the product.
  public let columns: Int
  /// The length of the sums.
  public let depth: Int
  /// How many bytes of a row of the left operand are read; those beyond ``depth`` do not matter.
  public let readDepth: Int
  /// The packed bytes; see `qn_u8_gemm_function`. Nothing writes them after the initialiser.
  public let pointer: UnsafeRawPointer
  /// The number of packed bytes.
  public let byteCount: Int

  /// Packs `weights`, row after row of `depth` bytes within ±127, and the bias (zeros where it is `nil`).
  ///
  /// - Parameters:
  ///   - bias: One number per column, in units of the input's scale times the column's scale.
  ///   - zeroPoint: The zero point of the left operand.
  ///   - kernel: The kernel that is to read this.
  public init(
    _ weights: UnsafePointer<Int8>, bias: UnsafePointer<Int32>?, zeroPoint: UInt8, columns: Int, depth: Int,
    kernel: qn_u8_gemm_kernel
  ) {
    self.columns = columns
    self.depth = depth
    let step = Int(kernel.depth)
    readDepth = (depth + step - 1) / step * step
    let widths = panelWidths(columns: columns, panel: Int(kernel.panel))
    byteCount = widths.reduce(0, +) * (MemoryLayout<Int32>.stride + readDepth)
    let memory = zeroedMemory(byteCount)
    pointer = UnsafeRawPointer(memory)
    var to = memory
    var first = 0
    for width in widths {
      let sums = to.assumingMemoryBound(to: Int32.self)
      let groups = (to + width * MemoryLayout<Int32>.stride).assumingMemoryBound(to: Int8.self)
      for column in 0..<min(width, columns - first) {
        let from = weights + (first + column) * depth
        var sum: Int32 = 0
        for i in 0..<depth {
          groups[(i / 4 * width + column) * 4 + i % 4] = from[i]
          sum += Int32(from[i])
        }
        sums[column] = (bias?[first + column] ?? 0) - Int32(zeroPoint) * sum
      }
      to += width * (MemoryLayout<Int32>.stride + readDepth)
      first += width
    }
  }

  deinit { free(UnsafeMutableRawPointer(mutating: pointer)) }
}

/// Whole panels, and a last one of half the width where that is enough.
func panelWidths(columns: Int, panel: Int) -> [Int] {
  let rest = columns % panel
  let whole = [Int](repeating: panel, count: columns / panel)
  return rest == 0 ? whole : whole + [rest <= panel / 2 ? panel / 2 : panel]
}

/// Zeroed memory on a 64-byte boundary, to be freed by whoever asked for it.
func zeroedMemory(_ byteCount: Int) -> UnsafeMutableRawPointer {
  var memory: UnsafeMutableRawPointer?
  let bytes = max(64, (byteCount + 63) & ~63)
  guard posix_memalign(&memory, 64, bytes) == 0, let memory else {
    fatalError("the machine refuses \(bytes) bytes of memory")
  }
  memset(memory, 0, bytes)
  return memory
}
