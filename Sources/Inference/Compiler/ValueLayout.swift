import Tensors

/// How the elements of a value for a whole batch lie in memory: for every axis, the distance of neighbours.
///
/// Images usually lie as images × pixels × channels ("channels-last"), everything else row-major ("plain"). Regrouped,
/// transposed and sliced values are views of others, with distances of their own.
struct ValueLayout: Equatable {
  /// The extents in the order of ``Operator``, the whole batch included.
  let shape: Shape
  /// Distances in elements; 0 where one element serves a whole axis. They do not matter where an extent is 1.
  let strides: [Int]
  /// The number of elements.
  let elements: Int

  init(_ shape: Shape, strides: [Int]) { (self.shape, self.strides, elements) = (shape, strides, shape.elementCount) }

  /// Row-major.
  init(plain shape: Shape) { self.init(shape, strides: shape.strides) }

  /// With the second axis innermost.
  init(channelsLast shape: Shape) {
    self.init(plain: Shape([shape[0]] + shape.dimensions[2...] + [shape[1]]), order: Self.channelsSecond(shape.rank))
  }

  /// The layout of a transposed value: axis i is axis `order[i]` of a row-major value.
  private init(plain shape: Shape, order: [Int]) {
    let strides = shape.strides
    self.init(Shape(order.map { shape[$0] }), strides: order.map { strides[$0] })
  }

  /// The axes of batch, rows, columns, channels in the order batch, channels, rows, columns.
  private static func channelsSecond(_ rank: Int) -> [Int] { [0, rank - 1] + (1..<rank - 1) }

  static func == (a: Self, b: Self) -> Bool { a.shape == b.shape && a.matches(b.strides) }

  private func matches(_ others: [Int]) -> Bool {
    strides.indices.allSatisfy { shape[$0] == 1 || strides[$0] == others[$0] }
  }

  var images: Int { shape[0] }
  var isImage: Bool { shape.rank == 4 }
  var channels: Int { shape[1] }
  var height: Int { shape[2] }
  var width: Int { shape.rank > 3 ? shape[3] : 1 }
  var pixels: Int { height * width }
  /// The memory of the value in FP32 words. Kernels read rows of bytes in whole steps, so that a line follows them.
  func words(isBytes: Bool) -> Int { isBytes ? (elements + 3) / 4 + MemoryPlanner.line : elements }

  /// Elements of one image or row of the batch.
  var imageElements: Int { elements / images }

  /// Whether it is row-major.
  var isPlain: Bool { matches(shape.strides) }

  /// Whether the second axis is innermost.
  var isChannelsLast: Bool { shape.rank >= 3 && self == ValueLayout(channelsLast: shape) }

  /// The distance of rows along the last axis, where these are contiguous and evenly spaced.
  var rowStride: Int? {
    let last = shape.rank - 1
    guard shape[last] == 1 || strides[last] == 1 else { return nil }
    let rows = merged(0..<last)
    return rows.count > 1 ? nil : rows.first?.stride ?? shape[last]
  }

  /// Extents and distances of some axes, without extents of 1 and with neighbours joined where they are evenly spaced.
  private func merged(_ axes: Range<Int>) -> [(extent: Int, stride: Int)] {
    var result: [(extent: Int, stride: Int)] = []
    for axis in axes where shape[axis] != 1 {
      if let last = result.last, last.stride == strides[axis] * shape[axis] {
        result[result.count - 1] = (last.extent * shape[axis], strides[axis])
      } else {
        result.append((shape[axis], strides[axis]))
      }
    }
    return result
  }

  // MARK: Views

  /// Axes in another order.
  func transposed(_ order: [Int]) -> ValueLayout {
    ValueLayout(Shape(order.map { shape[$0] }), strides: order.map { strides[$0] })
  }

  /// The same elements in row-major order in another shape, or `nil` where that needs a copy.
  func reshaped(to target: Shape) -> ValueLayout? {
    var groups = merged(0..<shape.rank)[...]
    var strides = [Int](repeating: 0, count: target.rank)
    // From the last axis on, every axis takes its part of the innermost group that is left.
    for axis in target.dimensions.indices.reversed() where target[axis] != 1 {
      guard let group = groups.last, group.extent % target[axis] == 0 else { return nil }
      strides[axis] = group.stride
      if group.extent == target[axis] {
        groups.removeLast()
      } else {
        groups[groups.endIndex - 1] = (group.extent / target[axis], group.stride * target[axis])
      }
    }
    return ValueLayout(target, strides: strides)
  }

  /// Some positions of one axis.
  func sliced(axis: Int, count: Int, step: Int) -> ValueLayout {
    var (shape, strides) = (shape, strides)
    shape[axis] = count
    strides[axis] *= step
    return ValueLayout(shape, strides: strides)
  }
}
