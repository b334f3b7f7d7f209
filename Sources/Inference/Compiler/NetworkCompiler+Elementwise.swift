import CKernels
import Compute
import Networks

extension NetworkCompiler {
  /// (x − mean) / deviation as one scale and one shift per channel.
  mutating func lowerNormalize(_ mean: [Float], _ deviation: [Float], _ node: Network.Node, _ value: Int) {
    let scale = deviation.map { 1 / $0 }
    let shift = zip(mean, deviation).map { -$0 / $1 }
    appendConstants(value, from: node.inputs[0], scale: scale, shift: shift)
  }

  /// A batch norm that no convolution took up, as one scale and one shift per channel.
  mutating func lowerBatchNorm(_ epsilon: Float, _ node: Network.Node, _ value: Int) throws {
    let numbers = try (0..<4).map { try parameters.required(node, $0) }
    let (gamma, beta, mean, variance) = (numbers[0], numbers[1], numbers[2], numbers[3])
    // In Double: the shift is a difference of products.
    let scale = zip(gamma, variance).map { Double($0) / (Double($1) + Double(epsilon)).squareRoot() }
    let shift = beta.indices.map { Float(Double(beta[$0]) - Double(mean[$0]) * scale[$0]) }
    appendConstants(value, from: node.inputs[0], scale: scale.map { Float($0) }, shift: shift)
  }

  mutating func lower(_ activation: Activation, _ node: Network.Node, _ value: Int) {
    guard activation != .identity else { return }
    appendFlatStep(value, from: node.inputs[0], activation: activation.code)
  }

  mutating func lowerSum(_ node: Network.Node, _ value: Int) {
    appendFlatStep(value, from: node.inputs[0], addend: UnsafePointer(pointers[node.inputs[1]]))
  }

  /// A product of equals, or of an image and one factor per channel.
  mutating func lowerMultiply(_ node: Network.Node, _ value: Int) {
    let factor = UnsafePointer(pointers[node.inputs[1]])
    if layouts[node.inputs[0]].shape == layouts[node.inputs[1]].shape {
      appendFlatStep(value, from: node.inputs[0], factor: factor)
    } else {
      appendChannelStep(
        value, from: node.inputs[0], scale: factor, scaleImage: layouts[value].channels, shift: nil)
    }
  }

  /// Several pixels with few channels are treated as one with many, so that vectors are full.
  private mutating func appendConstants(_ value: Int, from operand: Int, scale: [Float], shift: [Float]) {
    var together = 1
    while layouts[value].pixels % (2 * together) == 0, 2 * together * scale.count <= 256 { together *= 2 }
    let repeated = [scale, shift].map { numbers in keep((0..<together).flatMap { _ in numbers }) }
    appendChannelStep(value, from: operand, scale: repeated[0], shift: repeated[1], together: together)
  }

  private mutating func appendChannelStep(
    _ value: Int, from operand: Int, scale: UnsafePointer<Float>, scaleImage: Int = 0,
    shift: UnsafePointer<Float>?, together: Int = 1
  ) {
    let layout = layouts[value]
    let blocks = PixelBlocks(images: layout.images, pixels: layout.pixels / together, threads: threads)
    append(
      .channel(
        ChannelStep(
          function: kernels.transform, channels: layout.channels * together, input: pointers[operand],
          scale: scale, scaleImage: scaleImage, shift: shift, activation: qn_identity, output: pointers[value],
          blocks: blocks,
          partition: Partition(blocks: blocks.count, threads: threads, nanoseconds: layout.elements / 8))))
  }

  mutating func appendFlatStep(
    _ value: Int, from operand: Int, factor: UnsafePointer<Float>? = nil, addend: UnsafePointer<Float>? = nil,
    activation: qn_activation = qn_identity
  ) {
    let count = layouts[value].elements
    append(
      .flat(
        FlatStep(
          function: kernels.transform, count: count, input: pointers[operand], factor: factor, addend: addend,
          activation: activation, output: pointers[value],
          partition: Partition(blocks: max(1, count / 4096), threads: threads, nanoseconds: count / 8))))
  }
}
