import CKernels
import Tensors

/// The right operand of a product of bytes in the layout that the kernel reads: panels of columns, each with its bias
/// ahead.
///
/// It is made once from weights in the usual layout `[columns, depth]` (out × in). The zero point of the left operand is
/// taken care of here: Σ (a − zero) · w = Σ a · w − zero · Σ w, so the correction goes into the bias.
public final class PackedBytes: Sendable {
  /// The number of columns of the product.
  public let columns: Int
  /// The length of the sums.
  public let depth: Int
  /// How many bytes of a row of the left operand are read; those beyond ``depth`` do not matter.
  public let readDepth: Int
  /// The packed bytes; see `qn_u8_gemm_function`.
  public var pointer: UnsafeRawPointer { UnsafeRawPointer(buffer.bytes) }
  /// The number of packed bytes.
  public let byteCount: Int
  /// Nothing writes it after the initialiser.
  private let buffer: AlignedBuffer

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
    buffer = AlignedBuffer(byteCount: byteCount)
    var to = buffer.bytes
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
}

/// Whole panels, and a last one of half the width where that is enough.
func panelWidths(columns: Int, panel: Int) -> [Int] {
  let rest = columns % panel
  let whole = [Int](repeating: panel, count: columns / panel)
  return rest == 0 ? whole : whole + [rest <= panel / 2 ? panel / 2 : panel]
}
