import CKernels
import Compute
import Diagnostics
import Networks
import Tensors

extension NetworkCompiler {
  /// A convolution as a depthwise kernel, by Winograd's minimal filtering, or as products of unrolled windows.
  mutating func lower(_ convolution: Convolution, _ node: Network.Node, _ value: Int) throws {
    let (input, output) = (layouts[node.inputs[0]], layouts[value])
    if convolution.isDepthwise(inputs: input.channels) {
      try lowerDepthwise(convolution, node, value)
      return
    }
    if network.isStem(value, layouts) {
      try lowerStem(convolution, node, value)
      return
    }
    if convolution.hasNarrowGroups {
      try lowerGrouped(convolution, node, value)
      return
    }
    if let shape = winogradShape(convolution, input: input, output: output) {
      try lowerWinograd(convolution, shape, node, value)
      return
    }
    let weight = try parameters.required(node, 0)
    let bias = convolution.hasBias ? try parameters.required(node, 1) : nil
    let shape = ProductShape(convolution, input, output)
    let operand: ProductStep.Operand
    if convolution.isBF16 {
      let turned = convolution.tapMajor(weight, channelsPerGroup: input.channels)
      operand = rounded(turned, bias, columns: shape.columns, depth: shape.depth)
    } else {
      let packed = packGroups(weight, bias, convolution, inputs: input.channels)
      operand = .numbers(kernels.product.function, packed.start, stride: packed.stride)
    }
    append(
      .product(
        product(
          shape, operand, window: convolution.window(input, output), input: pointers[node.inputs[0]],
          inputStride: input.channels, inputImage: input.imageElements, output: value,
          outputStride: convolution.channels,
          residual: node.inputs.count > 1 ? pointers[node.inputs[1]] : nil,
          activation: convolution.activation.code)))
  }

  /// A fully connected layer over the last dimension.
  mutating func lower(_ linear: Linear, _ node: Network.Node, _ value: Int) throws {
    let input = layouts[node.inputs[0]]
    if let linearFormat { return try lower(linear, node, value, in: linearFormat) }
    let depth = input.shape[-1]
    let weight = try parameters.required(node, 0)
    let bias = linear.hasBias ? try parameters.required(node, 1) : nil
    let operand: ProductStep.Operand
    if linear.isBF16 {
      operand = rounded(weight, bias, columns: linear.features, depth: depth)
    } else {
      let packed = pack(weight, bias, columns: linear.features, depth: depth)
      operand = .numbers(kernels.product.function, keep(packed.buffer), stride: 0)
    }
    append(
      .product(
        product(
          ProductShape(linear, input), operand, window: qn_window(), input: pointers[node.inputs[0]],
          inputStride: input.rowStride ?? depth, inputImage: 0, output: value, outputStride: linear.features,
          residual: nil,
          activation: linear.activation.code)))
  }

  private mutating func lowerDepthwise(_ convolution: Convolution, _ node: Network.Node, _ value: Int) throws {
    let (input, output) = (layouts[node.inputs[0]], layouts[value])
    let taps = convolution.kernel.height * convolution.kernel.width
    let weight = try parameters.required(node, 0)
    // Tap-major, so that one tap's weights of neighbouring channels are one vector.
    let turned = (0..<taps * output.channels).map {
      weight[$0 % output.channels * taps + $0 / output.channels]
    }
    let bias = convolution.hasBias ? try parameters.required(node, 1) : nil
    let blocks = imageBlocks(output, rows: output.height)
    append(
      .depthwise(
        DepthwiseStep(
          function: kernels.depthwise, window: convolution.window(input, output),
          input: pointers[node.inputs[0]],
          weights: keep(turned), bias: bias.map { keep($0) },
          residual: node.inputs.count > 1 ? UnsafePointer(pointers[node.inputs[1]]) : nil,
          activation: convolution.activation.code, output: pointers[value], inputImage: input.imageElements,
          outputImage: output.imageElements, blocks: blocks,
          partition: Partition(
            blocks: blocks.count, threads: threads, nanoseconds: output.elements * taps / 8))))
  }
}

/// The extents of a product step.
struct ProductShape {
  let images: Int
  let rows: Int
  let columns: Int
  let depth: Int
  let groups: Int
  let isUnrolled: Bool
  let isRounded: Bool

  init(_ convolution: Convolution, _ input: ValueLayout, _ output: ValueLayout) {
    isUnrolled = !convolution.isPointwise
    // Without windows, the pixels of all images are the rows of one matrix.
    images = isUnrolled ? output.images : 1
    rows = isUnrolled ? output.pixels : output.images * output.pixels
    columns = convolution.channels / convolution.groups
    depth = convolution.depth(inputs: input.channels)
    (groups, isRounded) = (convolution.groups, convolution.isBF16)
  }

  init(_ linear: Linear, _ input: ValueLayout) {
    (images, groups, isUnrolled, isRounded) = (1, 1, false, linear.isBF16)
    (columns, depth) = (linear.features, input.shape[-1])
    rows = input.elements / depth
  }

  /// Rows are cut so that a block of the left operand stays in the first-level cache, yet is tall enough to reuse the
  /// right one: with fewer than 56 rows, large weights would come from memory more slowly than they are multiplied. A block
  /// never has fewer than 5 rows unless it is the only one: those few are summed in another order.
  var rowBlocks: Int { max(1, rows / min(max(6144 / depth, 56), 192)) }

  /// The largest number of rows of a block.
  var rowsPerBlock: Int { (rows + rowBlocks - 1) / rowBlocks }

  /// Elements of memory for one block of unrolled rows: whole cache lines, so that threads do not share one.
  var unrolledElements: Int {
    isUnrolled ? MemoryPlanner.wholeLines(rowsPerBlock * depth) : 0
  }

