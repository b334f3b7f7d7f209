import CKernels
import Compute
import Networks

extension NetworkCompiler {
  /// A convolution in groups of so few channels that a product per group would leave most of a panel empty.
  mutating func lowerGrouped(_ convolution: Convolution, _ node: Network.Node, _ value: Int) throws {
    let (input, output) = (layouts[node.inputs[0]], layouts[value])
    let taps = convolution.kernel.height * convolution.kernel.width
    let packed = PackedGroups(
      try parameters.required(node, 0), bias: convolution.hasBias ? try parameters.required(node, 1) : nil,
      channels: input.channels, outputs: output.channels, groups: convolution.groups, taps: taps,
      lanes: Int(kernels.grouped.lanes))
    let blocks = imageBlocks(output, rows: output.height)
    let macs = output.elements * convolution.depth(inputs: input.channels)
    append(
      .grouped(
        GroupedStep(
          function: kernels.grouped.function, window: convolution.window(input, output), groups: convolution.groups,
          input: pointers[node.inputs[0]], packed: keep(packed.buffer),
          residual: node.inputs.count > 1 ? UnsafePointer(pointers[node.inputs[1]]) : nil,
          activation: convolution.activation.code, output: pointers[value], inputImage: input.imageElements,
          outputImage: output.imageElements, blocks: blocks, scratch: scratch,
          scratchPerWorker: groupedElements(convolution, input, output),
          partition: Partition(blocks: blocks.count, threads: threads, nanoseconds: macs / 16))))
  }

  /// Elements of scratch memory that one thread needs for a convolution in groups.
  func groupedElements(_ convolution: Convolution, _ input: ValueLayout, _ output: ValueLayout) -> Int {
    var window = convolution.window(input, output)
    return MemoryPlanner.wholeLines(
      qn_f32_gconv_scratch(&window, kernels.grouped.lanes, Int32(convolution.groups), Int32(output.channels)))
  }
}

extension Convolution {
  /// Whether groups are multiplied together; wider ones fill a panel of the product kernels.
  var hasNarrowGroups: Bool { groups > 1 && channels / groups < 32 }
}
