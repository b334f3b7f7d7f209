import CKernels
import Networks

/// A depthwise convolution, image by image.
final class DepthwiseStep: TrainingStep {
  let kind = StepKind.depthwise
  private let input: Operand
  private let output: PlanValue
  private let window: qn_window
  private let weight: PackedParameter
  private let bias: PackedParameter?
  /// The batch norm whose moments are taken on the way.
  var norm: Normalisation?
  private let memory: PlanMemory
  /// The weight as taps × channels; the packed box is channels × taps.
  private let turned: Region
  private let weightGradient: ChunkedGradient
  private let biasGradient: ChunkedGradient?

  init(
    _ input: Operand, _ output: PlanValue, window: qn_window, weight: PackedParameter, bias: PackedParameter?,
    chunks: Int, memory: PlanMemory
  ) {
    (self.input, self.output, self.window, self.memory) = (input, output, window, memory)
    (self.weight, self.bias) = (weight, bias)
    turned = memory.reserve(weight.count)
    weightGradient = ChunkedGradient(count: weight.count, chunks: chunks, memory: memory)
    biasGradient = bias.map { ChunkedGradient(count: $0.count, chunks: chunks, memory: memory) }
  }

  private var channels: Int { output.channels }
  private var taps: Int { weight.count / channels }
  private var kernelScratch: Int { withUnsafePointer(to: window) { qn_f32_depthwise_scratch($0) } }
  /// A gated input is computed into scratch memory, and its gradient passes through there; other views the kernel reads.
  private var gatedElements: Int { input.value.gated == nil ? 0 : input.value.pixels * channels }
  private var gradientElements: Int { output.pixels * channels }
  var scratchElements: Int { kernelScratch + 2 * gatedElements + (bias == nil ? 0 : gradientElements) }

  func loadParameters() {
    weight.load()
    bias?.load()
    qn_f32_copy_strided(taps, channels, weight.values, 1, taps, memory.pointer(turned), channels, 1)
  }

  private func rows(_ image: Int, of value: PlanValue) -> Rows {
    image * value.pixels..<(image + 1) * value.pixels
  }

  /// The image and the view through which the kernel reads it.
  private func source(_ image: Int, _ lane: Lane) -> (x: UnsafePointer<Float>, view: qn_view) {
    let value = input.value
    guard value.gated == nil else {
      let x = input.read(rows(image, of: value), lane, in: memory, scratch: lane.scratch + kernelScratch)
      return (x, qn_view(scale: nil, shift: nil, activation: qn_identity))
    }
    return (value.stored.data(in: memory) + image * value.pixels * channels, value.view)
  }

  func forward(_ context: PassContext) {
    if context.measures { norm?.clearSums() }
    context.forEachChunk { lane in
      for image in lane.images {
        let (x, seen) = source(image, lane)
        var view = seen
        let y = memory.pointer(output.data) + image * output.pixels * channels
        let fresh = image == lane.images.lowerBound
        var moments = qn_moments()
        if let norm, context.measures { moments = norm.forwardMoments(lane.chunk, fresh: fresh) }
        withUnsafePointer(to: window) { window in
          lane.kernels.depthwise(
            window, x, &view, memory.pointer(turned), bias?.values, y, &moments, lane.scratch)
        }
      }
    }
  }

  func backward(_ context: PassContext) {
    context.forEachChunk { lane in
      weightGradient.sums(lane.chunk).update(repeating: 0, count: weight.count)
      biasGradient?.sums(lane.chunk).update(repeating: 0, count: channels)
      for image in lane.images { backward(image, lane) }
    }
    let gradient = weightGradient.joined(context)
    // The packed values are not needed any more: their place takes the gradient in the box's layout.
    qn_f32_copy_strided(channels, taps, gradient, 1, channels, weight.values, taps, 1)
    weight.addGradient(weight.values)
    if let bias, let biasGradient { bias.addGradient(biasGradient.joined(context)) }
  }

  private func backward(_ image: Int, _ lane: Lane) {
    let (x, seen) = source(image, lane)
    var view = seen
    var dy = output.gradientView(image * output.pixels, in: memory)
    let sums = weightGradient.sums(lane.chunk)
    withUnsafePointer(to: window) { window in
      guard input.value.needsGradient else {
        return lane.kernels.depthwise_backward(
          window, &dy, x, &view, memory.pointer(turned), sums, nil, lane.scratch)
      }
      var sink = sink(image, lane)
      lane.kernels.depthwise_backward(
        window, &dy, x, &view, memory.pointer(turned), sums, &sink, lane.scratch)
    }
    if input.value.gated != nil {
      let dx = lane.scratch + kernelScratch + gatedElements
      input.give(rows(image, of: input.value), dx, lane, in: memory)
    }
    if let biasGradient {
      let scratch = lane.scratch + kernelScratch + 2 * gatedElements
      let gradient = output.readGradient(rows(image, of: output), lane, in: memory, scratch: scratch)
      lane.kernels.column_sums(output.pixels, channels, gradient, biasGradient.sums(lane.chunk))
    }
  }

  private func sink(_ image: Int, _ lane: Lane) -> qn_gradient_sink {
    guard input.value.gated == nil else {
      return qn_gradient_sink(
        x: nil, view: qn_view(scale: nil, shift: nil, activation: qn_identity), accumulate: 0,
        moments: qn_moments(),
        gradient: lane.scratch + kernelScratch + gatedElements)
    }
    return input.sink(image * input.value.pixels, lane.chunk, in: memory)
  }
}
