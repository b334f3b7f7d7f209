import CKernels
import Compute
import Diagnostics
import Networks
import Tensors

/// An axis of a step that walks through several tensors at once.
private struct WalkedAxis {
  var extent: Int
  /// The distance of neighbours in every tensor, the result first.
  var strides: [Int]

  /// The axes of a shape, without extents of 1, by the distances in the result, and joined where all tensors allow it.
  static func axes(_ shape: Shape, _ strides: [[Int]]) -> [WalkedAxis] {
    let all = shape.dimensions.indices.filter { shape[$0] != 1 }.map { axis in
      WalkedAxis(extent: shape[axis], strides: strides.map { $0[axis] })
    }
    var result: [WalkedAxis] = []
    for axis in all.sorted(by: { $0.strides[0] > $1.strides[0] }) {
      if let last = result.last, zip(last.strides, axis.strides).allSatisfy({ $0 == $1 * axis.extent }) {
        result[result.count - 1] = WalkedAxis(extent: last.extent * axis.extent, strides: axis.strides)
      } else {
        result.append(axis)
      }
    }
    return result
  }
}

extension ValueLayout {
  /// The distances with which the value is spread over a larger shape of the same rank.
  fileprivate func strides(over result: Shape) -> [Int] {
    strides.indices.map { shape[$0] == 1 && result[$0] != 1 ? 0 : strides[$0] }
  }
}

// MARK: Copies

extension NetworkCompiler {
  /// Copies a value from one layout into another.
  mutating func appendRelayout(
    _ source: ValueLayout, from input: UnsafePointer<Float>, _ target: ValueLayout,
    to output: UnsafeMutablePointer<Float>
  ) {
    var walked = WalkedAxis.axes(source.shape, [target.strides, source.strides])
    while walked.count < 2 { walked.insert(WalkedAxis(extent: 1, strides: [0, 0]), at: 0) }
    // The axis along which the source is contiguous becomes the other inner loop.
    if let position = walked.dropLast().lastIndex(where: { $0.strides[1] == 1 }) {
      walked.insert(walked.remove(at: position), at: walked.count - 1)
    }
    var axes = qn_axes()
    axes.rank = Int32(walked.count)
    withUnsafeMutableBytes(of: &axes.extent) { extents in
      for (i, axis) in walked.enumerated() { extents.bindMemory(to: Int.self)[i] = axis.extent }
    }
    withUnsafeMutableBytes(of: &axes.from) { strides in
      for (i, axis) in walked.enumerated() { strides.bindMemory(to: Int.self)[i] = axis.strides[1] }
    }
    withUnsafeMutableBytes(of: &axes.to) { strides in
      for (i, axis) in walked.enumerated() { strides.bindMemory(to: Int.self)[i] = axis.strides[0] }
    }
    append(
      .relayout(
        RelayoutStep(
          axes: axes, input: input, output: output,
          partition: Partition(
            blocks: walked[0].extent, threads: threads,
            nanoseconds: source.elements / (walked.last?.strides[1] == 1 ? 8 : 1)))))
  }

  /// Every operand into its part of the result.
  mutating func lowerJoin(_ axis: Int, _ node: Network.Node, _ value: Int) {
    let output = layouts[value]
    var offset = 0
    for input in node.inputs {
      let part = ValueLayout(layouts[input].shape, strides: output.strides)
      appendRelayout(layouts[input], from: pointers[input], part, to: pointers[value] + offset)
      offset += part.shape[axis] * output.strides[axis]
    }
  }
}

// MARK: Rows

extension NetworkCompiler {
  mutating func lowerSoftmax(_ node: Network.Node, _ value: Int) {
    appendRows(.softmax(kernels.rows.softmax), node, value, nanosecondsPerElement: 1)
  }

  mutating func lowerLayerNorm(_ epsilon: Float, _ node: Network.Node, _ value: Int) throws {
    let (gain, bias) = (keep(try parameters.required(node, 0)), keep(try parameters.required(node, 1)))
    appendRows(
      .layerNorm(kernels.rows.layernorm, gain: gain, bias: bias, epsilon: epsilon), node, value,
      nanosecondsPerElement: 0.3)
  }

