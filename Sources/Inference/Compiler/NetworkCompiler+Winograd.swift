import CKernels
import Compute
import Networks
import Tensors

extension NetworkCompiler {
  /// How a convolution is cut into Winograd tiles where that is estimated to be faster than unrolled windows.
  func winogradShape(_ convolution: Convolution, input: ValueLayout, output: ValueLayout) -> WinogradShape? {
    guard convolution.isWinogradCase, !convolution.isBF16 else { return nil }
    let shapes = [4, 2].map {
      WinogradShape(
        tile: $0, inputs: input.channels, output: output, cacheBytes: CPU.current.l2Bytes)
    }
    let direct = ConvolutionCost.direct(
      rows: output.images * output.pixels, inputs: input.channels, outputs: output.channels)
    let costs = shapes.map { ($0, ConvolutionCost.winograd($0)) }
    return costs.filter { $0.1 < direct }.min { $0.1 < $1.1 }?.0
  }

  /// Whether all threads share the blocks of a convolution, part by part, since whole blocks would keep some waiting.
  private func sharesBlocks(_ shape: WinogradShape) -> Bool {
    threads > 1 && shape.blocks < 4 * threads && shape.blocks % threads != 0
      && ConvolutionCost.winograd(shape) > 20_000
  }

  /// Elements of scratch memory for transformed tiles, all threads together.
  var winogradElements: Int {
    network.nodes.indices.map { value in
      guard case .convolution(let convolution) = network.nodes[value].op,
        network.nodes[network.nodes[value].inputs[0]].grid == nil,
        let shape = winogradShape(
          convolution, input: layouts[network.nodes[value].inputs[0]], output: layouts[value])
      else { return 0 }
      return (sharesBlocks(shape) ? shape.blocks : threads) * shape.blockElements
    }.max() ?? 0
  }

  /// A convolution as transforms and products.
  mutating func lowerWinograd(
    _ convolution: Convolution, _ shape: WinogradShape, _ node: Network.Node, _ value: Int
  ) throws {
    let (input, output) = (layouts[node.inputs[0]], layouts[value])
    let filters = packWinograd(try parameters.required(node, 0), shape)
    let bias = convolution.hasBias ? try parameters.required(node, 1) : nil
    var step = WinogradStep(
      transforms: kernels.winograd(tile: shape.tile), product: kernels.product.function,
      window: convolution.window(input, output), shape: shape, input: pointers[node.inputs[0]],
      inputImage: input.imageElements, packed: filters.start, packedElement: filters.stride,
      bias: bias.map { keep($0) },
      residual: node.inputs.count > 1 ? UnsafePointer(pointers[node.inputs[1]]) : nil,
      activation: convolution.activation.code, output: pointers[value], outputImage: output.imageElements,
      scratch: scratch, phase: .all, partition: Partition(blocks: 1, threads: 1, nanoseconds: 0))
    let phases: [(WinogradStep.Phase, Int)] =
      sharesBlocks(shape)
      ? [(.input, shape.portions), (.products, shape.elements), (.output, shape.portions)] : [(.all, 1)]
    let nanoseconds = Int(ConvolutionCost.winograd(shape)) / phases.count
    for (phase, perBlock) in phases {
      step.phase = phase
      step.partition = Partition(blocks: shape.blocks * perBlock, threads: threads, nanoseconds: nanoseconds)
      append(.winograd(step))
    }
  }

  /// The transformed filters, one packed matrix per element of a tile.
  private mutating func packWinograd(
    _ weight: [Float], _ shape: WinogradShape
  ) -> (start: UnsafePointer<Float>, stride: Int) {
    let count = shape.inputs * shape.outputs
    let transformed = AlignedBuffer(count: shape.elements * count)
    weight.withUnsafeBufferPointer {
      qn_f32_winograd_filters(Int32(shape.tile), count, $0.baseAddress, transformed.pointer)
    }
    let matrices = (0..<shape.elements).map { element in
      PackedMatrix(
        transformed.pointer + element * count, bias: nil, columns: shape.outputs, depth: shape.inputs,
        panel: kernels.panel)
    }
    return keepAll(matrices.map(\.buffer))
  }
}

extension Convolution {
  /// Whether minimal filtering applies.
  fileprivate var isWinogradCase: Bool {
    groups == 1 && kernel == Extent(height: 3, width: 3) && stride == .one && dilation == .one
  }
}
