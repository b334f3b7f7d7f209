import Tensors

/// A tensor that a node reads from a weight store: a name and the box of it that the node sees.
///
/// A supernet's parameters are boxes inside larger shared tensors, so that lowering an architecture copies nothing; an
/// extracted network's parameters are whole tensors.
public struct Parameter: Hashable, Sendable {
  /// The tensor's name in the weight store.
  public var name: String
  /// The shape that the node sees.
  public var shape: Shape
  /// Where the box starts in the stored tensor, one offset per dimension.
  public var offsets: [Int]
  /// The shape of the stored tensor.
  public var storedShape: Shape

  /// A whole stored tensor.
  public init(_ name: String, _ shape: Shape) {
    self.init(name, shape, offsets: Array(repeating: 0, count: shape.rank), of: shape)
  }

  /// A box inside a stored tensor.
  ///
  /// - Precondition: the box lies inside `storedShape`.
  public init(_ name: String, _ shape: Shape, offsets: [Int], of storedShape: Shape) {
    precondition(shape.rank == storedShape.rank && offsets.count == shape.rank, "\(name): the ranks differ")
    for axis in 0..<shape.rank {
      precondition(
        offsets[axis] >= 0 && offsets[axis] + shape[axis] <= storedShape[axis],
        "\(name): \(shape) at \(offsets) does not lie inside \(storedShape)")
    }
    self.name = name
    self.shape = shape
    self.offsets = offsets
    self.storedShape = storedShape
  }

  /// Whether the node sees the whole stored tensor.
  public var isWhole: Bool { shape == storedShape }
}

/// Parameter tensors by name.
public typealias Weights = [String: Tensor]

extension Parameter {
  /// Calls `body` with the position in the box and in the stored tensor, and the length, of every contiguous run.
  @inlinable
  public func forEachRun(_ body: (_ inBox: Int, _ inStored: Int, _ count: Int) -> Void) {
    let strides = storedShape.strides
    let rank = shape.rank
    guard rank > 0 else { return body(0, 0, 1) }
    // The innermost dimensions that are whole extend the run.
    var outer = rank - 1
    var run = shape[rank - 1]
    while outer > 0, shape[outer] == storedShape[outer] {
      outer -= 1
      run *= shape[outer]
    }
    var index = [Int](repeating: 0, count: outer)
    var inBox = 0
    while true {
      var inStored = 0
      for axis in 0..<rank { inStored += (offsets[axis] + (axis < outer ? index[axis] : 0)) * strides[axis] }
      body(inBox, inStored, run)
      inBox += run
      var axis = outer - 1
      while axis >= 0 {
        index[axis] += 1
        if index[axis] < shape[axis] { break }
        index[axis] = 0
        axis -= 1
      }
      if axis < 0 { return }
    }
  }

  /// A copy of the box.
  ///
  /// - Precondition: `stored` has the stored shape.
  public func extract(from stored: Tensor) -> Tensor {
    precondition(stored.shape == storedShape, "\(name): \(stored.shape) stored, \(storedShape) expected")
    if isWhole { return stored }
    var box = Tensor(shape)
    forEachRun { inBox, inStored, count in
      for i in 0..<count { box.values[inBox + i] = stored.values[inStored + i] }
    }
    return box
  }
}
