import CKernels
import Compute
import Diagnostics
import Networks
import Tensors

/// Convolutions and fully connected layers of bytes.
extension NetworkCompiler {
  /// A convolution as a depthwise kernel, or as products of unrolled windows.
  mutating func lowerBytes(_ convolution: Convolution, _ node: Network.Node, _ value: Int) throws {
    let (input, output) = (layouts[node.inputs[0]], layouts[value])
    let layer = try byteLayer(node, hasBias: convolution.hasBias)
    if convolution.isDepthwise(inputs: input.channels) {
      return lowerByteDepthwise(convolution, layer, node, value)
    }
    let isUnrolled = !convolution.isPointwise
    let shape = ByteProductShape(
      images: isUnrolled ? output.images : 1, rows: isUnrolled ? output.pixels : output.images * output.pixels,
      columns: convolution.channels, channels: input.channels,
      taps: convolution.kernel.height * convolution.kernel.width, groups: convolution.groups,
      groupsTogether: convolution.groupsTogether(panel: Int(kernels.bytes.product.panel)), isUnrolled: isUnrolled)
    let turned = convolution.tapMajor(layer.weights, channelsPerGroup: input.channels / convolution.groups)
    appendByteProduct(
      shape, turned, layer, window: convolution.window(input, output), inputStride: input.channels,
      inputImage: input.imageElements, node, value)
  }

  /// A fully connected layer over the last dimension.
  mutating func lowerBytes(_ linear: Linear, _ node: Network.Node, _ value: Int) throws {
    let input = layouts[node.inputs[0]]
    let depth = input.shape[-1]
    let layer = try byteLayer(node, hasBias: linear.hasBias)
    let shape = ByteProductShape(
      images: 1, rows: input.elements / depth, columns: linear.features, channels: depth)
    appendByteProduct(
      shape, layer.weights, layer, window: qn_window(), inputStride: depth, inputImage: 0, node, value)
  }

  /// Bytes of scratch memory that one thread needs for a convolution.
  func byteScratch(_ convolution: Convolution, channels: Int, output: ValueLayout) -> Int {
    ByteProductShape(
      images: 1, rows: output.pixels, columns: convolution.channels, channels: channels,
      taps: convolution.kernel.height * convolution.kernel.width, groups: convolution.groups,
      groupsTogether: convolution.groupsTogether(panel: Int(kernels.bytes.product.panel)), isUnrolled: true
    ).scratchBytes(kernels.bytes.product)
  }

  /// The whole numbers of a layer: weights and bias by their scales, and what makes bytes of the sums.
  private func byteLayer(_ node: Network.Node, hasBias: Bool) throws -> ByteLayer {
    let weights = try parameters.required(node, 0)
    let bias = hasBias ? try parameters.required(node, 1) : nil
    let scales = try parameters.required(node, hasBias ? 2 : 1)
    return ByteLayer(weights: weights, bias: bias, scales: scales, input: grid(node.inputs[0]))
  }

  private mutating func lowerByteDepthwise(
    _ convolution: Convolution, _ layer: ByteLayer, _ node: Network.Node, _ value: Int
  ) {
    let (input, output) = (layouts[node.inputs[0]], layouts[value])
    let taps = convolution.kernel.height * convolution.kernel.width
    let kernel = kernels.bytes.depthwise
    let turned = (0..<taps * output.channels).map {
      layer.weights[$0 % output.channels * taps + $0 / output.channels]
    }
    var window = convolution.window(input, output)
    let packed = keepBytes(count: kernel.packed_size(&window))
    kernel.pack(&window, turned, layer.bias, layer.input.zero, packed)
    let blocks = imageBlocks(output, rows: output.height, lanes: 64)
    append(
      .byteDepthwise(
        ByteDepthwiseStep(
          function: kernel.function, window: window, input: bytes(node.inputs[0]), inputZero: layer.input.zero,
          packed: UnsafeRawPointer(packed), requantisation: requantisation(layer, node, value),
          output: node.grid == nil ? nil : bytes(value), inputImage: input.imageElements,
          outputImage: output.imageElements, blocks: blocks,
          partition: Partition(blocks: blocks.count, threads: threads, nanoseconds: output.elements * taps / 16))))
  }

