import Compute
import Datasets
import Tensors
import Testing
import Training

@Suite("Batches")
struct AugmentationTests {
  private let pool = ThreadPool(threads: 2)
  /// Twelve images of 2 × 4 × 5; every byte differs from its neighbours and none is 0.
  private let data = ImageDataset(
    name: "test", channels: 2, height: 4, width: 5, classes: ["a", "b"],
    pixels: (0..<480).map { UInt8(1 + $0 * 37 % 251) }, labels: (0..<12).map { $0 % 2 })

  private func pixel(_ batch: ImageBatch, _ image: Int, _ channel: Int, _ y: Int, _ x: Int) -> Float {
    batch.pixels.pointer[((image * 4 + y) * 5 + x) * 2 + channel]
  }

  private func source(_ image: Int, _ channel: Int, _ y: Int, _ x: Int) -> Float {
    guard (0..<4).contains(y), (0..<5).contains(x) else { return 0 }
    return Float(data.pixels[((image * 2 + channel) * 4 + y) * 5 + x])
  }

  private func filled(
    _ indices: [Int], _ augmentation: Augmentation, epoch: Int = 0, pool: ThreadPool? = nil
  ) -> ImageBatch {
    let batch = ImageBatch(capacity: 12, of: data)
    batch.fill(data, indices, augmentation: augmentation, seed: 9, epoch: epoch, pool: pool ?? self.pool)
    return batch
  }

  private func values(_ batch: ImageBatch) -> [Float] {
    Array(UnsafeBufferPointer(start: batch.pixels.pointer, count: batch.count * 40))
  }

  @Test("Images come in the order of their indices, pixel by pixel, with their labels")
  func plain() {
    let batch = filled([3, 0, 11], .none)
    #expect(batch.labels == [1, 0, 1])
    for (position, image) in [3, 0, 11].enumerated() {
      for c in 0..<2 {
        for y in 0..<4 {
          for x in 0..<5 { #expect(pixel(batch, position, c, y, x) == source(image, c, y, x)) }
        }
      }
    }
    let other = ImageBatch(capacity: 12, of: data)
    other.fill(data.batch(of: [3, 0, 11]), labels: [1, 0, 1])
    #expect(values(other) == values(batch))
  }

  @Test(
    "Every augmented image is the image mirrored or not, shifted by at most the limit, and all of that occurs"
  )
  func shiftsAndMirrors() {
    var seen = Set<[Int]>()
    for epoch in 0..<12 {
      let batch = filled(Array(0..<12), Augmentation(shift: 1, mirrors: true), epoch: epoch)
      for image in 0..<12 {
        let change = explanations(batch, image)
        #expect(change.count == 1, "image \(image)")
        seen.formUnion(change)
      }
    }
    #expect(seen.count == 18)
  }

  /// The shifts and mirrorings that turn the image into what the batch holds.
  private func explanations(_ batch: ImageBatch, _ image: Int) -> [[Int]] {
    var found: [[Int]] = []
    for mirrored in 0...1 {
      for dy in -1...1 {
        for dx in -1...1 {
          let matches = (0..<40).allSatisfy { i in
            let (c, y, x) = (i / 20, i / 5 % 4, i % 5)
            let inside = (0..<5).contains(x + dx)
            let column = mirrored == 1 ? 4 - (x + dx) : x + dx
            return pixel(batch, image, c, y, x) == (inside ? source(image, c, y + dy, column) : 0)
          }
          if matches { found.append([mirrored, dy, dx]) }
        }
      }
    }
    return found
  }

  @Test("A cut-out square has the blank colour and the asked size, where it does not reach over the border")
  func cutout() {
    let batch = filled(Array(0..<12), Augmentation(cutout: 2, blank: [300, 400]))
    var sizes = Set<Int>()
    for image in 0..<12 {
      let blanks = (0..<20).filter { pixel(batch, image, 0, $0 / 5, $0 % 5) == 300 }
      for i in 0..<20 {
        #expect((pixel(batch, image, 1, i / 5, i % 5) == 400) == blanks.contains(i))
        if !blanks.contains(i) {
          #expect(pixel(batch, image, 0, i / 5, i % 5) == source(image, 0, i / 5, i % 5))
        }
      }
      sizes.insert(blanks.count)
    }
    #expect(sizes.isSubset(of: [1, 2, 4]) && sizes.contains(4))
  }

  @Test("What happens to an image depends on seed, epoch and index, not on batch, order or threads")
  func determinism() {
    let augmentation = Augmentation(shift: 2, mirrors: true, cutout: 2)
    let all = values(filled(Array(0..<12), augmentation))
    let alone = filled([7], augmentation, pool: ThreadPool(threads: 1))
    #expect(values(alone) == Array(all[7 * 40..<8 * 40]))
    #expect(values(filled(Array(0..<12), augmentation, epoch: 1)) != all)
  }
}
