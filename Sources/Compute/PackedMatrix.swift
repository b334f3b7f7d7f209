import CKernels
import Tensors

/// The right operand of a product in the layout that the kernel reads: panels of columns, each with its bias ahead.
///
/// It is made once from a weight in the usual layout `[columns, depth]` (out × in), so that products of a compiled
/// network never pack.
public struct PackedMatrix: Sendable {
  /// The number of columns of the product.
  public let columns: Int
  /// The length of the sums.
  public let depth: Int
  /// The packed numbers; see `qn_f32_gemm_function`.
  public let buffer: AlignedBuffer

  /// Packs `weight`, row after row of `depth` elements, and the bias (zeros where it is `nil`).
  ///
  /// - Parameter panel: The columns of a whole panel, as the kernel's table row says.
  public init(
    _ weight: UnsafePointer<Float>, bias: UnsafePointer<Float>?, columns: Int, depth: Int, panel: Int
  ) {
    self.columns = columns
    self.depth = depth
    let widths = panelWidths(columns: columns, panel: panel)
    buffer = AlignedBuffer(count: widths.reduce(0, +) * (depth + 1))
    var to = buffer.pointer
    var first = 0
    for width in widths {
      let filled = min(width, columns - first)
      for column in 0..<filled {
        to[column] = bias?[first + column] ?? 0
        let from = weight + (first + column) * depth
        for row in 0..<depth { to[(row + 1) * width + column] = from[row] }
      }
      to += width * (depth + 1)
      first += filled
    }
  }
}
