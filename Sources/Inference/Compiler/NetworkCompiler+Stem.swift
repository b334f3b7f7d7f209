import CKernels
import Networks

extension NetworkCompiler {
  /// A convolution from so few channels that they would not fill a vector.
  mutating func lowerStem(_ convolution: Convolution, _ node: Network.Node, _ value: Int) throws {
    let (input, output) = (layouts[node.inputs[0]], layouts[value])
    let weight = try parameters.required(node, 0)
    let bias = convolution.hasBias ? try parameters.required(node, 1) : nil
    let packed = packGroups(weight, bias, convolution, inputs: input.channels)
    let window = convolution.window(input, output)
    let isPlanar = planarInputs.contains(node.inputs[0])
    // As many rows as share their scratch.
    let rowBlocks = (output.height + 3) / 4
    let macs = output.elements * convolution.depth(inputs: input.channels)
    append(
      .stem(
        StemStep(
          function: kernels.stem, window: window, input: pointers[node.inputs[0]],
          channelStride: isPlanar ? input.pixels : 1, pixelStride: isPlanar ? 1 : input.channels,
          inputImage: input.imageElements, packed: packed.start, outputs: output.channels,
          activation: convolution.activation.code, output: pointers[value], outputImage: output.imageElements,
          rowBlocks: rowBlocks, scratch: scratch, scratchPerWorker: stemElements(window),
          partition: Partition(blocks: output.images * rowBlocks, threads: threads, nanoseconds: macs / 32))))
  }

  /// Elements of scratch memory that one thread needs for a stem.
  func stemElements(_ window: qn_window) -> Int {
    var window = window
    return MemoryPlanner.wholeLines(qn_f32_stem_scratch(&window))
  }

  /// Inputs that are read as the caller's planes, channel by channel, and never as pixels.
  var planarInputs: Set<Network.ValueID> { network.planarInputs(layouts) }
}

extension Network {
  /// Inputs that only stems read.
  func planarInputs(_ layouts: [ValueLayout]) -> Set<ValueID> {
    let readers = consumers
    return Set(
      inputs.filter { input in
        layouts[input].isImage && !readers[input].isEmpty && readers[input].allSatisfy { isStem($0, layouts) }
          && !outputs.contains { $0.value == input }
      })
  }

  /// Whether a node is a convolution of numbers, not bytes, that the stem kernels run.
  func isStem(_ value: ValueID, _ layouts: [ValueLayout]) -> Bool {
    guard case .convolution(let convolution) = nodes[value].op, convolution.groups == 1, !convolution.isBF16,
      nodes[value].inputs.count == 1, nodes[value].grid == nil, nodes[nodes[value].inputs[0]].grid == nil
    else { return false }
    let channels = layouts[nodes[value].inputs[0]].channels
    return channels <= 4 && !convolution.isPointwise && !convolution.isDepthwise(inputs: channels)
      && convolution.depth(inputs: channels) <= Int(qn_f32_stem_taps)
  }
}
