import CKernels

/// The unfinished gradient of an activation that is pooled for a gate and multiplied by it, as in squeeze and excitation.
///
/// The activation's gradient is dy · gate + d pool / pixels, where the second part is known only after the gate's own
/// backward pass. Waiting for it would cost another pass over the array. Instead dy is stored as it is, its sums are taken
/// per image, batch norm's sums are put together from those, and whoever reads the gradient finishes it.
final class GatedGradient {
  private let value: PlanValue
  private let gate: PlanValue
  private let norm: Normalisation
  private let memory: PlanMemory
  private let sums: Region
  private let constants: Region
  private let stride: Int

  init(_ value: PlanValue, gate: PlanValue, norm: Normalisation, batch: Int, memory: PlanMemory) {
    (self.value, self.gate, self.norm, self.memory) = (value, gate, norm, memory)
    stride = (value.channels + 15) & ~15
    sums = memory.reserve(batch * 5 * stride)
    constants = memory.reserve(batch * stride)
  }

  private func sums(_ image: Int) -> UnsafeMutablePointer<Float> { memory.pointer(sums) + image * 5 * stride }
  private func constant(_ image: Int) -> UnsafeMutablePointer<Float> {
    memory.pointer(constants) + image * stride
  }
  private func factor(_ image: Int) -> UnsafePointer<Float> { gate.data(in: memory) + image * value.channels }

  /// Takes the gradient of rows of one image's product, and gives the gate its share when the image is complete.
  func give(image: Int, _ part: Rows, _ source: UnsafePointer<Float>, _ lane: Lane) {
    let channels = value.channels
    if part.lowerBound == image * value.pixels { sums(image).update(repeating: 0, count: 5 * stride) }
    var sink = qn_gated_sink(
      x: value.stored.data(in: memory) + part.lowerBound * channels, view: value.view, centre: norm.mean,
      sums: sums(image), stride: stride,
      gradient: memory.pointer(value.stored.gradient) + part.lowerBound * channels)
    lane.kernels.give_gated(part.count, channels, source, &sink)
    guard part.upperBound == (image + 1) * value.pixels, gate.needsGradient else { return }
    (memory.pointer(gate.gradient) + image * channels).update(from: sums(image), count: channels)
  }

  /// Takes what the pool gives to every pixel of an image; with that the sums of batch norm are complete.
  func giveConstant(image: Int, _ constant: UnsafePointer<Float>, _ lane: Lane) {
    self.constant(image).update(from: constant, count: value.channels)
    let (parts, gates) = (sums(image), factor(image))
    let (first, second) = (norm.sums(lane.chunk), norm.secondSums(lane.chunk))
    for c in 0..<value.channels {
      first[c] += Double(gates[c] * parts[stride + c] + constant[c] * parts[3 * stride + c])
      second[c] += Double(gates[c] * parts[2 * stride + c] + constant[c] * parts[4 * stride + c])
    }
  }

  /// Lets a reader of one image's gradient finish it.
  func finish(_ view: inout qn_gradient_view, image: Int) {
    view.factor = factor(image)
    view.constant = UnsafePointer(constant(image))
    view.view = value.view
  }
}
