import CKernels

/// Copies a tensor into another layout.
struct RelayoutStep {
  let axes: qn_axes
  let input: UnsafePointer<Float>
  let output: UnsafeMutablePointer<Float>
  /// Over the outermost axis.
  let partition: Partition

  func run(_ piece: Int) {
    let range = partition.blocks(of: piece)
    var axes = axes
    axes.extent.0 = range.count
    qn_f32_copy_axes(&axes, input + range.lowerBound * axes.from.0, output + range.lowerBound * axes.to.0)
  }
}

/// Row-wise operators.
struct RowStep {
  enum Operation {
    case softmax(qn_f32_softmax_function)
    case layerNorm(
      qn_f32_layernorm_function, gain: UnsafePointer<Float>, bias: UnsafePointer<Float>, epsilon: Float)
  }

  let operation: Operation
  let rows: Int
  let columns: Int
  let input: UnsafePointer<Float>
  let inputStride: Int
  let output: UnsafeMutablePointer<Float>
  let partition: Partition

  func run(_ piece: Int) {
    for block in partition.blocks(of: piece) {
      let range = part(block, of: partition.blocks, rows)
      let (from, to) = (input + range.lowerBound * inputStride, output + range.lowerBound * columns)
      switch operation {
      case .softmax(let function): function(range.count, columns, from, inputStride, to, columns)
      case .layerNorm(let function, let gain, let bias, let epsilon):
        function(range.count, columns, from, inputStride, gain, bias, epsilon, to, columns)
      }
    }
  }
}

/// Axes of an elementwise function of two values that lie in different layouts, the innermost last.
struct BinaryAxes {
  /// How many axes are ahead of the innermost one.
  var outer = 0
  /// Extents, and distances in the result and the two operands.
  var extent = SIMD8<Int>(repeating: 1)
  var result = SIMD8<Int>(repeating: 0)
  var left = SIMD8<Int>(repeating: 0)
  var right = SIMD8<Int>(repeating: 0)
  /// Of the innermost axis, whose distance in the result is 1.
  var count = 1
  var leftStep = 0
  var rightStep = 0
}

/// An elementwise function of two values, with broadcasting.
struct BinaryStep {
  let function: qn_f32_binary_function
  let operation: qn_binary
  let axes: BinaryAxes
  let left: UnsafePointer<Float>
  let right: UnsafePointer<Float>
  let output: UnsafeMutablePointer<Float>
  /// Over the rows, all outer axes together.
  let partition: Partition

  func run(_ piece: Int) {
    for row in partition.blocks(of: piece) {
      var (rest, at, a, b) = (row, 0, 0, 0)
      for axis in stride(from: axes.outer - 1, through: 0, by: -1) {
        let (quotient, index) = rest.quotientAndRemainder(dividingBy: axes.extent[axis])
        at += index * axes.result[axis]
        a += index * axes.left[axis]
        b += index * axes.right[axis]
        rest = quotient
      }
      function(operation, axes.count, left + a, axes.leftStep, right + b, axes.rightStep, output + at)
    }
  }
}

/// Products of many matrices, of which the right one is packed when its turn comes.
struct BatchProductStep {
  let function: qn_f32_gemm_function
  let panel: Int
  let scale: Float
  /// Rows, columns and length of the sums of one product.
  let rows: Int
  let columns: Int
  let depth: Int
  /// Axes ahead of the matrices.
  let axes: BinaryAxes
  let left: UnsafePointer<Float>
  let leftStride: Int
  let right: UnsafePointer<Float>
  let rightRowStride: Int
  let rightColumnStride: Int
  let output: UnsafeMutablePointer<Float>
  let outputStride: Int
  let scratch: UnsafeMutablePointer<Float>
  let scratchPerWorker: Int
  /// Parts of the rows of one product, which are blocks of their own.
  let rowBlocks: Int
  let partition: Partition

  func run(_ piece: Int, worker: Int) {
    let packed = scratch + worker * scratchPerWorker
    var packedMatrix = -1
    for block in partition.blocks(of: piece) {
      let (matrix, rowBlock) = block.quotientAndRemainder(dividingBy: rowBlocks)
      var (rest, at, a, b) = (matrix, 0, 0, 0)
      for axis in stride(from: axes.outer - 1, through: 0, by: -1) {
        let (quotient, index) = rest.quotientAndRemainder(dividingBy: axes.extent[axis])
        at += index * axes.result[axis]
        a += index * axes.left[axis]
        b += index * axes.right[axis]
        rest = quotient
      }
      if matrix != packedMatrix {
        qn_f32_pack(depth, columns, right + b, rightRowStride, rightColumnStride, scale, panel, packed)
        packedMatrix = matrix
      }
      let range = part(rowBlock, of: rowBlocks, rows)
      var epilogue = qn_epilogue(residual: nil, residual_stride: 0, activation: qn_identity)
      function(
        range.count, columns, depth, left + a + range.lowerBound * leftStride, leftStride, packed, &epilogue,
        output + at + range.lowerBound * outputStride, outputStride)
    }
  }
}
