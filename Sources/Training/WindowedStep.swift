import CKernels
import Networks

/// Any other convolution: windows are unrolled into rows, and each group is a matrix product.
///
/// Rows of the image are unrolled as many as the cache holds; the unrolled matrix is never stored.
final class WindowedStep: TrainingStep {
  let kind = StepKind.windowed
  private let input: Operand
  private let output: PlanValue
  private let window: qn_window
  private let groups: Int
  private let weight: PackedParameter
  private let bias: PackedParameter?
  /// The batch norm whose moments are taken on the way.
  var norm: Normalisation?
  private let memory: PlanMemory
  /// Per group, taps·in × out for the forward pass and out × taps·in for the backward one.
  private let forwardWeight: Region
  private let backwardWeight: Region
  private let weightGradient: ChunkedGradient
  private let biasGradient: ChunkedGradient?

  /// - Parameter window: The window over all channels of the input.
  init(
    _ input: Operand, _ output: PlanValue, window: qn_window, groups: Int, weight: PackedParameter,
    bias: PackedParameter?, chunks: Int, memory: PlanMemory
  ) {
    (self.input, self.output, self.window, self.groups) = (input, output, window, groups)
    (self.weight, self.bias, self.memory) = (weight, bias, memory)
    forwardWeight = memory.reserve(weight.count)
    backwardWeight = memory.reserve(weight.count)
    weightGradient = ChunkedGradient(count: weight.count, chunks: chunks, memory: memory)
    biasGradient = bias.map { ChunkedGradient(count: $0.count, chunks: chunks, memory: memory) }
  }

  private var inputs: Int { input.value.channels / groups }
  private var outputs: Int { output.channels / groups }
  private var taps: Int { Int(window.kernel_height * window.kernel_width) }
  /// The length of a row of the unrolled matrix: taps × channels of all groups.
  private var line: Int { taps * input.value.channels }
  private var imageElements: Int { input.value.pixels * input.value.channels }
  /// Rows of the output that are unrolled at a time.
  private var band: Int {
    max(1, min(output.height, 64 * 1024 / max(1, output.width * line)))
  }
  private var bandElements: Int { band * output.width * line }
  var scratchElements: Int { 2 * imageElements + 2 * bandElements + output.pixels * output.channels }

  func loadParameters() {
    weight.load()
    bias?.load()
    for group in 0..<groups {
      for out in 0..<outputs { turn(group, out) }
    }
  }

  /// Lays out the taps of one output channel; the box is out × in × taps.
  private func turn(_ group: Int, _ out: Int) {
    let size = outputs * taps * inputs
    let from = weight.values + (group * outputs + out) * inputs * taps
    let row = memory.pointer(backwardWeight) + group * size + out * taps * inputs
    qn_f32_copy_strided(taps, inputs, from, 1, taps, row, inputs, 1)
    let column = memory.pointer(forwardWeight) + group * size + out
    qn_f32_copy_strided(taps * inputs, 1, row, 1, 1, column, outputs, 1)
  }

  func forward(_ context: PassContext) {
    if context.measures { norm?.clearSums() }
    context.forEachChunk { lane in
      for image in lane.images {
        let x = readImage(image, lane)
        let y = memory.pointer(output.data) + image * output.pixels * output.channels
        forEachBlock(0..<output.height, size: band) { rows in forward(rows, x, y, lane) }
        if let bias { lane.kernels.add_bias(output.pixels, output.channels, bias.values, y) }
        guard let norm, context.measures else { continue }
        var moments = norm.forwardMoments(lane.chunk, fresh: image == lane.images.lowerBound)
        lane.kernels.moments(output.pixels, output.channels, y, &moments)
      }
    }
  }

  private func readImage(_ image: Int, _ lane: Lane) -> UnsafePointer<Float> {
    let pixels = input.value.pixels
    return input.read(image * pixels..<(image + 1) * pixels, lane, in: memory, scratch: lane.scratch)
  }

  private func unroll(_ rows: Range<Int>, _ x: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>) {
    withUnsafePointer(to: window) { qn_f32_unroll($0, x, Int32(rows.lowerBound), Int32(rows.upperBound), to) }
  }

