import CKernels
import Tensors

/// The weights of a linear layer in the layout that a kernel reads: panels of columns, each with its bias ahead.
public final class PackedLinear: Sendable {
  /// The number of columns of the product.
  public let columns: Int
  /// The length of the sums.
  public let depth: Int
  /// The packed bytes; see `quoin-linear-gemm.h`.
  public var pointer: UnsafeRawPointer { UnsafeRawPointer(buffer.bytes) }
  /// The number of packed bytes: what a product with one row reads from memory.
  public let byteCount: Int
  /// Nothing writes it after the initialiser.
  private let buffer: AlignedBuffer

  /// Packs weights and bias (zeros where it is `nil`) for one kernel.
  public init(_ weights: LinearWeights, bias: [Float]?, kernel: qn_linear_gemm_kernel) {
    (columns, depth) = (weights.columns, weights.depth)
    let widths = panelWidths(columns: columns, panel: Int(kernel.panel))
    let perColumn = Self.bytesPerColumn(weights, padding: Int(kernel.depth))
    byteCount = widths.reduce(0, +) * perColumn
    buffer = AlignedBuffer(byteCount: byteCount)
    var first = 0
    for width in widths {
      let panel = Panel(start: buffer.bytes + first * perColumn, width: width)
      for column in 0..<min(width, columns - first) {
        panel.floats[column] = bias?[first + column] ?? 0
        panel.fill(column, with: weights, row: first + column)
      }
      first += width
    }
  }

  /// Bytes of scratch memory for a product with this many rows.
  public func scratchBytes(rows: Int) -> Int { rows * (depth + 64) * MemoryLayout<Float>.stride }

  private static func bytesPerColumn(_ weights: LinearWeights, padding: Int) -> Int {
    let depth = (weights.depth + padding - 1) / padding * padding
    switch weights.storage {
    case .bf16: return 4 + 2 * depth
    case .int8: return 8 + depth
    case .int4: return 4 + LinearWeights.groups(depth) * (4 + LinearFormat.group / 2)
    }
  }
}

/// A panel that is being filled.
private struct Panel {
  let start: UnsafeMutableRawPointer
  let width: Int

  /// Bias and scales.
  var floats: UnsafeMutablePointer<Float> { start.assumingMemoryBound(to: Float.self) }

  func fill(_ column: Int, with weights: LinearWeights, row: Int) {
    let depth = weights.depth
    switch weights.storage {
    case .bf16(let bits):
      let pairs = (start + width * 4).assumingMemoryBound(to: UInt16.self)
      for i in 0..<depth { pairs[(i / 2 * width + column) * 2 + i % 2] = bits[row * depth + i] }
    case .int8(let values, let scales):
      floats[width + column] = scales[row]
      let steps = (start + width * 8).assumingMemoryBound(to: Int8.self)
      for i in 0..<depth { steps[i * width + column] = values[row * depth + i] }
    case .int4(let values, let scales):
      // A group is a row of scales and four rows of words.
      let words = start.assumingMemoryBound(to: UInt32.self)
      for i in 0..<depth {
        let (group, step) = i.quotientAndRemainder(dividingBy: LinearFormat.group)
        let scaleRow = 1 + group * 5
        floats[scaleRow * width + column] = scales[row * LinearWeights.groups(depth) + group]
        let nibble = UInt32(UInt8(bitPattern: values[row * depth + i]) & 15)
        words[(scaleRow + 1 + step / 8) * width + column] |= nibble << UInt32(step % 8 * 4)
      }
    }
  }
}
