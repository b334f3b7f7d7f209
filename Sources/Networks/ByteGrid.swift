/// The 256 numbers that a quantised value can take: scale · (q − zero) for the bytes q.
///
/// Rounding is to the nearest byte, ties to even, and saturates, as ONNX's `QuantizeLinear` defines it.
public struct ByteGrid: Hashable, Sendable, Codable {
  /// The distance of neighbouring numbers; above 0.
  public var scale: Float
  /// The byte that stands for 0.
  public var zero: UInt8

  /// Creates a grid.
  public init(scale: Float, zero: UInt8) {
    self.scale = scale
    self.zero = zero
  }

  /// The finest grid that holds 0 and a range of numbers.
  ///
  /// 0 itself is on every grid, so that padding and rectified values are exact.
  public init(least: Float, most: Float) {
    let (least, most) = (min(least, 0), max(most, 0))
    let scale = (most - least) / 255
    self.scale = scale.isNormal ? scale : 1
    zero = UInt8(min(max((-least / self.scale).rounded(.toNearestOrEven), 0), 255))
  }

  /// The byte of a number; 0 for NaN.
  @inlinable
  public func byte(_ x: Float) -> UInt8 {
    let q = (x / scale).rounded(.toNearestOrEven) + Float(zero)
    return q > 0 ? UInt8(min(q, 255)) : 0
  }

  /// The number that a byte stands for.
  @inlinable
  public func number(_ byte: UInt8) -> Float { scale * Float(Int(byte) - Int(zero)) }

  /// The nearest number of the grid.
  @inlinable
  public func snapped(_ x: Float) -> Float { number(byte(x)) }
}
