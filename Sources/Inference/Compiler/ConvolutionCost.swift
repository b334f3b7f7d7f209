/// What a 3×3 convolution is estimated to cost on one thread, directly or by Winograd's minimal filtering, in nanoseconds.
///
/// The constants were fitted to measurements of real layers on AVX-512 (docs/WINOGRAD.md). Only the order of the
/// estimates matters, which the other levels share: everything there is slower by about the same factor.
enum ConvolutionCost {
  /// Multiply-adds of the product kernel per nanosecond.
  private static let rate = 66.0
  /// Unrolling one window, and every number of it.
  private static let window = 18.0
  private static let unroll = 0.06
  /// Transforming one number of a tile, there or back.
  private static let transform = 0.13

  /// Unrolling windows and multiplying them.
  static func direct(rows: Int, inputs: Int, outputs: Int) -> Double {
    let depth = 9 * inputs
    let products = product(rows: rows, columns: outputs, depth: depth)
    return max(products, reading(outputs * depth)) + Double(rows) * (window + unroll * Double(depth))
  }

  /// Transforming tiles, multiplying them and transforming them back.
  static func winograd(_ shape: WinogradShape) -> Double {
    let rows = (shape.tiles + shape.blocks - 1) / shape.blocks
    let products = product(rows: rows, columns: shape.outputs, depth: shape.inputs)
    let filters = reading(shape.elements * shape.outputs * shape.inputs)
    return max(Double(shape.blocks * shape.elements) * products, filters)
      + transform * Double(shape.elements * shape.tiles * (shape.inputs + shape.outputs))
  }

  /// Loading and storing the product costs as much as three steps of the sum; a single vector of columns keeps the
  /// multipliers busy for two thirds of the time; fewer than 4 rows take as long as 4.
  private static func product(rows: Int, columns: Int, depth: Int) -> Double {
    let vectors = (columns + 15) / 16
    let width = Double(16 * vectors) * (vectors == 1 ? 1.5 : 1)
    return Double(max(4, rows) * (depth + 3)) * width / rate
  }

  /// Filters are read while others are multiplied: small ones from the second-level cache, where the run before may have
  /// left them, large ones from memory.
  private static func reading(_ numbers: Int) -> Double {
    let bytes = 4 * numbers
    return Double(bytes) / (bytes <= 256 * 1024 ? 30 : 13)
  }
}
