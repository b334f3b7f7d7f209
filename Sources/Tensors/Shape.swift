/// The extents of a tensor, outermost first; images are batch, channels, height, width.
public struct Shape: Hashable, Sendable, Codable, ExpressibleByArrayLiteral {
  /// The extents.
  public var dimensions: [Int]

  /// Creates a shape from its extents.
  public init(_ dimensions: [Int]) { self.dimensions = dimensions }

  /// Creates a shape from a literal, as in `[1, 3, 32, 32]`.
  public init(arrayLiteral elements: Int...) { dimensions = elements }

  /// The number of dimensions.
  public var rank: Int { dimensions.count }

  /// The number of elements; 1 for a scalar.
  public var elementCount: Int { dimensions.reduce(1, *) }

  /// The number of elements, or `nil` where an extent is negative or the product overflows: for shapes out of files,
  /// which ``elementCount`` must not see unchecked.
  public var checkedElementCount: Int? {
    var count = 1
    for extent in dimensions {
      let (product, overflows) = count.multipliedReportingOverflow(by: extent)
      guard extent >= 0, !overflows else { return nil }
      count = product
    }
    return count
  }

  /// The extent of one dimension; negative positions count from the end.
  public subscript(position: Int) -> Int {
    get { dimensions[position < 0 ? position + dimensions.count : position] }
    set { dimensions[position < 0 ? position + dimensions.count : position] = newValue }
  }

  /// Row-major strides in elements.
  public var strides: [Int] {
    var strides = [Int](repeating: 1, count: rank)
    for position in stride(from: rank - 2, through: 0, by: -1) {
      strides[position] = strides[position + 1] * dimensions[position + 1]
    }
    return strides
  }
}

extension Shape: CustomStringConvertible {
  /// The extents with a cross between, as in `1×3×32×32`.
  public var description: String { dimensions.map(String.init).joined(separator: "×") }
}
