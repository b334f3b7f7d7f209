import CKernels
import Networks

/// Steps that treat every image by itself and have no parameters.
///
/// `transform` computes an image, `transpose` adds the image's gradient to zeros.
final class ImageStep: TrainingStep {
  /// What is done to an image; all in NHWC order.
  enum Transform {
    case pool(qn_window, maximum: Bool)
    case resize
    /// Pixels × channels to channels × pixels.
    case flatten
  }

  let kind = StepKind.pooling
  private let input: Operand
  private let output: PlanValue
  private let transform: Transform
  private let memory: PlanMemory

  init(_ input: Operand, _ output: PlanValue, _ transform: Transform, memory: PlanMemory) {
    (self.input, self.output, self.transform, self.memory) = (input, output, transform, memory)
  }

  private var inputElements: Int { input.value.pixels * input.value.channels }
  private var outputElements: Int { output.pixels * output.channels }
  var scratchElements: Int { 2 * inputElements + outputElements }

  private func read(_ image: Int, _ lane: Lane) -> UnsafePointer<Float> {
    let pixels = input.value.pixels
    return input.read(image * pixels..<(image + 1) * pixels, lane, in: memory, scratch: lane.scratch)
  }

  func forward(_ context: PassContext) {
    context.forEachChunk { lane in
      for image in lane.images {
        apply(read(image, lane), memory.pointer(output.data) + image * outputElements)
      }
    }
  }

  private func apply(_ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    let value = input.value
    switch transform {
    case .pool(var window, let maximum): qn_f32_pool(&window, maximum ? 1 : 0, x, y)
    case .resize:
      qn_f32_resize(
        Int32(value.channels), Int32(value.height), Int32(value.width), x, Int32(output.height),
        Int32(output.width), y)
    case .flatten: qn_f32_copy_strided(value.pixels, value.channels, x, value.channels, 1, y, 1, value.pixels)
    }
  }

  func backward(_ context: PassContext) {
    guard input.value.needsGradient else { return }
    context.forEachChunk { lane in
      for image in lane.images {
        let dy = output.readGradient(
          image * output.pixels..<(image + 1) * output.pixels, lane, in: memory,
          scratch: lane.scratch + 2 * inputElements)
        let dx = lane.scratch + inputElements
        dx.update(repeating: 0, count: inputElements)
        applyTransposed(image, dy, dx, lane)
        let pixels = input.value.pixels
        input.give(image * pixels..<(image + 1) * pixels, dx, lane, in: memory)
      }
    }
  }

  private func applyTransposed(
    _ image: Int, _ dy: UnsafePointer<Float>, _ dx: UnsafeMutablePointer<Float>, _ lane: Lane
  ) {
    let value = input.value
    switch transform {
    case .pool(var window, let maximum):
      qn_f32_pool_backward(&window, maximum ? 1 : 0, read(image, lane), dy, dx)
    case .resize:
      qn_f32_resize_backward(
        Int32(value.channels), Int32(value.height), Int32(value.width), dx, Int32(output.height),
        Int32(output.width),
        dy)
    case .flatten:
      qn_f32_copy_strided(value.pixels, value.channels, dy, 1, value.pixels, dx, value.channels, 1)
    }
  }
}

/// The mean over each image.
final class GlobalPoolStep: TrainingStep {
  let kind = StepKind.pooling
  private let input: Operand
  private let output: PlanValue
  private let memory: PlanMemory

  init(_ input: Operand, _ output: PlanValue, memory: PlanMemory) {
    (self.input, self.output, self.memory) = (input, output, memory)
  }

  private var channels: Int { output.channels }
  private var imageElements: Int { input.value.pixels * channels }
  var scratchElements: Int { (input.value.gated == nil ? 0 : imageElements) + 2 * (channels + 16) }

  func forward(_ context: PassContext) {
    let share = 1 / Float(input.value.pixels)
    context.forEachChunk { lane in
      for image in lane.images {
        var view = input.value.view
        var x = input.value.stored.data(in: memory) + image * imageElements
        if input.value.gated != nil {
          let rows = image * input.value.pixels..<(image + 1) * input.value.pixels
          x = input.read(rows, lane, in: memory, scratch: lane.scratch)
        }
        let y = memory.pointer(output.data) + image * channels
        lane.kernels.column_means(input.value.pixels, channels, x, &view, share, y)
      }
    }
  }

  func backward(_ context: PassContext) {
    guard input.value.needsGradient else { return }
    let share = 1 / Float(input.value.pixels)
    context.forEachChunk { lane in
      for image in lane.images {
        let gradient = output.readGradient(image..<image + 1, lane, in: memory, scratch: lane.scratch)
        let constant = lane.scratch + ((channels + 15) & ~15)
        for c in 0..<channels { constant[c] = gradient[c] * share }
        give(image, constant, lane)
      }
    }
  }

  private func give(_ image: Int, _ constant: UnsafeMutablePointer<Float>, _ lane: Lane) {
    guard input.value.gated != nil else {
      return input.giveConstant(image: image, constant, lane, in: memory)
    }
    let spread = constant + ((channels + 15) & ~15)
    qn_f32_copy_strided(input.value.pixels, channels, constant, 0, 1, spread, channels, 1)
    let pixels = input.value.pixels
    input.give(image * pixels..<(image + 1) * pixels, spread, lane, in: memory)
  }
}

/// The end of a network: hands the logits out, and the loss's gradient in.
final class OutputStep: TrainingStep {
  let kind = StepKind.elementwise
  private let input: Operand
  private let memory: PlanMemory
  /// Batch × classes.
  private let logits: Region
  private let gradient: Region

  init(_ input: Operand, batch: Int, memory: PlanMemory) {
    (self.input, self.memory) = (input, memory)
    logits = memory.reserve(batch * input.value.channels)
    gradient = memory.reserve(batch * input.value.channels)
  }

  var scratchElements: Int { 0 }
  var classes: Int { input.value.channels }
  var logitValues: UnsafeMutablePointer<Float> { memory.pointer(logits) }
  var gradientValues: UnsafeMutablePointer<Float> { memory.pointer(gradient) }

  func forward(_ context: PassContext) {
    let channels = input.value.channels
    context.forEachChunk { lane in
      let to = logitValues + lane.images.lowerBound * channels
      let from = input.read(lane.images, lane, in: memory, scratch: to)
      if from != UnsafePointer(to) { to.update(from: from, count: lane.images.count * channels) }
    }
  }

  func backward(_ context: PassContext) {
    let channels = input.value.channels
    context.forEachChunk { lane in
      input.give(lane.images, gradientValues + lane.images.lowerBound * channels, lane, in: memory)
    }
  }
}