  private mutating func appendRows(
    _ operation: RowStep.Operation, _ node: Network.Node, _ value: Int, nanosecondsPerElement: Double
  ) {
    let layout = layouts[value]
    let columns = layout.shape[-1]
    let rows = layout.elements / columns
    append(
      .rows(
        RowStep(
          operation: operation, rows: rows, columns: columns, input: pointers[node.inputs[0]],
          inputStride: layouts[node.inputs[0]].rowStride ?? columns, output: pointers[value],
          partition: Partition(
            blocks: min(rows, threads == 1 ? 1 : 4 * threads), threads: threads,
            nanoseconds: Int(Double(layout.elements) * nanosecondsPerElement)))))
  }
}

// MARK: Two operands

extension NetworkCompiler {
  mutating func lower(_ operation: BinaryOperation, _ node: Network.Node, _ value: Int) {
    let output = layouts[value]
    let (left, right) = (node.inputs[0], node.inputs[1])
    var walked = WalkedAxis.axes(
      output.shape,
      [output.strides, layouts[left].strides(over: output.shape), layouts[right].strides(over: output.shape)])
    let inner = walked.popLast() ?? WalkedAxis(extent: 1, strides: [1, 0, 0])
    var axes = BinaryAxes(walked)
    (axes.count, axes.leftStep, axes.rightStep) = (inner.extent, inner.strides[1], inner.strides[2])
    append(
      .binary(
        BinaryStep(
          function: kernels.binary, operation: operation.code, axes: axes, left: pointers[left],
          right: pointers[right], output: pointers[value],
          partition: Partition(
            blocks: output.elements / inner.extent, threads: threads, nanoseconds: output.elements / 4))))
  }

  mutating func lower(_ product: MatrixProduct, _ node: Network.Node, _ value: Int) {
    let (left, right, output) = (layouts[node.inputs[0]], layouts[node.inputs[1]], layouts[value])
    let rank = output.shape.rank
    let (rows, columns, depth) = (output.shape[-2], output.shape[-1], left.shape[-1])
    let strides = [output.strides, left.strides(over: output.shape), right.strides(over: output.shape)]
    let axes = (0..<rank - 2).map { axis in
      WalkedAxis(extent: output.shape[axis], strides: strides.map { $0[axis] })
    }
    let matrices = axes.reduce(1) { $0 * $1.extent }
    // A block of fewer than 5 rows would be summed in another order than the same rows of a larger one.
    let rowBlocks = threads == 1 || matrices >= 2 * threads ? 1 : max(1, min(rows / 8, 2 * threads / matrices))
    append(
      .batchProduct(
        BatchProductStep(
          function: kernels.product.function, panel: kernels.panel, scale: product.scale, rows: rows,
          columns: columns, depth: depth, axes: BinaryAxes(axes), left: pointers[node.inputs[0]],
          leftStride: left.strides[rank - 2], right: pointers[node.inputs[1]],
          rightRowStride: right.strides[rank - 2], rightColumnStride: right.strides[rank - 1],
          output: pointers[value], outputStride: output.strides[rank - 2], scratch: scratch,
          scratchPerWorker: packedSize(of: value), rowBlocks: rowBlocks,
          partition: Partition(
            blocks: matrices * rowBlocks, threads: threads,
            nanoseconds: matrices * rows * columns * depth / 32))))
  }

  /// Elements of scratch memory for the packed right operand of a matrix product, in whole cache lines.
  func packedSize(of value: Int) -> Int {
    let node = network.nodes[value]
    let size = qn_f32_packed_size(layouts[node.inputs[0]].shape[-1], layouts[value].shape[-1], kernels.panel)
    return (size + MemoryPlanner.line - 1) / MemoryPlanner.line * MemoryPlanner.line
  }
}

extension BinaryAxes {
  /// The axes ahead of the innermost, of which there are at most 8.
  fileprivate init(_ walked: [WalkedAxis]) {
    outer = walked.count
    for (i, axis) in walked.enumerated() {
      extent[i] = axis.extent
      (result[i], left[i], right[i]) = (axis.strides[0], axis.strides[1], axis.strides[2])
    }
  }
}

extension BinaryOperation {
  /// The operation as the kernels number it.
  fileprivate var code: qn_binary {
    switch self {
    case .add: qn_add
    case .subtract: qn_subtract
    case .multiply: qn_multiply
    case .divide: qn_divide
    case .maximum: qn_maximum
    case .minimum: qn_minimum
    }
  }
}
