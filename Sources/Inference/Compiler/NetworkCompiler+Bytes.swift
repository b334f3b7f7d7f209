import CKernels
import Compute
import Diagnostics
import Networks
import Tensors

/// The lowering of operators on bytes, and of the conversions around them.
extension NetworkCompiler {
  /// The bytes of a value.
  func bytes(_ value: Int) -> UnsafeMutablePointer<UInt8> {
    UnsafeMutableRawPointer(pointers[value]).assumingMemoryBound(to: UInt8.self)
  }

  /// The grid of a value that lies in bytes.
  func grid(_ value: Int) -> ByteGrid {
    guard let grid = network.nodes[value].grid else { preconditionFailure("the plan gives every byte a grid") }
    return grid
  }

  /// Lowers a node that reads or writes bytes; `false` for one that does neither.
  mutating func lowerBytes(_ node: Network.Node, _ value: Int) throws -> Bool {
    let reads = node.inputs.first.map { network.nodes[$0].grid != nil } ?? false
    guard reads || node.grid != nil else { return false }
    switch node.op {
    case .activation where !reads: lowerQuantise(node.inputs[0], value)
    case .activation where node.grid == nil: lowerDequantise(node.inputs[0], value)
    case .activation: lowerTable(node.inputs[0], value)
    case .convolution(let convolution): try lowerBytes(convolution, node, value)
    case .linear(let linear): try lowerBytes(linear, node, value)
    case .add: lowerByteSum(node, value)
    case .multiply: lowerByteProduct(node, value)
    case .pool(let pool): try lowerBytes(pool, node, value)
    case .globalAveragePool:
      let input = layouts[node.inputs[0]]
      appendBytePool(.average, input.wholeWindow(layouts[value]), node, value)
    case .concat: lowerByteConcat(node, value)
    case .channelSlice(let start, let count):
      let input = layouts[node.inputs[0]]
      appendByteCopy(
        rows: input.images * input.pixels, columns: count, from: bytes(node.inputs[0]) + start,
        stride: input.channels, to: bytes(value), stride: count)
    case .channelShuffle(let groups): lowerByteShuffle(groups, node, value)
    case .flatten: lowerByteFlatten(node, value)
    default:
      preconditionFailure("the plan leaves \(node.op.name) to FP32")
    }
    return true
  }

  // MARK: Conversions

  private mutating func lowerQuantise(_ operand: Int, _ value: Int) {
    let (layout, grid) = (layouts[value], grid(value))
    if network.isQuantisedAtOnce(operand), !layout.isPlain {
      // The caller's planes become bytes with neighbouring channels in one pass.
      let blocks = PixelBlocks(images: layout.images, pixels: layout.pixels, threads: threads)
      append(
        .quantisePlanes(
          QuantisePlanesStep(
            function: kernels.bytes.conversion.quantise_planes, channels: layout.channels,
            input: pointers[operand], scale: grid.scale, zero: grid.zero, output: bytes(value), blocks: blocks,
            partition: Partition(blocks: blocks.count, threads: threads, nanoseconds: layout.elements / 4))))
      return
    }
    append(
      .quantise(
        QuantiseStep(
          function: kernels.bytes.conversion.quantise, count: layout.elements, input: pointers[operand],
          scale: grid.scale, zero: grid.zero, output: bytes(value), partition: flatPartition(layout.elements))))
  }

  private mutating func lowerDequantise(_ operand: Int, _ value: Int) {
    let (count, grid) = (layouts[value].elements, grid(operand))
    append(
      .dequantise(
        DequantiseStep(
          function: kernels.bytes.conversion.dequantise, count: count, input: bytes(operand), scale: grid.scale,
          zero: grid.zero, output: pointers[value], partition: flatPartition(count))))
  }

  private func flatPartition(_ count: Int) -> Partition {
    Partition(blocks: max(1, count / 8192), threads: threads, nanoseconds: count / 16)
  }

  // MARK: Elementwise

  private mutating func lowerTable(_ operand: Int, _ value: Int) {
    let count = layouts[value].elements
    appendByteCopy(
      rows: max(1, count / 4096), columns: 0, count: count, from: bytes(operand), to: bytes(value),
      table: byteTables[value])
  }

  private mutating func lowerByteSum(_ node: Network.Node, _ value: Int) {
    let (a, b, sum) = (grid(node.inputs[0]), grid(node.inputs[1]), grid(value))
    let bounds = tails[value]?.bounds ?? 0...255
    let count = layouts[value].elements
    append(
      .byteSum(
        ByteSumStep(
          function: kernels.bytes.add, count: count, left: bytes(node.inputs[0]), right: bytes(node.inputs[1]),
          addition: qn_u8_addition(
            a_scale: a.scale / sum.scale, b_scale: b.scale / sum.scale, a_zero: Int32(a.zero),
            b_zero: Int32(b.zero), zero: Int32(sum.zero), low: Int32(bounds.lowerBound),
            high: Int32(bounds.upperBound), table: nil),
          output: bytes(value), partition: flatPartition(count))))
  }

