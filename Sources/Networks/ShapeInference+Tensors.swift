import Tensors

extension Operator {
  /// The shapes of operators on tensors of any rank.
  func tensorShape(_ check: OperandCheck) throws -> Shape {
    let operands = check.operands
    switch self {
    case .constant(let shape):
      try check.require(operands.isEmpty, "there are no operands")
      try check.require(
        shape.rank > 0 && shape.checkedElementCount != nil, "the shape begins with the batch and can be counted")
      return shape
    case .binary: return try check.broadcast()
    case .transpose(let order):
      let shape = try check.single()
      try check.require(
        order.sorted() == Array(0..<shape.rank) && order.first == 0,
        "the order names every axis once, and the first stays the first")
      return Shape(order.map { shape[$0] })
    case .reshape(let target):
      let shape = try check.single()
      try check.require(
        target.rank > 0 && target.checkedElementCount == shape.elementCount, "the number of elements is kept")
      return target
    case .slice(let slice): return try slice.outputShape(check)
    case .join(let axis): return try check.joined(axis)
    case .matrixProduct: return try check.product()
    case .softmax:
      let shape = try check.single()
      try check.require(shape.rank >= 2, "there is a dimension beside the batch")
      return shape
    case .resample(let resampling):
      let shape = try check.image()
      return [shape[0], shape[1], resampling.size.height, resampling.size.width]
    default:
      preconditionFailure("\(name) is no operator on tensors of any rank")
    }
  }
}

extension AxisSlice {
  fileprivate func outputShape(_ check: OperandCheck) throws -> Shape {
    var shape = try check.single()
    try check.require((1..<shape.rank).contains(axis), "the axis is one of the value's, and not the first")
    let extent = shape[axis]
    try check.require(
      (0..<extent).contains(start) && count > 0 && (1...extent).contains(step)
        && count - 1 <= (extent - 1 - start) / step,
      "the slice lies inside the axis")
    shape[axis] = count
    return shape
  }
}

extension OperandCheck {
  fileprivate func broadcast() throws -> Shape {
    try require(operands.count == 2 && operands[0].rank == operands[1].rank, "there are two operands of one rank")
    let pairs = Array(zip(operands[0].dimensions, operands[1].dimensions))
    try require(
      !pairs.isEmpty && pairs[0].0 == pairs[0].1 && pairs.allSatisfy { $0 == $1 || $0 == 1 || $1 == 1 },
      "extents are equal or 1, and the first are equal")
    return Shape(pairs.map { max($0, $1) })
  }

  fileprivate func joined(_ axis: Int) throws -> Shape {
    try require(!operands.isEmpty, "there is an operand")
    var shape = operands[0]
    try require((1..<shape.rank).contains(axis), "the axis is one of the values', and not the first")
    for operand in operands.dropFirst() {
      try require(
        operand.rank == shape.rank && operand.dimensions.indices.allSatisfy { $0 == axis || operand[$0] == shape[$0] },
        "the operands differ along the axis alone")
      shape[axis] += operand[axis]
    }
    return shape
  }

  fileprivate func product() throws -> Shape {
    try require(
      operands.count == 2 && operands[0].rank == operands[1].rank && operands[0].rank >= 3,
      "there are two operands of one rank of at least 3")
    let (left, right) = (operands[0], operands[1])
    try require(left[-1] == right[-2], "the left one's rows are as long as the right one's columns")
    let outer = (0..<left.rank - 2).map { (left[$0], right[$0]) }
    try require(
      outer[0].0 == outer[0].1 && outer.allSatisfy { $0 == $1 || $0 == 1 || $1 == 1 },
      "extents ahead of the matrices are equal or 1, and the first are equal")
    return Shape(outer.map { max($0, $1) } + [left[-2], right[-1]])
  }
}
