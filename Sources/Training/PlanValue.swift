import CKernels

/// A value of a network while it is trained: an array of pixels × channels in memory, or a view of one.
///
/// Results of batch norm, activation and gating are views: they are computed anew from the stored array whenever they are
/// read, which costs less than moving them through memory. Gradients go the other way: what consumers give to a view
/// is turned at once into the gradient of what batch norm made, and stored in the gradient array of the base.
final class PlanValue {
  let height: Int
  let width: Int
  let channels: Int
  /// Whether anything learned lies upstream.
  let needsGradient: Bool
  /// What a view is of; `nil` for a stored value.
  let base: PlanValue?
  /// What a view applies.
  let normalisation: Normalisation?
  let activation: qn_activation
  /// For a gated view: what is multiplied, and the gates, one per image and channel.
  let gated: PlanValue?
  let gate: PlanValue?

  /// The uses in forward order.
  var uses: [Operand] = []

  // Stored values only:

  /// The step that makes it.
  var producer = 0
  /// The last step that reads it, directly or through a view.
  var lastReader = 0
  var data = Region.none
  var gradient = Region.none
  /// The batch norm through which its gradient is read, where there is one.
  var gradientNormalisation: Normalisation?
  /// The step whose backward pass reads its data last, where that is not its producer.
  var keptFor = Int.max
  /// The way its gradient is finished while it is read, where it is that of a gated activation.
  var gatedGradient: GatedGradient?
  /// The caller's memory, for inputs.
  var external: UnsafePointer<Float>?

  /// A stored value.
  init(height: Int, width: Int, channels: Int, needsGradient: Bool) {
    (self.height, self.width, self.channels, self.needsGradient) = (height, width, channels, needsGradient)
    (base, normalisation, activation, gated, gate) = (nil, nil, qn_identity, nil, nil)
  }

  /// A view of a stored value.
  init(of base: PlanValue, _ normalisation: Normalisation?, _ activation: qn_activation, needsGradient: Bool) {
    (height, width, channels) = (base.height, base.width, base.channels)
    (self.base, self.normalisation, self.activation) = (base, normalisation, activation)
    (gated, gate) = (nil, nil)
    self.needsGradient = needsGradient
  }

  /// A product with one gate per image and channel.
  init(_ gated: PlanValue, times gate: PlanValue) {
    (height, width, channels) = (gated.height, gated.width, gated.channels)
    (base, normalisation, activation) = (nil, nil, qn_identity)
    (self.gated, self.gate) = (gated, gate)
    needsGradient = gated.needsGradient || gate.needsGradient
  }

  var pixels: Int { height * width }
  var isStored: Bool { base == nil && gated == nil }
  /// The stored value that a value or view reads.
  var stored: PlanValue { gated?.stored ?? base ?? self }

  /// Records that a step reads the value, and through it others.
  func noteReader(_ step: Int) {
    stored.lastReader = max(stored.lastReader, step)
    gate?.noteReader(step)
  }
}

/// One use of a value by a step. In the backward pass, uses give their gradients in reverse order.
final class Operand {
  let value: PlanValue
  /// Whether this use is the first to give a gradient.
  var isFirst = false
  /// Whether this use is the last to give a gradient; then the gradient is complete.
  var isLast = false
  /// Whether it is a global pool's, which gives every pixel of an image the same.
  let isPooled: Bool
  /// For a gated value: the uses of the factor and the gate that come with it.
  let gated: Operand?
  let gate: Operand?

  init(_ value: PlanValue, isPooled: Bool = false) {
    self.value = value
    self.isPooled = isPooled
    gated = value.gated.map { Operand($0) }
    gate = value.gate.map { Operand($0) }
    value.uses.append(self)
  }
}
