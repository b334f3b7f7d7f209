import Datasets
import Diagnostics
import Tensors
import Testing

@Suite("Image data sets as values")
struct ImageDatasetTests {
  /// `count` images of 2×2×3 whose bytes tell image and position apart.
  private func dataset(count: Int, classes: Int = 3) -> ImageDataset {
    ImageDataset(
      name: "counted", channels: 2, height: 2, width: 3, classes: (0..<classes).map(String.init),
      pixels: (0..<(count * 12)).map { UInt8(truncatingIfNeeded: $0) },
      labels: (0..<count).map { $0 % classes })
  }

  @Test("images of another size or other channels are told apart", arguments: [[1, 2, 3], [2, 3, 2], [2, 2, 2]])
  func forms(form: [Int]) throws {
    let training = dataset(count: 4)
    try dataset(count: 1, classes: 2).requireSameForm(as: training)
    let other = ImageDataset(
      name: "counted", channels: form[0], height: form[1], width: form[2], classes: ["0"],
      pixels: [UInt8](repeating: 0, count: form.reduce(1, *)), labels: [0])
    let error = #expect(throws: Diagnostic.self) { try other.requireSameForm(as: training) }
    #expect(error?.category == .unusableFile)
    #expect(error?.value == form.map(String.init).joined(separator: "×"))
    #expect(error?.rule?.hasSuffix("2×2×3") == true)
  }

  @Test("a batch holds the images in NCHW order as floats")
  func batch() {
    let batch = dataset(count: 5).batch(of: [4, 0])
    #expect(batch.shape == [2, 2, 2, 3])
    #expect(batch.values == (48..<60).map(Float.init) + (0..<12).map(Float.init))
  }

  @Test("a subset keeps order and repetitions")
  func subset() {
    let subset = dataset(count: 5).subset([3, 1, 3])
    #expect(subset.labels == [0, 1, 0])
    #expect(subset.pixels[0..<12].elementsEqual((36..<48).map { UInt8($0) }))
    #expect(subset.pixels[0..<12] == subset.pixels[24..<36])
    #expect(dataset(count: 5).subset([]).count == 0)
  }

  @Test("a split is stratified, exact, disjoint and repeatable", arguments: [0, 1, 7, 30, 31])
  func split(validation: Int) {
    let whole = dataset(count: 31)
    let parts = whole.split(validation: validation, seed: 3)
    #expect(parts.validation.count == validation)
    #expect(parts.training.count == 31 - validation)
    let images = [parts.training, parts.validation].flatMap { part in
      (0..<part.count).map { Array(part.pixels[($0 * 12)..<($0 * 12 + 12)]) }
    }
    #expect(Set(images) == Set((0..<31).map { Array(whole.pixels[($0 * 12)..<($0 * 12 + 12)]) }))
    for (part, total) in zip(parts.validation.classCounts, whole.classCounts) {
      #expect(abs(Double(part) - Double(total * validation) / 31) < 1)
    }
    #expect(whole.split(validation: validation, seed: 3).validation.pixels == parts.validation.pixels)
  }

  @Test("another seed holds other images out")
  func seeds() {
    let whole = dataset(count: 21)
    #expect(
      whole.split(validation: 7, seed: 1).validation.pixels
        != whole.split(validation: 7, seed: 2).validation.pixels)
  }

  @Test("the fingerprint changes with a pixel and with a label")
  func fingerprint() {
    let whole = dataset(count: 6)
    #expect(whole.fingerprint == dataset(count: 6).fingerprint)
    #expect(whole.fingerprint != whole.subset([1, 0, 2, 3, 4, 5]).fingerprint)
    let relabelled = ImageDataset(
      name: "counted", channels: 2, height: 2, width: 3, classes: whole.classes, pixels: whole.pixels,
      labels: [1] + whole.labels.dropFirst())
    #expect(whole.fingerprint != relabelled.fingerprint)
  }
}