  private func forward(
    _ rows: Range<Int>, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>, _ lane: Lane
  ) {
    let unrolled = lane.scratch + 2 * imageElements
    unroll(rows, x, unrolled)
    let from = y + rows.lowerBound * output.width * output.channels
    let pixels = rows.count * output.width
    forEachProduct { group, tap, width in
      let weights = memory.pointer(forwardWeight) + (group * taps + tap) * inputs * outputs
      lane.kernels.matmul(
        pixels, outputs, width, unrolled + tap * input.value.channels + group * inputs, line, 1, weights,
        outputs,
        from + group * outputs, output.channels, tap == 0 ? 0 : 1)
    }
  }

  /// The products that make up the convolution: one over all taps where there is one group; else one per group and tap,
  /// as the channels of a group are neighbours only within a tap.
  private func forEachProduct(_ body: (_ group: Int, _ tap: Int, _ width: Int) -> Void) {
    guard groups > 1 else { return body(0, 0, taps * inputs) }
    for group in 0..<groups {
      for tap in 0..<taps { body(group, tap, inputs) }
    }
  }

  func backward(_ context: PassContext) {
    context.forEachChunk { lane in
      weightGradient.sums(lane.chunk).update(repeating: 0, count: weight.count)
      biasGradient?.sums(lane.chunk).update(repeating: 0, count: output.channels)
      for image in lane.images { backward(image, lane) }
    }
    addWeightGradient(weightGradient.joined(context))
    if let bias, let biasGradient { bias.addGradient(biasGradient.joined(context)) }
  }

  private func addWeightGradient(_ gradient: UnsafePointer<Float>) {
    // The packed values are not needed any more: their place takes the gradient in the box's layout.
    for out in 0..<output.channels {
      let offset = out * taps * inputs
      qn_f32_copy_strided(inputs, taps, gradient + offset, 1, inputs, weight.values + offset, taps, 1)
    }
    weight.addGradient(weight.values)
  }

  private func backward(_ image: Int, _ lane: Lane) {
    let x = readImage(image, lane)
    let dx = lane.scratch + imageElements
    if input.value.needsGradient { dx.update(repeating: 0, count: imageElements) }
    let pixels = output.pixels
    let dy = output.readGradient(
      image * pixels..<(image + 1) * pixels, lane, in: memory,
      scratch: lane.scratch + 2 * imageElements + 2 * bandElements)
    if let biasGradient {
      lane.kernels.column_sums(pixels, output.channels, dy, biasGradient.sums(lane.chunk))
    }
    forEachBlock(0..<output.height, size: band) { rows in
      backward(rows, x, dy + rows.lowerBound * output.width * output.channels, dx, lane)
    }
    guard input.value.needsGradient else { return }
    let inPixels = input.value.pixels
    input.give(image * inPixels..<(image + 1) * inPixels, dx, lane, in: memory)
  }

  private func backward(
    _ rows: Range<Int>, _ x: UnsafePointer<Float>, _ dy: UnsafePointer<Float>,
    _ dx: UnsafeMutablePointer<Float>,
    _ lane: Lane
  ) {
    let unrolled = lane.scratch + 2 * imageElements
    let gradient = unrolled + bandElements
    let pixels = rows.count * output.width
    unroll(rows, x, unrolled)
    forEachProduct { group, tap, width in
      let column = tap * input.value.channels + group * inputs
      let offset = group * outputs * taps * inputs + tap * inputs
      lane.kernels.matmul(
        outputs, width, pixels, dy + group * outputs, 1, output.channels, unrolled + column, line,
        weightGradient.sums(lane.chunk) + offset, taps * inputs, 1)
      guard input.value.needsGradient else { return }
      lane.kernels.matmul(
        pixels, width, outputs, dy + group * outputs, output.channels, 1,
        memory.pointer(backwardWeight) + offset,
        taps * inputs, gradient + column, line, 0)
    }
    guard input.value.needsGradient else { return }
    withUnsafePointer(to: window) {
      qn_f32_fold($0, gradient, Int32(rows.lowerBound), Int32(rows.upperBound), dx)
    }
  }
}
