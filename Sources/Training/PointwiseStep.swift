import CKernels

/// A 1×1 convolution of stride 1 or a fully connected layer: one matrix product over all pixels.
///
/// Blocks of rows stay in the second-level cache: the input is read through its view, multiplied, and the batch norm's
/// moments of the result are taken before the block leaves the cache. The backward pass reads the block of gradients once
/// for both products.
final class PointwiseStep: TrainingStep {
  let kind = StepKind.pointwise
  private let input: Operand
  private let output: PlanValue
  private let weight: PackedParameter
  private let bias: PackedParameter?
  /// The batch norm whose moments are taken on the way.
  var norm: Normalisation?
  private let memory: PlanMemory
  /// The weight as in × out, for the forward pass; the packed box is out × in.
  private let turned: Region
  private let weightGradient: ChunkedGradient
  private let biasGradient: ChunkedGradient?

  init(
    _ input: Operand, _ output: PlanValue, weight: PackedParameter, bias: PackedParameter?, chunks: Int,
    memory: PlanMemory
  ) {
    (self.input, self.output, self.weight, self.bias, self.memory) = (input, output, weight, bias, memory)
    turned = memory.reserve(weight.count)
    weightGradient = ChunkedGradient(count: weight.count, chunks: chunks, memory: memory)
    biasGradient = bias.map { ChunkedGradient(count: $0.count, chunks: chunks, memory: memory) }
  }

  private var wide: Int { input.value.channels }
  private var narrow: Int { output.channels }
  private var block: Int { blockRows(elementsPerRow: 2 * (wide + narrow)) }
  var scratchElements: Int { block * (2 * wide + narrow) }

  func loadParameters() {
    weight.load()
    bias?.load()
    qn_f32_copy_strided(wide, narrow, weight.values, 1, wide, memory.pointer(turned), narrow, 1)
  }

  private func rows(_ lane: Lane) -> Rows {
    lane.images.lowerBound * output.pixels..<lane.images.upperBound * output.pixels
  }

  func forward(_ context: PassContext) {
    if context.measures { norm?.clearSums() }
    context.forEachChunk { lane in
      let all = rows(lane)
      forEachBlock(all, size: block) { rows in
        let x = input.read(rows, lane, in: memory, scratch: lane.scratch)
        let y = memory.pointer(output.data) + rows.lowerBound * narrow
        lane.kernels.matmul(
          rows.count, narrow, wide, x, wide, 1, memory.pointer(turned), narrow, y, narrow, 0)
        if let bias { lane.kernels.add_bias(rows.count, narrow, bias.values, y) }
        guard let norm, context.measures else { return }
        var moments = norm.forwardMoments(lane.chunk, fresh: rows.lowerBound == all.lowerBound)
        lane.kernels.moments(rows.count, narrow, y, &moments)
      }
    }
  }

  func backward(_ context: PassContext) {
    context.forEachChunk { lane in
      biasGradient?.sums(lane.chunk).update(repeating: 0, count: narrow)
      let all = rows(lane)
      forEachBlock(all, size: block) { rows in
        backward(rows, lane, isFirst: rows.lowerBound == all.lowerBound)
      }
    }
    weight.addGradient(weightGradient.joined(context))
    if let bias, let biasGradient { bias.addGradient(biasGradient.joined(context)) }
  }

  private func backward(_ rows: Rows, _ lane: Lane, isFirst: Bool) {
    let dy = output.readGradient(rows, lane, in: memory, scratch: lane.scratch)
    let buffer = lane.scratch + block * narrow
    let x = input.read(rows, lane, in: memory, scratch: buffer)
    lane.kernels.matmul(
      narrow, wide, rows.count, dy, 1, narrow, x, wide, weightGradient.sums(lane.chunk), wide, isFirst ? 0 : 1
    )
    if let biasGradient { lane.kernels.column_sums(rows.count, narrow, dy, biasGradient.sums(lane.chunk)) }
    guard input.value.needsGradient else { return }
    if let place = input.plainGradient(rows.lowerBound, in: memory) {
      return lane.kernels.matmul(
        rows.count, wide, narrow, dy, narrow, 1, weight.values, wide, place.gradient, wide, place.accumulate)
    }
    let dx = buffer + block * wide
    lane.kernels.matmul(rows.count, wide, narrow, dy, narrow, 1, weight.values, wide, dx, wide, 0)
    input.give(rows, dx, lane, in: memory)
  }
}
