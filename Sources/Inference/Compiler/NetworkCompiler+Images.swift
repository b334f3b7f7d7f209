import CKernels
import Compute
import Diagnostics
import Networks
import Tensors

extension NetworkCompiler {
  /// Throws where a window of a pool could be empty, or is larger than anything that ends.
  func check(_ pool: Pool, _ node: Network.Node) throws {
    let padding = pool.padding
    guard max(padding.top, padding.bottom) < pool.kernel.height,
      max(padding.left, padding.right) < pool.kernel.width
    else {
      throw Diagnostic(
        .unsupported, "the inference core does not run this pool", at: .init(path: node.name),
        value: "padding \(padding.top), \(padding.left), \(padding.bottom), \(padding.right)",
        rule:
          "padding is smaller than the \(pool.kernel.height)×\(pool.kernel.width) window, so that none is empty"
      )
    }
    let taps = pool.kernel.height * pool.kernel.width
    guard taps <= Self.largestWindow else {
      throw Diagnostic(
        .unsupported, "the inference core does not run this pool", at: .init(path: node.name),
        value: "\(pool.kernel.height)×\(pool.kernel.width)",
        rule: "windows have at most \(Self.largestWindow) elements")
    }
  }

  /// The elements of a picture of 4096×4096.
  private static let largestWindow = 1 << 24

  mutating func lower(_ pool: Pool, _ node: Network.Node, _ value: Int) throws {
    try check(pool, node)
    let window = qn_window(
      layouts[node.inputs[0]], layouts[value], kernel: pool.kernel, stride: pool.stride, padding: pool.padding,
      dilation: .one)
    appendPool(window, isMaximum: pool.kind == .maximum, node, value)
  }

  mutating func lowerGlobalAverage(_ node: Network.Node, _ value: Int) {
    let window = layouts[node.inputs[0]].wholeWindow(layouts[value])
    appendPool(window, isMaximum: false, node, value)
  }

  private mutating func appendPool(_ window: qn_window, isMaximum: Bool, _ node: Network.Node, _ value: Int) {
    let (input, output) = (layouts[node.inputs[0]], layouts[value])
    let blocks = imageBlocks(output, rows: output.height)
    let taps = Int(window.kernel_height) * Int(window.kernel_width)
    append(
      .pool(
        PoolStep(
          function: kernels.pool, window: window, isMaximum: isMaximum, input: pointers[node.inputs[0]],
          output: pointers[value], inputImage: input.imageElements, outputImage: output.imageElements,
          blocks: blocks,
          partition: Partition(
            blocks: blocks.count, threads: threads, nanoseconds: output.elements * taps / 4))))
  }

  mutating func lowerResize(_ node: Network.Node, _ value: Int) {
    let (input, output) = (layouts[node.inputs[0]], layouts[value])
    appendResize(
      rows: neighbours(from: input.height, to: output.height),
      columns: neighbours(from: input.width, to: output.width), node, value)
  }

  mutating func lower(_ resampling: Resampling, _ node: Network.Node, _ value: Int) {
    let (input, output) = (layouts[node.inputs[0]], layouts[value])
    func table(_ size: Int, _ count: Int) -> [qn_neighbours] {
      resampling.neighbours(from: size, to: count).map {
        qn_neighbours(first: Int32($0.first), second: Int32($0.second), blend: $0.blend)
      }
    }
    appendResize(
      rows: table(input.height, output.height), columns: table(input.width, output.width), node, value)
  }

  private mutating func appendResize(
    rows: [qn_neighbours], columns: [qn_neighbours], _ node: Network.Node, _ value: Int
  ) {
    let (input, output) = (layouts[node.inputs[0]], layouts[value])
    let blocks = imageBlocks(output, rows: output.height, cutsChannels: false)
    append(
      .resize(
        ResizeStep(
          function: kernels.resize, width: input.width, outWidth: output.width, rows: keep(rows),
          columns: keep(columns), input: pointers[node.inputs[0]], output: pointers[value],
          inputImage: input.imageElements, outputImage: output.imageElements, blocks: blocks,
          partition: Partition(blocks: blocks.count, threads: threads, nanoseconds: output.elements / 2))))
  }

  /// Where each output row reads, with half-pixel centres; beyond the border the edge repeats.
  private func neighbours(from size: Int, to count: Int) -> [qn_neighbours] {
    (0..<count).map { position in
      let centre = (Double(position) + 0.5) * Double(size) / Double(count) - 0.5
      let clamped = min(max(centre, 0), Double(size - 1))
      let first = Int(clamped)
      return qn_neighbours(
        first: Int32(first), second: Int32(min(first + 1, size - 1)), blend: Float(clamped - Double(first)))
    }
  }

  private mutating func keep(_ table: [qn_neighbours]) -> UnsafePointer<qn_neighbours> {
    let words = MemoryLayout<qn_neighbours>.stride / MemoryLayout<Float>.stride
    let memory = keep(AlignedBuffer(count: table.count * words))
    let entries = UnsafeMutableRawPointer(mutating: memory).bindMemory(
      to: qn_neighbours.self, capacity: table.count)
    for (index, entry) in table.enumerated() { entries[index] = entry }
    return UnsafePointer(entries)
  }

  mutating func lowerConcat(_ node: Network.Node, _ value: Int) {
    let output = layouts[value]
    var first = 0
    for operand in node.inputs {
      let channels = layouts[operand].channels
      appendCopy(
        rows: output.images * output.pixels, columns: channels, from: pointers[operand], stride: channels,
        to: pointers[value] + first, stride: output.channels)
      first += channels
    }
  }

  mutating func lowerSlice(_ start: Int, _ count: Int, _ node: Network.Node, _ value: Int) {
    let input = layouts[node.inputs[0]]
    appendCopy(
      rows: input.images * input.pixels, columns: count, from: pointers[node.inputs[0]] + start,
      stride: input.channels, to: pointers[value], stride: count)
  }

  private mutating func appendCopy(
    rows: Int, columns: Int, from source: UnsafePointer<Float>, stride sourceStride: Int,
    to target: UnsafeMutablePointer<Float>, stride targetStride: Int
  ) {
    append(
      .copy(
        CopyStep(
          rows: rows, columns: columns, input: source, inputStride: sourceStride, output: target,
          outputStride: targetStride,
          partition: Partition(
            blocks: min(rows, threads == 1 ? 1 : 4 * threads), threads: threads,
            nanoseconds: rows * columns / 8))))
  }

  mutating func lowerShuffle(_ groups: Int, _ node: Network.Node, _ value: Int) {
    let layout = layouts[value]
    let pixels = layout.images * layout.pixels
    append(
      .shuffle(
        ShuffleStep(
          pixels: pixels, groups: groups, perGroup: layout.channels / groups, input: pointers[node.inputs[0]],
          output: pointers[value],
          partition: Partition(
            blocks: min(pixels, threads == 1 ? 1 : 4 * threads), threads: threads,
            nanoseconds: layout.elements))))
  }
}
