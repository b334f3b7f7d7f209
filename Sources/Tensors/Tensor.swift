/// A dense FP32 array in row-major order: the value that rooms hand to each other.
///
/// It is made for parameters, batches and results. Compiled plans keep their numbers in an ``AlignedBuffer``.
public struct Tensor: Hashable, Sendable {
  /// The extents.
  public let shape: Shape
  /// The elements in row-major order.
  public var values: [Float]

  /// Creates a tensor from its elements.
  ///
  /// - Precondition: there are as many values as the shape has elements.
  public init(_ shape: Shape, _ values: [Float]) {
    precondition(values.count == shape.elementCount, "\(values.count) values do not fill the shape \(shape)")
    self.shape = shape
    self.values = values
  }

  /// Creates a tensor with one value everywhere.
  public init(_ shape: Shape, repeating value: Float = 0) {
    self.shape = shape
    values = [Float](repeating: value, count: shape.elementCount)
  }

  /// The same elements under another shape of the same size.
  public func reshaped(to shape: Shape) -> Tensor { Tensor(shape, values) }
}
