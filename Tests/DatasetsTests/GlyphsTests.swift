import Datasets
import Diagnostics
import Foundation
import Tensors
import Testing

@Suite("Glyphs, the generated data set")
struct GlyphsTests {
  @Test("the bytes are the same on every machine")
  func bytes() {
    #expect(
      Glyphs.generate(count: 50, split: .train).fingerprint
        == "71bb62786403001d0b9c969d1e0e1d8e06cff3c9ebed11c69fbff3a9775b3fe6")
    #expect(
      Glyphs.generate(count: 50, split: .test).fingerprint
        == "f44dce526b1c29709ecb905bba40330557302364368e281e921c5c7e3923b0c4")
  }

  @Test("a smaller set is the beginning of a larger one, and classes come in turn")
  func prefix() {
    let (small, large) = (Glyphs.generate(count: 30, split: .test), Glyphs.generate(count: 60, split: .test))
    #expect(large.pixels.prefix(small.pixels.count).elementsEqual(small.pixels))
    #expect(small.labels == (0..<30).map { $0 % 10 })
    #expect(large.classes.count == 10)
  }

  @Test("parts and seeds share no image")
  func disjoint() {
    let sets = [
      Glyphs.generate(count: 200, split: .train), Glyphs.generate(count: 200, split: .test),
      Glyphs.generate(count: 200, split: .train, seed: 1),
    ]
    let images = sets.flatMap { set in
      (0..<set.count).map { set.pixels[($0 * set.imageSize)..<(($0 + 1) * set.imageSize)] }
    }
    #expect(Set(images).count == 600)
  }

  @Test("the catalogue serves 3×32×32 images without a folder")
  func catalogue() throws {
    let test = try DatasetCatalog.load("glyphs", folder: nil, split: .test)
    #expect((test.count, test.channels, test.height, test.width) == (2_000, 3, 32, 32))
  }

  @Test("a linear model learns something, and stays far below 70 %")
  func linear() {
    let training = Glyphs.generate(count: 4_000, split: .train)
    let test = Glyphs.generate(count: 1_000, split: .test)
    var model = LinearModel(features: training.imageSize, classes: 10)
    model.train(on: training, epochs: 4, rate: 0.002)
    #expect(model.accuracy(on: training) > 0.15)
    #expect(model.accuracy(on: test) < 0.7)
  }

  @Test("the linear model of this test can learn: it separates classes that colour tells apart")
  func linearControl() {
    let colours = ImageDataset(
      name: "colours", channels: 3, height: 4, width: 4, classes: ["red", "green", "blue"],
      pixels: (0..<300).flatMap { image in
        (0..<48).map {
          UInt8(truncatingIfNeeded: ($0 / 16 == image % 3 ? 160 : 60) + ($0 * 31 + image * 17) % 60)
        }
      }, labels: (0..<300).map { $0 % 3 })
    var model = LinearModel(features: 48, classes: 3)
    model.train(on: colours, epochs: 5, rate: 0.01)
    #expect(model.accuracy(on: colours) > 0.95)
  }
}

/// Softmax regression by stochastic gradient descent, one image at a time.
private struct LinearModel {
  private var weights: [Float]
  private let features: Int
  private let classes: Int

  init(features: Int, classes: Int) {
    self.features = features
    self.classes = classes
    weights = [Float](repeating: 0, count: (features + 1) * classes)
  }

  mutating func train(on dataset: ImageDataset, epochs: Int, rate: Float) {
    var random = RandomSource(seed: 5)
    var image = [Float](repeating: 1, count: features + 1)
    for _ in 0..<epochs {
      for index in random.shuffled(Array(0..<dataset.count)) {
        load(index, of: dataset, into: &image)
        var gradient = softmax(scores(image))
        gradient[dataset.labels[index]] -= 1
        for label in 0..<classes {
          let step = rate * gradient[label]
          for feature in 0...features { weights[label * (features + 1) + feature] -= step * image[feature] }
        }
      }
    }
  }

  func accuracy(on dataset: ImageDataset) -> Double {
    var image = [Float](repeating: 1, count: features + 1)
    let hits = (0..<dataset.count).filter { index in
      load(index, of: dataset, into: &image)
      let scores = scores(image)
      return scores.indices.max { scores[$0] < scores[$1] } == dataset.labels[index]
    }
    return Double(hits.count) / Double(dataset.count)
  }

  private func load(_ index: Int, of dataset: ImageDataset, into image: inout [Float]) {
    for feature in 0..<features {
      image[feature] = (Float(dataset.pixels[index * features + feature]) - 128) / 64
    }
  }

  private func scores(_ image: [Float]) -> [Float] {
    (0..<classes).map { label in
      var sum = SIMD8<Float>.zero
      let row = label * (features + 1)
      for start in stride(from: 0, to: features, by: 8) {
        for lane in 0..<8 { sum[lane] += weights[row + start + lane] * image[start + lane] }
      }
      return sum.sum() + weights[row + features]
    }
  }

  private func softmax(_ scores: [Float]) -> [Float] {
    let top = scores.max() ?? 0
    let powers = scores.map { exp($0 - top) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }
}
