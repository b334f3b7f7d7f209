import Foundation

/// The accuracy that a network's own probabilities promise: the mean probability of the right class, after the logits
/// are divided by the temperature of least cross entropy (Guo et al., "On Calibration of Modern Neural Networks",
/// 2017).
///
/// Where two networks differ by a few images, their accuracies on held-out images are mostly noise: each image says
/// right or wrong. Here it says how nearly right, so that the better network is told from the other with fewer images.
/// Without the temperature, the networks of a supernet could not be compared: their logits differ in scale.
///
/// - Parameters:
///   - logits: `[images, classes]`, row by row.
///   - labels: The position of the right class, for each image.
/// - Precondition: There is at least one image.
package func expectedAccuracy(logits: [Float], labels: [Int]) -> Double {
  let rows = LogitRows(logits: logits, labels: labels)
  let scale = rows.calibratedScale
  return labels.indices.reduce(0) { $0 + rows.probability(row: $1, scale: scale) } / Double(labels.count)
}

/// Logits beside the right classes.
private struct LogitRows {
  /// The scales among which the best is looked for, as powers of two; a network that has every image right would have
  /// none.
  private static let exponents = -5.0...5.0
  /// Halvings of that range: far more than the mean can tell.
  private static let halvings = 20

  let logits: [Float]
  let labels: [Int]
  let classes: Int

  init(logits: [Float], labels: [Int]) {
    precondition(
      !labels.isEmpty && logits.count % labels.count == 0, "\(logits.count) logits of \(labels.count) images")
    (self.logits, self.labels, classes) = (logits, labels, logits.count / labels.count)
  }

  /// The factor of least cross entropy: the inverse of the temperature. Cross entropy is convex in it, so that its
  /// slope has one change of sign.
  var calibratedScale: Double {
    var (low, high) = (Self.exponents.lowerBound, Self.exponents.upperBound)
    for _ in 0..<Self.halvings {
      let middle = (low + high) / 2
      if slope(scale: exp2(middle)) < 0 { low = middle } else { high = middle }
    }
    return exp2((low + high) / 2)
  }

  /// The probability of the right class.
  func probability(row: Int, scale: Double) -> Double {
    let right = Double(logits[row * classes + labels[row]])
    return 1 / (0..<classes).reduce(0) { $0 + exp(scale * (Double(logits[row * classes + $1]) - right)) }
  }

  /// The derivative of the summed cross entropy by the scale: how much the expected logit exceeds the right one.
  private func slope(scale: Double) -> Double {
    labels.indices.reduce(0) { total, row in
      let values = logits[row * classes..<(row + 1) * classes]
      let largest = Double(values.max() ?? 0)
      var (sum, weighted) = (0.0, 0.0)
      for value in values {
        let power = exp(scale * (Double(value) - largest))
        sum += power
        weighted += power * Double(value)
      }
      return total + weighted / sum - Double(values[values.startIndex + labels[row]])
    }
  }
}