  private mutating func appendByteProduct(
    _ shape: ByteProductShape, _ weights: [Int8], _ layer: ByteLayer, window: qn_window, inputStride: Int,
    inputImage: Int, _ node: Network.Node, _ value: Int
  ) {
    let kernel = kernels.bytes.product
    let panel = Int(kernel.panel)
    let packed = packSections(weights, layer, shape, kernel)
    let blockRows = shape.blockRows(kernel)
    let rowBlocks = (shape.rows + blockRows - 1) / blockRows
    let units = shape.images * rowBlocks * shape.sections
    let panels = (shape.sectionColumns + panel - 1) / panel
    // Few rows are shared out by columns; then every thread reads its own part of the weights.
    let isWide = threads > 1 && !shape.isUnrolled && units < 2 * threads
    let columnBlocks = isWide ? min(panels, (2 * threads + units - 1) / units) : 1
    let macs = shape.images * shape.rows * shape.columns * shape.depth
    append(
      .byteProduct(
        ByteProductStep(
          function: kernel.function, window: window, isUnrolled: shape.isUnrolled, images: shape.images,
          rowsPerImage: shape.rows, sections: shape.sections, sectionColumns: shape.sectionColumns,
          columns: shape.columns, sectionChannels: shape.sectionChannels, channels: shape.channels, taps: shape.taps,
          input: bytes(node.inputs[0]), inputStride: inputStride, inputImage: inputImage,
          inputZero: layer.input.zero, packed: packed.start, packedSection: packed.perSection,
          depthMultiple: Int(kernel.depth), panel: panel, output: node.grid == nil ? nil : bytes(value),
          requantisation: requantisation(layer, node, value),
          blockRows: blockRows, rowBlocks: rowBlocks, columnBlocks: columnBlocks,
          scratch: UnsafeMutableRawPointer(scratch).assumingMemoryBound(to: UInt8.self),
          scratchPerWorker: shape.scratchBytes(kernel), scratchStride: shape.unrolledStride(kernel),
          partition: Partition(blocks: units * columnBlocks, threads: threads, nanoseconds: macs / 128))))
  }

  /// One packed matrix per section, one behind the other.
  private mutating func packSections(
    _ weights: [Int8], _ layer: ByteLayer, _ shape: ByteProductShape, _ kernel: qn_u8_gemm_kernel
  ) -> (start: UnsafeRawPointer, perSection: Int) {
    let bias = layer.bias ?? Array(repeating: 0, count: shape.columns)
    let sections = (0..<shape.sections).map { section in
      let columns = shape.columns(of: section)
      return shape.weights(weights, of: section).withUnsafeBufferPointer { weights in
        bias.withUnsafeBufferPointer { bias in
          // A shape with an extent of 0 never gets this far, so there is a first element.
          PackedBytes(
            weights.baseAddress.unsafelyUnwrapped, bias: bias.baseAddress.unsafelyUnwrapped + columns.lowerBound,
            zeroPoint: layer.input.zero, columns: columns.count, depth: weights.count / columns.count, kernel: kernel)
        }
      }
    }
    let perSection = sections[0].byteCount
    let all = keepBytes(count: sections.reduce(0) { $0 + $1.byteCount })
    for (index, section) in sections.enumerated() {
      (all + index * perSection).copyMemory(from: section.pointer, byteCount: section.byteCount)
    }
    return (UnsafeRawPointer(all), perSection)
  }

  /// How a layer's sums become bytes, or numbers where the value has no grid.
  private mutating func requantisation(
    _ layer: ByteLayer, _ node: Network.Node, _ value: Int
  ) -> qn_requantisation {
    let tail = tails[value] ?? ByteTail()
    var result = qn_requantisation()
    let own = tail.grid
    result.scale = keep(layer.scales.map { layer.input.scale * $0 / (own?.scale ?? 1) })
    guard let own else {
      result.real = pointers[value]
      result.real_stride = layouts[value].shape[layouts[value].shape.rank == 4 ? 1 : -1]
      return result
    }
    result.zero = Int32(own.zero)
    (result.low, result.high) = (Int32(tail.bounds.lowerBound), Int32(tail.bounds.upperBound))
    result.table = tail.table.map { keep(bytes: $0) }
    if tail.addsResidual, let last = tail.lastGrid {
      let (residual, sum) = (grid(node.inputs[1]), grid(value))
      result.residual = UnsafePointer(bytes(node.inputs[1]))
      result.residual_stride = layouts[value].channels
      (result.own_scale, result.residual_scale) = (last.scale / sum.scale, residual.scale / sum.scale)
      (result.own_zero, result.residual_zero) = (Int32(last.zero), Int32(residual.zero))
      result.sum_zero = Int32(sum.zero)
      (result.sum_low, result.sum_high) = (Int32(tail.sumBounds.lowerBound), Int32(tail.sumBounds.upperBound))
    }
    return result
  }
}

