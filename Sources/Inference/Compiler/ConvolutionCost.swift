/// What a 3×3 convolution is estimated to cost on one thread, directly or by Winograd's minimal filtering.
///
/// The constants were fitted to measurements of real layers on AVX-512 (docs/WINOGRAD.md). Only the order of the
/// estimates matters, which the other levels share: everything there is slower by about the same factor.
enum ConvolutionCost {
  /// Multiply-adds of the product kernel per nanosecond.
  private static let rate = 65.0
  /// Bytes per nanosecond at which filters come from the second-level cache, where those of small layers may still be,
  /// and from behind it.
  private static let near = 40.0
  private static let far = 14.0
  private static let nearBytes = 512.0 * 1024
  /// Moving one number into an unrolled window.
  private static let unroll = 0.1
  /// Transforming one number of a tile, there or back.
  private static let transform = 0.17

  /// Nanoseconds of unrolling windows and multiplying them.
  static func direct(rows: Int, inputs: Int, outputs: Int) -> Double {
    let depth = 9 * inputs
    return product(rows: rows, columns: outputs, depth: depth) + unroll * Double(rows * depth)
      + reading(outputs * depth)
  }

  /// Nanoseconds of transforming tiles, multiplying them and transforming them back.
  static func winograd(_ shape: WinogradShape) -> Double {
    let rows = (shape.tiles + shape.blocks - 1) / shape.blocks
    let products = product(rows: rows, columns: shape.outputs, depth: shape.inputs)
    let filters = shape.elements * shape.outputs * shape.inputs
    return Double(shape.blocks * shape.elements) * products + reading(filters)
      + transform * Double(shape.elements * shape.tiles * (shape.inputs + shape.outputs))
  }

  /// Tiles of the product kernel are loaded and stored once, which is worth a dozen steps of the sum; a single vector
  /// of columns keeps the multipliers busy for two thirds of the time; fewer than 4 rows take as long as 4.
  private static func product(rows: Int, columns: Int, depth: Int) -> Double {
    let vectors = (columns + 15) / 16
    let width = Double(16 * vectors) * (vectors == 1 ? 1.5 : 1)
    return Double(max(4, rows) * (depth + 12)) * width / rate
  }

  private static func reading(_ numbers: Int) -> Double {
    let bytes = Double(4 * numbers)
    return min(bytes, nearBytes) / near + max(0, bytes - nearBytes) / far
  }
}