  /// A product of equals, or of an image and one factor per channel.
  private mutating func lowerByteProduct(_ node: Network.Node, _ value: Int) {
    let (x, gate, product) = (grid(node.inputs[0]), grid(node.inputs[1]), grid(value))
    let layout = layouts[value]
    let isGate = layouts[node.inputs[1]] != layout
    let blocks = PixelBlocks(
      images: isGate ? layout.images : 1, pixels: isGate ? layout.pixels : 1, threads: threads)
    append(
      .byteGate(
        ByteGateStep(
          function: kernels.bytes.gate, channels: isGate ? layout.channels : layout.elements,
          input: bytes(node.inputs[0]), gate: bytes(node.inputs[1]),
          multiplication: qn_u8_multiplication(
            scale: x.scale * gate.scale / product.scale, x_zero: Int32(x.zero), gate_zero: Int32(gate.zero),
            zero: Int32(product.zero), low: 0, high: 255),
          output: bytes(value), blocks: blocks,
          partition: Partition(blocks: blocks.count, threads: threads, nanoseconds: layout.elements / 16))))
  }

  // MARK: Images

  private mutating func lowerBytes(_ pool: Pool, _ node: Network.Node, _ value: Int) throws {
    try check(pool, node)
    let window = qn_window(
      layouts[node.inputs[0]], layouts[value], kernel: pool.kernel, stride: pool.stride, padding: pool.padding,
      dilation: .one)
    appendBytePool(pool.kind, window, node, value)
  }

  private mutating func appendBytePool(_ kind: Pool.Kind, _ window: qn_window, _ node: Network.Node, _ value: Int) {
    let (input, output) = (layouts[node.inputs[0]], layouts[value])
    let (from, to) = (grid(node.inputs[0]), grid(value))
    let averaging = qn_u8_averaging(
      scale: from.scale / to.scale, x_zero: Int32(from.zero), zero: Int32(to.zero), low: 0, high: 255)
    let blocks = imageBlocks(output, rows: output.height, lanes: 64)
    let taps = Int(window.kernel_height) * Int(window.kernel_width)
    append(
      .bytePool(
        BytePoolStep(
          function: kernels.bytes.pool, window: window, averaging: kind == .average ? averaging : nil,
          input: bytes(node.inputs[0]), output: bytes(value), inputImage: input.imageElements,
          outputImage: output.imageElements, blocks: blocks,
          partition: Partition(blocks: blocks.count, threads: threads, nanoseconds: output.elements * taps / 16))))
    // The largest byte is on the operand's grid.
    if kind == .maximum, from != to {
      appendByteCopy(
        rows: 1, columns: 0, count: output.elements, from: bytes(value), to: bytes(value),
        table: keep(bytes: from.table(to: to) { $0 }))
    }
  }

  private mutating func lowerByteConcat(_ node: Network.Node, _ value: Int) {
    let (output, target) = (layouts[value], grid(value))
    var first = 0
    for operand in node.inputs {
      let (channels, source) = (layouts[operand].channels, grid(operand))
      appendByteCopy(
        rows: output.images * output.pixels, columns: channels, from: bytes(operand), stride: channels,
        to: bytes(value) + first, stride: output.channels,
        table: source == target ? nil : keep(bytes: source.table(to: target) { $0 }))
      first += channels
    }
  }

  private mutating func lowerByteShuffle(_ groups: Int, _ node: Network.Node, _ value: Int) {
    let layout = layouts[value]
    let pixels = layout.images * layout.pixels
    append(
      .byteShuffle(
        ByteShuffleStep(
          pixels: pixels, groups: groups, perGroup: layout.channels / groups, input: bytes(node.inputs[0]),
          output: bytes(value),
          partition: Partition(
            blocks: min(pixels, threads == 1 ? 1 : 4 * threads), threads: threads, nanoseconds: layout.elements / 4))))
  }

  /// NCHW order for whoever reads the flat value; nothing where an image is one pixel or one channel.
  private mutating func lowerByteFlatten(_ node: Network.Node, _ value: Int) {
    let input = layouts[node.inputs[0]]
    guard !input.isPlain else { return }
    append(
      .byteTranspose(
        ByteTransposeStep(
          images: input.images, rows: input.pixels, columns: input.channels, input: bytes(node.inputs[0]),
          output: bytes(value),
          partition: Partition(blocks: input.images, threads: threads, nanoseconds: input.elements))))
  }

  /// Copies `count` bytes as they lie, through a table where there is one.
  private mutating func appendByteCopy(
    rows: Int, columns: Int, count: Int, from source: UnsafePointer<UInt8>, to target: UnsafeMutablePointer<UInt8>,
    table: UnsafePointer<UInt8>?
  ) {
    // Rows of one length that divides the count, so that threads can share them.
    let rows = (1...rows).last { count % $0 == 0 } ?? 1
    appendByteCopy(
      rows: rows, columns: count / rows, from: source, stride: count / rows, to: target, stride: count / rows,
      table: table)
  }

  private mutating func appendByteCopy(
    rows: Int, columns: Int, from source: UnsafePointer<UInt8>, stride sourceStride: Int,
    to target: UnsafeMutablePointer<UInt8>, stride targetStride: Int, table: UnsafePointer<UInt8>? = nil
  ) {
    append(
      .byteTable(
        ByteTableStep(
          function: kernels.bytes.table, rows: rows, columns: columns, input: source, inputStride: sourceStride,
          table: table, output: target, outputStride: targetStride,
          partition: Partition(
            blocks: min(rows, threads == 1 ? 1 : 4 * threads), threads: threads, nanoseconds: rows * columns / 32))))
  }
}

extension ValueLayout {
  /// The window that is as large as the image.
  func wholeWindow(_ output: ValueLayout) -> qn_window {
    qn_window(
      self, output, kernel: Extent(height: height, width: width), stride: .one, padding: .zero, dilation: .one)
  }
}
