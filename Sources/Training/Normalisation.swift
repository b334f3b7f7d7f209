import CKernels

/// The numbers of one batch norm during a step: what its views apply, and what its backward pass adds up.
///
/// A normalisation with constants (`Operator.normalize`) is one whose numbers never change and whose gradient only scales.
final class Normalisation {
  let channels: Int
  let chunks: Int
  let isConstant: Bool
  private let memory: PlanMemory
  private let numbers: Region
  private let centres: Region
  private let sums: Region

  init(channels: Int, chunks: Int, isConstant: Bool, in memory: PlanMemory) {
    (self.channels, self.chunks, self.isConstant, self.memory) = (channels, chunks, isConstant, memory)
    let padded = (channels + 15) & ~15
    numbers = memory.reserve(9 * padded)
    centres = memory.reserve(chunks * padded)
    sums = memory.reserve(chunks * 4 * padded)
  }

  private var stride: Int { (channels + 15) & ~15 }
  private func number(_ index: Int) -> UnsafeMutablePointer<Float> {
    memory.pointer(numbers) + index * stride
  }

  /// y = x · scale + shift.
  var scale: UnsafeMutablePointer<Float> { number(0) }
  var shift: UnsafeMutablePointer<Float> { number(1) }
  /// The gradient of x is gradient · slope + x · tilt + offset.
  var slope: UnsafeMutablePointer<Float> { number(2) }
  var tilt: UnsafeMutablePointer<Float> { number(3) }
  var offset: UnsafeMutablePointer<Float> { number(4) }
  var mean: UnsafeMutablePointer<Float> { number(5) }
  var inverseDeviation: UnsafeMutablePointer<Float> { number(6) }
  var gamma: UnsafeMutablePointer<Float> { number(7) }
  var beta: UnsafeMutablePointer<Float> { number(8) }

  /// Where a chunk's centre lies.
  func centre(_ chunk: Int) -> UnsafeMutablePointer<Float> { memory.pointer(centres) + chunk * stride }
  /// Where a chunk's sums lie: first, then second.
  func sums(_ chunk: Int) -> UnsafeMutablePointer<Double> { memory.doubles(sums) + chunk * 2 * stride }
  func secondSums(_ chunk: Int) -> UnsafeMutablePointer<Double> { sums(chunk) + stride }

  /// Sets all sums to 0.
  func clearSums() { sums(0).update(repeating: 0, count: chunks * 2 * stride) }

  /// Where the forward pass of a chunk adds its moments.
  func forwardMoments(_ chunk: Int, fresh: Bool) -> qn_moments {
    qn_moments(centre: centre(chunk), first: sums(chunk), second: secondSums(chunk), fresh: fresh ? 1 : 0)
  }

  /// Where the backward pass of a chunk adds its sums, taken about the mean.
  func backwardMoments(_ chunk: Int) -> qn_moments {
    qn_moments(centre: mean, first: sums(chunk), second: secondSums(chunk), fresh: 0)
  }
}

extension Normalisation {
  /// Joins the chunks' moments, in order, into mean and biased variance (Chan et al., 1979), and calls `body` with them.
  func finishMoments(rows: [Int], _ body: (_ channel: Int, _ mean: Double, _ variance: Double) -> Void) {
    for channel in 0..<channels {
      var (count, mean, squares) = (0.0, 0.0, 0.0)
      for chunk in 0..<chunks {
        let n = Double(rows[chunk])
        let first = sums(chunk)[channel]
        let chunkMean = Double(centre(chunk)[channel]) + first / n
        let delta = chunkMean - mean
        squares +=
          max(0, secondSums(chunk)[channel] - first * first / n) + delta * delta * count * n / (count + n)
        mean += delta * n / (count + n)
        count += n
      }
      body(channel, mean, squares / count)
    }
  }

  /// Sets what the views apply.
  func setStatistics(_ channel: Int, mean: Double, variance: Double, epsilon: Float) {
    let inverse = Float(1 / (variance + Double(epsilon)).squareRoot())
    self.mean[channel] = Float(mean)
    inverseDeviation[channel] = inverse
    scale[channel] = gamma[channel] * inverse
    shift[channel] = beta[channel] - Float(mean) * scale[channel]
  }

  /// Sets how the gradient of the normalised array is read, and returns the gradients of gamma and beta.
  func finishGradient(_ channel: Int, count: Int) -> (gamma: Float, beta: Float) {
    var (first, second) = (0.0, 0.0)
    for chunk in 0..<chunks {
      first += sums(chunk)[channel]
      second += secondSums(chunk)[channel]
    }
    let inverse = Double(inverseDeviation[channel])
    let factor = Double(scale[channel])
    let lean = -factor * inverse * inverse * second / Double(count)
    slope[channel] = scale[channel]
    tilt[channel] = Float(lean)
    offset[channel] = Float(-factor * first / Double(count) - lean * Double(mean[channel]))
    return (Float(second * inverse), Float(first))
  }
}
