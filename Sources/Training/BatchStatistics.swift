import Networks
import Tensors

/// Means and variances of the arguments of a network's batch norms over several batches.
///
/// A supernet's running statistics fit none of its networks, so every network's are measured anew before it is judged
/// (Yu and Huang, "Universally Slimmable Networks", 2019). Batches are joined as if they had been one (Chan et al.,
/// 1979): the result is the mean and the biased variance over all pixels seen.
///
/// `@unchecked Sendable`: a handle, filled by one pass at a time.
public final class BatchStatistics: @unchecked Sendable {
  /// The moments of one batch norm.
  struct Moments {
    var count: Double
    var means: [Double]
    var variances: [Double]

    init(channels: Int, count: Int) {
      self.count = Double(count)
      means = Array(repeating: 0, count: channels)
      variances = means
    }

    mutating func set(_ channel: Int, mean: Double, variance: Double) {
      means[channel] = mean
      variances[channel] = variance
    }

    mutating func join(_ other: Moments) {
      let total = count + other.count
      for c in means.indices {
        let delta = other.means[c] - means[c]
        let squares =
          variances[c] * count + other.variances[c] * other.count + delta * delta * count * other.count
          / total
        means[c] += delta * other.count / total
        variances[c] = squares / total
      }
      count = total
    }
  }

  private var moments: [String: (moments: Moments, mean: Parameter, variance: Parameter)] = [:]

  /// Creates an empty collection.
  public init() {}

  /// The statistics as parameters of the network's batch norms, `<name>.mean` and `<name>.variance`, in the shapes that
  /// the network sees.
  public var weights: Weights {
    var weights: Weights = [:]
    for entry in moments.values {
      weights[entry.mean.name] = Tensor(entry.mean.shape, entry.moments.means.map { Float($0) })
      weights[entry.variance.name] = Tensor(entry.variance.shape, entry.moments.variances.map { Float($0) })
    }
    return weights
  }

  func add(_ batch: Moments, mean: Parameter, variance: Parameter) {
    moments[mean.name, default: (Moments(channels: batch.means.count, count: 0), mean, variance)].moments
      .join(batch)
  }
}
