import Foundation
import Tensors

/// A loss over a batch: its mean, and the gradient of the mean with respect to the logits.
public struct Loss: Sendable {
  /// The mean over the batch.
  public let mean: Double
  /// The gradient, `[batch, classes]`.
  public let gradient: Tensor

  /// Softmax cross entropy with label smoothing (Szegedy et al., "Rethinking the Inception Architecture", 2016): the
  /// target is 1 − smoothing for the label, and smoothing is spread over all classes alike.
  ///
  /// - Precondition: There is a label, a position among the classes, for each row of the logits.
  public static func crossEntropy(logits: Tensor, labels: [Int], smoothing: Float = 0) -> Loss {
    let classes = logits.shape[-1]
    precondition(labels.count == logits.shape[0], "\(labels.count) labels for \(logits.shape[0]) rows")
    let spread = smoothing / Float(classes)
    return against(logits) { row, target in
      precondition(
        (0..<classes).contains(labels[row]), "label \(labels[row]) names none of \(classes) classes")
      for c in 0..<classes { target[c] = spread }
      target[labels[row]] += 1 - smoothing
    }
  }

  /// Cross entropy against the softmax of a teacher's logits (Hinton et al., "Distilling the Knowledge in a Neural
  /// Network", 2015). At another temperature than 1 both sides' logits are divided by it and the loss is multiplied by its
  /// square, so that gradients keep their size.
  ///
  /// - Precondition: Both have one shape.
  public static func distillation(logits: Tensor, teacher: Tensor, temperature: Float = 1) -> Loss {
    precondition(logits.shape == teacher.shape, "logits \(logits.shape), teacher \(teacher.shape)")
    let classes = logits.shape[-1]
    return against(logits, temperature: temperature) { row, target in
      for c in 0..<classes { target[c] = teacher.values[row * classes + c] / temperature }
      _ = softmax(&target)
    }
  }

  /// Cross entropy against the distribution that `target` writes for a row.
  private static func against(
    _ logits: Tensor, temperature: Float = 1, target: (_ row: Int, _ target: inout [Float]) -> Void
  ) -> Loss {
    let (rows, classes) = (logits.shape[0], logits.shape[-1])
    var gradient = Tensor(logits.shape)
    var wanted = [Float](repeating: 0, count: classes)
    var total = 0.0
    let scale = temperature / Float(rows)
    for row in 0..<rows {
      target(row, &wanted)
      var given = logits.values[row * classes..<(row + 1) * classes].map { $0 / temperature }
      let arguments = given
      let normaliser = softmax(&given)
      for c in 0..<classes {
        total += Double(wanted[c]) * (normaliser - Double(arguments[c]))
        gradient.values[row * classes + c] = (given[c] - wanted[c]) * scale
      }
    }
    return Loss(mean: total * Double(temperature * temperature) / Double(rows), gradient: gradient)
  }

  /// Replaces logits by their softmax and returns the logarithm of the sum of their exponentials.
  private static func softmax(_ values: inout [Float]) -> Double {
    let largest = values.max() ?? 0
    var sum = 0.0
    for i in values.indices {
      let power = exp(Double(values[i] - largest))
      values[i] = Float(power)
      sum += power
    }
    for i in values.indices { values[i] = Float(Double(values[i]) / sum) }
    return log(sum) + Double(largest)
  }
}

/// How many rows have their largest logit (the first of equals) at the label.
public func correctCount(logits: Tensor, labels: [Int]) -> Int {
  let classes = logits.shape[-1]
  return labels.indices.count { row in
    let scores = logits.values[row * classes..<(row + 1) * classes]
    guard let best = scores.max(), let position = scores.firstIndex(of: best) else { return false }
    return position - scores.startIndex == labels[row]
  }
}