/// A layer's weights and bias as whole numbers.
struct ByteLayer {
  let weights: [Int8]
  /// In units of the input's scale times the channel's.
  let bias: [Int32]?
  let scales: [Float]
  let input: ByteGrid

  init(weights numbers: [Float], bias: [Float]?, scales: [Float], input: ByteGrid) {
    let size = numbers.count / scales.count
    weights = numbers.indices.map { i in
      Int8(max(-127, min(127, (numbers[i] / scales[i / size]).rounded(.toNearestOrEven))))
    }
    self.bias = bias.map { bias in
      bias.indices.map { i in
        let units = Double(bias[i]) / (Double(input.scale) * Double(scales[i]))
        // The plan has seen to it that this fits.
        return Int32(max(-0x7fff_0000, min(0x7fff_0000, units.rounded(.toNearestOrEven))))
      }
    }
    self.scales = scales
    self.input = input
  }
}

/// The extents of a byte product step.
struct ByteProductShape {
  let images: Int
  let rows: Int
  let columns: Int
  let channels: Int
  var taps = 1
  var groups = 1
  /// How many groups are multiplied as one.
  var groupsTogether = 1
  var isUnrolled = false

  /// The groups are cut into these many sections.
  var sections: Int { (groups + groupsTogether - 1) / groupsTogether }
  var sectionColumns: Int { columns / groups * groupsTogether }
  var sectionChannels: Int { channels / groups * groupsTogether }
  /// The length of the longest sums.
  var depth: Int { taps * sectionChannels }

  /// The columns of a section; the last may have fewer.
  func columns(of section: Int) -> Range<Int> {
    section * sectionColumns..<min(columns, (section + 1) * sectionColumns)
  }

  /// Weights `[column, tap, channel]` of a section, with zeros for the channels of the others of its groups.
  func weights(_ all: [Int8], of section: Int) -> [Int8] {
    let columns = columns(of: section)
    let (groupColumns, groupChannels) = (self.columns / groups, channels / groups)
    let sectionChannels = columns.count / groupColumns * groupChannels
    var result = [Int8](repeating: 0, count: columns.count * taps * sectionChannels)
    for column in columns {
      let place = (column - columns.lowerBound) / groupColumns * groupChannels
      for tap in 0..<taps {
        let (target, source) = ((column - columns.lowerBound) * taps + tap, column * taps + tap)
        for channel in 0..<groupChannels {
          result[target * sectionChannels + place + channel] = all[source * groupChannels + channel]
        }
      }
    }
    return result
  }

  /// Rows of a block: what stays in the first-level cache, in whole tiles of 32.
  func blockRows(_ kernel: qn_u8_gemm_kernel) -> Int {
    min(rows, max(1, min(24576 / unrolledStride(kernel) / 32, 8)) * 32)
  }

  /// The distance of unrolled rows, which are read in whole steps of the kernel.
  func unrolledStride(_ kernel: qn_u8_gemm_kernel) -> Int {
    let step = max(Int(kernel.depth), 16)
    return (depth + step - 1) / step * step
  }

  /// Bytes of scratch memory for a block of unrolled rows, in whole cache lines.
  func scratchBytes(_ kernel: qn_u8_gemm_kernel) -> Int {
    isUnrolled ? (blockRows(kernel) * unrolledStride(kernel) + 64 + 63) / 64 * 64 : 0
  }
}

extension Convolution {
  /// How many groups are multiplied as one, so that their columns fill two panels: the zeros between them cost less than
  /// panels that are mostly empty and than unrolling windows channel by channel.
  func groupsTogether(panel: Int) -> Int { min(groups, max(1, 2 * panel * groups / channels)) }
}
