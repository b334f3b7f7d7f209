import Diagnostics
import Foundation
import Tensors

/// Labelled images of one size, in memory: 8-bit planes, image after image.
///
///     let training = try DatasetCatalog.load("cifar10", folder: "data/cifar10", split: .train)
///     let (search, validation) = training.split(validation: 5_000, seed: 1)
///     let images = search.batch(of: [0, 1, 2])          // 3×3×32×32, values 0…255
///
/// It holds no augmentation and no normalisation: those belong to training, and to the network itself.
public struct ImageDataset: Sendable {
  /// The name that the data set was asked for by, such as `cifar10`.
  public let name: String
  /// 1 for grey images, 3 for red, green and blue.
  public let channels: Int
  /// Rows of each image.
  public let height: Int
  /// Columns of each image.
  public let width: Int
  /// The classes' names; a label is a position in it.
  public let classes: [String]
  /// `count` images of `channels` planes of `height` rows of `width` bytes.
  public let pixels: [UInt8]
  /// One label per image.
  public let labels: [Int]

  /// Creates a data set.
  ///
  /// - Precondition: there are `channels · height · width` bytes per label, and every label names a class.
  ///   Loaders check foreign data before they come here.
  public init(
    name: String, channels: Int, height: Int, width: Int, classes: [String], pixels: [UInt8], labels: [Int]
  ) {
    precondition(
      pixels.count == labels.count * channels * height * width,
      "\(pixels.count) bytes are not \(labels.count) images of \(channels)×\(height)×\(width)")
    precondition(labels.allSatisfy { classes.indices.contains($0) }, "a label names no class")
    self.name = name
    self.channels = channels
    self.height = height
    self.width = width
    self.classes = classes
    self.pixels = pixels
    self.labels = labels
  }

  /// The number of images.
  public var count: Int { labels.count }

  /// The bytes of one image: channels times height times width.
  public var imageSize: Int { channels * height * width }

  /// Checks that these images can be given to a network for `training`: that both have the same channels and size.
  ///
  /// - Throws: ``Diagnostic`` with both forms where they differ.
  public func requireSameForm(as training: ImageDataset) throws {
    guard form != training.form else { return }
    throw Diagnostic(
      .unusableFile, "the images differ in form from those for training", at: .init(path: name), value: form,
      rule: "those for training are \(training.form)", remedy: "put the files of one data set into the folder")
  }

  private var form: String { "\(channels)×\(height)×\(width)" }

  /// The images at `indices`, in that order; an index may occur several times.
  public func subset(_ indices: [Int]) -> ImageDataset {
    let size = imageSize
    let chosen = [UInt8](unsafeUninitializedCapacity: indices.count * size) { buffer, count in
      withUnsafePixels { source in
        guard let target = buffer.baseAddress, let source = source.baseAddress else { return }
        for (position, index) in indices.enumerated() {
          precondition(labels.indices.contains(index), "there is no image \(index) among \(labels.count)")
          (target + position * size).initialize(from: source + index * size, count: size)
        }
      }
      count = indices.count * size
    }
    return ImageDataset(
      name: name, channels: channels, height: height, width: width, classes: classes, pixels: chosen,
      labels: indices.map { labels[$0] })
  }

  /// The images at `indices` as floats: batch × channels × height × width, values 0…255.
  public func batch(of indices: [Int]) -> Tensor {
    let size = imageSize
    let values = [Float](unsafeUninitializedCapacity: indices.count * size) { buffer, count in
      withUnsafePixels { source in
        for (position, index) in indices.enumerated() {
          let from = index * size
          let to = position * size
          for offset in 0..<size {
            buffer.initializeElement(at: to + offset, to: Float(source[from + offset]))
          }
        }
      }
      count = indices.count * size
    }
    return Tensor([indices.count, channels, height, width], values)
  }

  /// Calls `body` with all pixels, for loops that must not pay for array accesses.
  public func withUnsafePixels<Result>(
    _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
  ) rethrows -> Result {
    try pixels.withUnsafeBufferPointer(body)
  }
}
