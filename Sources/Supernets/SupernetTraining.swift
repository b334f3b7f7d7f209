/// How a supernet is trained: the sandwich rule with in-place distillation (Yu et al., "BigNAS", 2020).
///
/// Every step trains the largest network on the labels, then the smallest and a few random ones on the labels and on the
/// largest one's soft answers, and applies the sum of all gradients at once.
///
/// BigNAS gives the smaller networks soft answers alone. Over the few epochs that a CPU has time for, these hold all
/// networks back, since the largest one knows nothing at first and its answers pull the others to indifference; so their
/// share grows with the training.
public struct SupernetTraining: Hashable, Sendable, Codable {
  /// How often every image is seen.
  public var epochs = 12
  /// The images of a step.
  public var batch = 128
  /// The random networks of a step, beside the largest and the smallest.
  public var randomNetworks = 2
  /// The largest learning rate, of a schedule that rises linearly and falls along half a cosine to 0.
  public var learningRate = 0.2
  /// The epochs, or a part of one, over which the learning rate rises.
  public var warmUpEpochs = 0.5
  /// The share of the last step that is kept (Nesterov's).
  public var momentum = 0.9
  /// The weight decay of kernels and matrices.
  public var weightDecay = 1e-4
  /// The share of the largest network's soft answers in what smaller networks learn from, at the end of the training; it
  /// rises linearly from 0.
  public var distillation = 0.5
  /// The share of a label's weight that is spread over all classes.
  public var labelSmoothing = 0.1
  /// The largest norm of a step's summed gradients; longer ones are shortened to it.
  public var gradientNorm = 5.0
  /// Training images are shifted by up to this many pixels in each direction.
  public var crop = 4
  /// Whether half of the training images are mirrored.
  public var flip = true

  /// The default settings, for small natural images.
  public init() {}
}
