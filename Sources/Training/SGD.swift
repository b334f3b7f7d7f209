import CKernels
import Compute
import Foundation
import Networks
import Tensors

/// Stochastic gradient descent with momentum (Sutskever et al., "On the importance of initialization and momentum", 2013).
///
/// g = gradient + decay · p; v = momentum · v + g; p −= rate · (g + momentum · v) with Nesterov's correction, rate · v
/// without. Weight decay reaches kernels and matrices only; see ``ParameterStore/Entry/decays``.
public final class SGD {
  /// What stays the same over a training.
  public struct Settings: Hashable, Sendable, Codable {
    /// The share of the last step that is kept.
    public var momentum: Float
    /// Whether the gradient is taken as if the momentum's step were done.
    public var nesterov: Bool
    /// The weight decay, coupled: a part of the gradient.
    public var weightDecay: Float
    /// The largest norm of all gradients together; longer ones are shortened. `nil` for no limit.
    public var gradientNormLimit: Float?
    /// The share of its past that the running average of the parameters keeps in each step; `nil` for no average.
    public var averageDecay: Float?

    /// Creates settings.
    public init(
      momentum: Float = 0.9, nesterov: Bool = true, weightDecay: Float = 4e-5,
      gradientNormLimit: Float? = nil,
      averageDecay: Float? = nil
    ) {
      (self.momentum, self.nesterov, self.weightDecay) = (momentum, nesterov, weightDecay)
      (self.gradientNormLimit, self.averageDecay) = (gradientNormLimit, averageDecay)
    }
  }

  /// What stays the same over a training.
  public let settings: Settings
  /// The steps taken.
  public internal(set) var steps = 0
  let store: ParameterStore
  let velocity: AlignedBuffer
  let average: AlignedBuffer?
  private let kernels: qn_f32_training_kernels

  /// Starts with no momentum.
  public init(_ store: ParameterStore, _ settings: Settings) {
    (self.store, self.settings) = (store, settings)
    velocity = AlignedBuffer(count: store.values.count)
    average = settings.averageDecay.map { _ in AlignedBuffer(count: store.values.count) }
    average?.pointer.update(from: store.values.pointer, count: store.values.count)
    kernels = qn_f32_training(ISA.native.code).pointee
  }

  /// Takes one step along the store's gradients and sets them to 0.
  ///
  /// Where a gradient is not a number, nothing is changed but the gradients, which are set to 0; the caller sees it by the
  /// norm.
  ///
  /// - Parameter gradientScale: Multiplies the gradients first, for instance by 1 / the networks of a sandwich step.
  /// - Returns: The norm of all gradients together, after scaling and before shortening.
  @discardableResult
  public func step(rate: Float, gradientScale: Float = 1) -> Double {
    let length = kernels.square_sum(store.gradients.count, store.gradients.pointer).squareRoot()
    let norm = length * Double(gradientScale)
    defer { store.clearGradients() }
    guard norm.isFinite else { return norm }
    var scale = gradientScale
    if let limit = settings.gradientNormLimit, norm > Double(limit) { scale *= limit / Float(norm) }
    for entry in store.entries { update(entry, rate: rate, scale: scale) }
    steps += 1
    if let average, let decay = settings.averageDecay {
      kernels.average(store.values.count, 1 - decay, store.values.pointer, average.pointer)
    }
    return norm
  }

  private func update(_ entry: ParameterStore.Entry, rate: Float, scale: Float) {
    var numbers = qn_sgd(
      rate: rate, momentum: settings.momentum, decay: entry.decays ? settings.weightDecay : 0,
      gradient_scale: scale,
      nesterov: settings.nesterov ? 1 : 0)
    kernels.sgd(
      entry.count, &numbers, store.gradients.pointer + entry.offset, velocity.pointer + entry.offset,
      store.values.pointer + entry.offset)
  }

  /// The running average of the parameters, where there is one.
  public var averagedWeights: Weights? { average.map { store.tensors(in: $0) } }
}

/// A learning rate that rises linearly and then falls along half a cosine to 0 (Loshchilov and Hutter, "SGDR", 2017).
public struct CosineSchedule: Hashable, Sendable, Codable {
  /// The largest rate.
  public var peak: Float
  /// The steps until the largest rate.
  public var warmup: Int
  /// All steps.
  public var steps: Int

  /// Creates a schedule.
  public init(peak: Float, warmup: Int, steps: Int) {
    (self.peak, self.warmup, self.steps) = (peak, warmup, steps)
  }

  /// The rate of a step, counted from 0.
  public func rate(at step: Int) -> Float {
    if step < warmup { return peak * Float(step + 1) / Float(warmup) }
    let progress = Double(step - warmup) / Double(max(1, steps - warmup))
    return peak * Float(0.5 * (1 + cos(.pi * min(1, progress))))
  }
}
