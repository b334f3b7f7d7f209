import Foundation
import Supernets
import Tensors
import Testing

@Suite("Expected accuracy")
struct ExpectedAccuracyTests {
  /// Labels drawn from the probabilities of random logits, so that these are calibrated as they are.
  private static func calibrated(_ images: Int, classes: Int, seed: UInt64) -> (logits: [Float], labels: [Int]) {
    var random = RandomSource(seed: seed)
    var (logits, labels) = ([Float](), [Int]())
    for _ in 0..<images {
      let row = (0..<classes).map { _ in Float(4 * random.uniform() - 2) }
      let powers = row.map { exp(Double($0)) }
      var rest = random.uniform() * powers.reduce(0, +)
      let label = powers.firstIndex { power in
        rest -= power
        return rest < 0
      }
      logits += row
      labels.append(label ?? classes - 1)
    }
    return (logits, labels)
  }

  private static func meanProbability(_ logits: [Float], _ labels: [Int], scale: Double) -> Double {
    let classes = logits.count / labels.count
    return labels.indices.map { row in
      let powers = (0..<classes).map { exp(scale * Double(logits[row * classes + $0])) }
      return powers[labels[row]] / powers.reduce(0, +)
    }.reduce(0, +) / Double(labels.count)
  }

  private static func crossEntropy(_ logits: [Float], _ labels: [Int], scale: Double) -> Double {
    let classes = logits.count / labels.count
    return labels.indices.map { row in
      let powers = (0..<classes).map { exp(scale * Double(logits[row * classes + $0])) }
      return -log(powers[labels[row]] / powers.reduce(0, +))
    }.reduce(0, +)
  }

  @Test("is the mean probability of the right class at the scale of least cross entropy")
  func leastCrossEntropy() throws {
    let (logits, labels) = Self.calibrated(300, classes: 5, seed: 1)
    let scales = stride(from: 0.05, through: 8, by: 0.002).map { $0 }
    let best = try #require(
      scales.min { Self.crossEntropy(logits, labels, scale: $0) < Self.crossEntropy(logits, labels, scale: $1) })
    let expected = Self.meanProbability(logits, labels, scale: best)
    #expect(abs(expectedAccuracy(logits: logits, labels: labels) - expected) < 1e-3)
  }

  @Test("does not depend on the logits' scale", arguments: [0.25, 3, 8] as [Float])
  func scaleInvariance(factor: Float) {
    let (logits, labels) = Self.calibrated(500, classes: 10, seed: 2)
    let plain = expectedAccuracy(logits: logits, labels: labels)
    let scaled = expectedAccuracy(logits: logits.map { factor * $0 + 100 }, labels: labels)
    #expect(abs(plain - scaled) < 1e-4)
  }

  @Test("of calibrated probabilities is near what they say themselves")
  func calibration() {
    let (logits, labels) = Self.calibrated(20_000, classes: 4, seed: 3)
    let own = Self.meanProbability(logits, labels, scale: 1)
    #expect(abs(expectedAccuracy(logits: logits, labels: labels) - own) < 0.005)
  }

  @Test("is 1 where every image is right, and chance where logits say nothing")
  func extremes() {
    let right: [Float] = [9, 0, 0, 0, 9, 0]
    #expect(expectedAccuracy(logits: right, labels: [0, 1]) > 0.999)
    #expect(abs(expectedAccuracy(logits: [1, 1, 1, 1, 1, 1, 1, 1], labels: [2, 3]) - 0.25) < 1e-12)
    #expect(expectedAccuracy(logits: [1e4, -1e4], labels: [1]).isFinite)
  }
}
