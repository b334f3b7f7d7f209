import CKernels
import Networks
import Tensors

/// The small part of batch norm: from sums to the numbers that views apply, and from sums to gradients. The large part
/// happens where the normalised array is made and read.
final class BatchNormStep: TrainingStep {
  let kind = StepKind.normalisation
  private let input: PlanValue
  private let norm: Normalisation
  private let gamma: PackedParameter
  private let beta: PackedParameter
  let mean: Parameter
  let variance: Parameter
  private let epsilon: Float
  private let memory: PlanMemory
  /// Whether the step that makes the input takes the moments on the way.
  private let isFused: Bool
  /// Where statistics go or come from during a pass.
  var mode = StatisticsMode.batch

  enum StatisticsMode {
    case batch
    case gather(BatchStatistics)
    case fixed(mean: Tensor, variance: Tensor)
  }

  init(
    _ input: PlanValue, _ norm: Normalisation, parameters: [PackedParameter], statistics: [Parameter],
    epsilon: Float,
    isFused: Bool, memory: PlanMemory
  ) {
    (self.input, self.norm, self.epsilon, self.isFused, self.memory) = (input, norm, epsilon, isFused, memory)
    (gamma, beta, mean, variance) = (parameters[0], parameters[1], statistics[0], statistics[1])
  }

  var scratchElements: Int { 0 }

  func loadParameters() {
    gamma.load()
    beta.load()
  }

  func forward(_ context: PassContext) {
    norm.gamma.update(from: gamma.values, count: norm.channels)
    norm.beta.update(from: beta.values, count: norm.channels)
    if case .fixed(let mean, let variance) = mode {
      for c in 0..<norm.channels {
        norm.setStatistics(
          c, mean: Double(mean.values[c]), variance: Double(variance.values[c]), epsilon: epsilon)
      }
      return
    }
    if !isFused { measure(context) }
    let rows = context.rows(pixels: input.pixels)
    var statistics = BatchStatistics.Moments(channels: norm.channels, count: rows.reduce(0, +))
    norm.finishMoments(rows: rows) { channel, mean, variance in
      norm.setStatistics(channel, mean: mean, variance: variance, epsilon: epsilon)
      statistics.set(channel, mean: mean, variance: variance)
    }
    if case .gather(let total) = mode { total.add(statistics, mean: self.mean, variance: variance) }
  }

  private func measure(_ context: PassContext) {
    norm.clearSums()
    context.forEachChunk { lane in
      let all = lane.images.lowerBound * input.pixels..<lane.images.upperBound * input.pixels
      forEachBlock(all, size: blockRows(elementsPerRow: input.channels)) { rows in
        var moments = norm.forwardMoments(lane.chunk, fresh: rows.lowerBound == all.lowerBound)
        let x = input.data(in: memory) + rows.lowerBound * input.channels
        lane.kernels.moments(rows.count, input.channels, x, &moments)
      }
    }
  }

  func backward(_ context: PassContext) {
    let count = context.rows(pixels: input.pixels).reduce(0, +)
    for channel in 0..<norm.channels {
      let gradients = norm.finishGradient(channel, count: count)
      // The packed values are not needed any more: their place takes the gradients.
      gamma.values[channel] = gradients.gamma
      beta.values[channel] = gradients.beta
    }
    gamma.addGradient(gamma.values)
    beta.addGradient(beta.values)
  }

  /// Prepares the sums for the consumers' gradients.
  func clearGradientSums() { norm.clearSums() }
}
