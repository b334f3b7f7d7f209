import Foundation
import Tensors
import Testing
import Training

@Suite("Losses")
struct LossTests {
  private let logits = Tensor([2, 3], [1, 2, 3, 0, 0, 0])

  @Test("Cross entropy equals values worked out by hand")
  func crossEntropy() {
    let loss = Loss.crossEntropy(logits: logits, labels: [2, 0])
    // −log softmax: 0.40760596 for (1, 2, 3) at 2, log 3 for equal logits.
    #expect(abs(loss.mean - (0.407_605_96 + log(3)) / 2) < 1e-7)
    let expected: [Float] = [
      0.090_030_57 / 2, 0.244_728_47 / 2, (0.665_240_96 - 1) / 2, -1 / 3, 1 / 6, 1 / 6,
    ]
    for (a, b) in zip(loss.gradient.values, expected) { #expect(abs(a - b) < 1e-6) }
  }

  @Test("Label smoothing spreads its share over all classes")
  func smoothing() {
    let loss = Loss.crossEntropy(logits: Tensor([1, 3], [1, 2, 3]), labels: [2], smoothing: 0.3)
    // Targets 0.1, 0.1, 0.8 against log-probabilities −2.40760596, −1.40760596, −0.40760596.
    #expect(abs(loss.mean - (0.1 * 2.407_605_96 + 0.1 * 1.407_605_96 + 0.8 * 0.407_605_96)) < 1e-7)
  }

  @Test("Distillation pulls towards the teacher's probabilities, and has no gradient at the teacher")
  func distillation() {
    let teacher = Tensor([2, 3], [3, 1, 0, 2, 2, -1])
    let loss = Loss.distillation(logits: logits, teacher: teacher)
    let shift: Float = 1e-2
    for index in 0..<6 {
      var (up, down) = (logits, logits)
      up.values[index] += shift
      down.values[index] -= shift
      let slope =
        (Loss.distillation(logits: up, teacher: teacher).mean
          - Loss.distillation(logits: down, teacher: teacher).mean)
        / Double(up.values[index] - down.values[index])
      #expect(abs(slope - Double(loss.gradient.values[index])) < 1e-4)
    }
    let same = Loss.distillation(logits: teacher, teacher: teacher)
    #expect(same.gradient.values.allSatisfy { abs($0) < 1e-7 })
    #expect(same.mean < loss.mean)
  }

  @Test("The gradient at another temperature belongs to the loss")
  func temperature() {
    let teacher = Tensor([1, 3], [3, 1, 0])
    func loss(_ x: Float) -> Loss {
      .distillation(logits: Tensor([1, 3], [x, 0.5, -1]), teacher: teacher, temperature: 4)
    }
    let slope = (loss(0.7 + 0.01).mean - loss(0.7 - 0.01).mean) / 0.02
    #expect(abs(slope - Double(loss(0.7).gradient.values[0])) < 1e-4)
  }

  @Test("Large logits do not overflow")
  func overflow() {
    let loss = Loss.crossEntropy(logits: Tensor([1, 2], [1000, -1000]), labels: [1])
    #expect(loss.mean == 2000)
    #expect(loss.gradient.values == [1, -1])
  }

  @Test("A row counts where the first of its largest logits is at the label")
  func top1() {
    #expect(correctCount(logits: logits, labels: [2, 0]) == 2)
    #expect(correctCount(logits: logits, labels: [1, 1]) == 0)
  }
}