  /// Elements of memory for a block of rows that are rounded to BF16; see `qn_linear_gemm_function`.
  private var roundedElements: Int { isRounded ? MemoryPlanner.wholeLines(rowsPerBlock * (depth + 64)) : 0 }

  /// Elements of scratch memory that a thread needs.
  var scratchElements: Int { unrolledElements + roundedElements }
}

extension NetworkCompiler {
  /// Elements of scratch memory that one thread needs for unrolled windows, for copies of the input, or for packed
  /// operands.
  var unrolledElements: Int {
    network.nodes.indices.map { value in
      if case .matrixProduct = network.nodes[value].op { return packedSize(of: value) }
      if case .linear(let linear) = network.nodes[value].op {
        return ProductShape(linear, layouts[network.nodes[value].inputs[0]]).scratchElements
      }
      guard case .convolution(let convolution) = network.nodes[value].op else { return 0 }
      let (operand, output) = (network.nodes[value].inputs[0], layouts[value])
      let input = layouts[operand]
      if network.isStem(value, layouts) { return stemElements(convolution.window(input, output)) }
      guard !convolution.isDepthwise(inputs: input.channels) else { return 0 }
      if network.nodes[operand].grid != nil {
        return convolution.isPointwise ? 0 : byteScratch(convolution, channels: input.channels, output: output) / 4
      }
      if convolution.hasNarrowGroups { return groupedElements(convolution, input, output) }
      guard winogradShape(convolution, input: input, output: output) == nil else { return 0 }
      return ProductShape(convolution, input, output).scratchElements
    }.max() ?? 0
  }

  private func product(
    _ shape: ProductShape, _ operand: ProductStep.Operand, window: qn_window, input: UnsafePointer<Float>,
    inputStride: Int, inputImage: Int, output: Int, outputStride: Int,
    residual: UnsafePointer<Float>?, activation: qn_activation
  ) -> ProductStep {
    let units = shape.images * shape.rowBlocks * shape.groups
    let panel = shape.isRounded ? Int(LinearKernel.kernel(.bf16, isa).panel) : kernels.panel
    let panels = (shape.columns + panel - 1) / panel
    // Few rows are shared out by columns; then every thread reads its own part of the weights. Windows are unrolled for
    // every block of columns again, which takes less time than the threads would wait.
    let isWide = threads > 1 && units < 2 * threads
    let columnBlocks = isWide ? min(panels, (2 * threads + units - 1) / units) : 1
    let macs = shape.images * shape.rows * shape.groups * shape.columns * shape.depth
    return ProductStep(
      operand: operand, window: window, isUnrolled: shape.isUnrolled, images: shape.images,
      rowsPerImage: shape.rows, groups: shape.groups, columns: shape.columns, depth: shape.depth,
      input: input,
      inputStride: inputStride, inputImage: inputImage, panel: panel, output: pointers[output],
      outputStride: outputStride, residual: residual,
      activation: activation, rowBlocks: shape.rowBlocks, columnBlocks: columnBlocks, scratch: scratch,
      scratchPerWorker: shape.scratchElements, unrolledElements: shape.unrolledElements,
      partition: Partition(blocks: units * columnBlocks, threads: threads, nanoseconds: macs / 32))
  }

  /// Blocks of an image step: rows first, then channels, until every thread has something to do.
  func imageBlocks(_ output: ValueLayout, rows: Int, cutsChannels: Bool = true, lanes: Int = 16) -> ImageBlocks {
    let wanted = threads == 1 ? 1 : (4 * threads + output.images - 1) / output.images
    let rowBlocks = min(rows, wanted)
    let channelBlocks =
      cutsChannels ? min((output.channels + lanes - 1) / lanes, (wanted + rowBlocks - 1) / rowBlocks) : 1
    return ImageBlocks(
      images: output.images, rows: rows, channels: output.channels, rowBlocks: rowBlocks,
      channelBlocks: channelBlocks, lanes: lanes)
  }
}

extension Convolution {
  /// Whether every output channel reads one input channel of its own.
  func isDepthwise(inputs: Int) -> Bool { groups == inputs && channels == inputs }

  /// Whether the pixels are the rows of a matrix as they lie.
  var isPointwise: Bool { kernel == .one && stride == .one && padding == .zero }

  /// The length of the sums.
  func depth(inputs: Int) -> Int { inputs / groups * kernel.height * kernel.width }

  func window(_ input: ValueLayout, _ output: ValueLayout) -> qn_window {
    qn_window(input, output, kernel: kernel, stride: stride, padding: padding, dilation: dilation)
  }
}

extension qn_window {
  init(
    _ input: ValueLayout, _ output: ValueLayout, kernel: Extent, stride: Extent, padding: Padding,
    dilation: Extent
  ) {
    self.init(
      height: Int32(input.height), width: Int32(input.width), channels: Int32(input.channels),
      out_height: Int32(output.height), out_width: Int32(output.width), kernel_height: Int32(kernel.height),
      kernel_width: Int32(kernel.width), stride_y: Int32(stride.height), stride_x: Int32(stride.width),
      pad_top: Int32(padding.top), pad_left: Int32(padding.left), dilation_y: Int32(dilation.height),
      dilation_x: Int32(dilation.width))
  }
}

extension Activation {
  /// The activation as the kernels number it.
  var code: qn_activation {
    switch self {
    case .identity: qn_identity
    case .relu: qn_relu
    case .relu6: qn_relu6
    case .hswish: qn_hswish
    case .hsigmoid: qn_hsigmoid
    case .swish: qn_swish
    case .sigmoid: qn_sigmoid
    case .gelu: qn_gelu
    case .geluTanh: qn_gelu_tanh
    case .tanh: qn_tanh
    }
  }
}
