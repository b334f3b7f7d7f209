import Tensors

// What operators on tensors of any rank need to say. Their first dimension belongs to the batch: an executor multiplies
// it, and no operator mixes it with others.

/// An elementwise function of two values.
///
/// Both have one rank, and extents are equal or 1, where the one element serves all; the first extents are equal.
public enum BinaryOperation: String, Hashable, Sendable, Codable, CaseIterable {
  /// x + y
  case add
  /// x − y
  case subtract
  /// x · y
  case multiply
  /// x / y
  case divide
  /// The larger of both.
  case maximum
  /// The smaller of both.
  case minimum
}

/// Matrix products of two values: `[…, m, k]` times `[…, k, n]`, `[…, m, n]`.
///
/// Both have one rank of at least 3; the extents ahead of the matrices are equal or 1, where the one matrix serves all.
public struct MatrixProduct: Hashable, Sendable {
  /// What the products are multiplied by, such as the scale of attention scores.
  public var scale: Float

  /// Creates a matrix product.
  public init(scale: Float = 1) { self.scale = scale }
}

/// Positions `start`, `start + step`, … along one axis, `count` in all.
public struct AxisSlice: Hashable, Sendable {
  /// The axis; never the first.
  public var axis: Int
  /// The first position.
  public var start: Int
  /// The number of positions.
  public var count: Int
  /// From one position to the next; at least 1, and no more than the axis has, also where there is no next one.
  public var step: Int

  /// Creates a slice.
  public init(axis: Int, start: Int, count: Int, step: Int = 1) {
    self.axis = axis
    self.start = start
    self.count = count
    self.step = step
  }
}

/// Resizing of images in the ways that ONNX's `Resize` knows beside half-pixel bilinear.
public struct Resampling: Hashable, Sendable {
  /// How pixels become one.
  public enum Mode: Hashable, Sendable {
    /// A blend of the two nearest rows and columns.
    case linear
    /// The nearest pixel; where it lies between two, by this rule.
    case nearest(Rounding)
  }

  /// Which whole position stands for one in between.
  public enum Rounding: String, Hashable, Sendable, Codable {
    case floor, ceil
    case roundPreferFloor = "round_prefer_floor"
    case roundPreferCeil = "round_prefer_ceil"
  }

  /// Where position i of the result lies in the operand; `scale` is the result's extent over the operand's.
  public enum Coordinates: String, Hashable, Sendable, Codable {
    /// (i + 1/2) / scale − 1/2
    case halfPixel = "half_pixel"
    /// i / scale
    case asymmetric
    /// i · (operand − 1) / (result − 1): the corners meet.
    case alignCorners = "align_corners"
  }

  /// The size of the result.
  public var size: Extent
  /// How pixels become one.
  public var mode: Mode
  /// Where they are.
  public var coordinates: Coordinates

  /// Creates a resampling.
  public init(_ size: Extent, mode: Mode, coordinates: Coordinates) {
    self.size = size
    self.mode = mode
    self.coordinates = coordinates
  }

  /// Where each of `count` positions reads in an extent of `size`: a blend of two positions.
  ///
  /// In FP32, as other runtimes compute it: a position on the border of two pixels must fall on the same side.
  package func neighbours(from size: Int, to count: Int) -> [(first: Int, second: Int, blend: Float)] {
    (0..<count).map { index in
      let at = position(of: index, from: size, to: count)
      switch mode {
      case .nearest(let rounding):
        let nearest = min(max(Int(rounding(at)), 0), size - 1)
        return (nearest, nearest, 0)
      case .linear:
        let clamped = min(max(at, 0), Float(size - 1))
        let first = Int(clamped)
        return (first, min(first + 1, size - 1), clamped - Float(first))
      }
    }
  }

  private func position(of index: Int, from size: Int, to count: Int) -> Float {
    let scale = Float(count) / Float(size)
    switch coordinates {
    case .halfPixel: return (Float(index) + 0.5) / scale - 0.5
    case .asymmetric: return Float(index) / scale
    case .alignCorners: return count == 1 ? 0 : Float(index) * Float(size - 1) / Float(count - 1)
    }
  }
}

extension Resampling.Rounding {
  func callAsFunction(_ x: Float) -> Float {
    switch self {
    case .floor: x.rounded(.down)
    case .ceil: x.rounded(.up)
    case .roundPreferFloor: (x - 0.5).rounded(.up)
    case .roundPreferCeil: (x + 0.5).rounded(.down)
    }
  }
}
