import CKernels
import Compute
import Datasets
import Tensors

/// A batch of images, as training reads them: floats 0…255 in the order image, row, column, channel, and labels.
///
/// The memory is allocated once and filled again and again.
public final class ImageBatch {
  /// The most images that fit.
  public let capacity: Int
  /// The number of channels of an image.
  public let channels: Int
  /// The number of rows of an image.
  public let height: Int
  /// The number of columns of an image.
  public let width: Int
  /// The number of images that it holds now.
  public private(set) var count = 0
  /// The classes of the images.
  public private(set) var labels: [Int] = []
  package let pixels: AlignedBuffer

  /// Allocates room for images.
  public init(capacity: Int, channels: Int, height: Int, width: Int) {
    (self.capacity, self.channels, self.height, self.width) = (capacity, channels, height, width)
    pixels = AlignedBuffer(count: capacity * channels * height * width)
  }

  /// Allocates room for images of a data set.
  public convenience init(capacity: Int, of data: ImageDataset) {
    self.init(capacity: capacity, channels: data.channels, height: data.height, width: data.width)
  }

  private var imageSize: Int { channels * height * width }

  /// Takes over images in batch × channels × height × width order.
  ///
  /// - Precondition: The images fit, and there is a label for each of them or none at all.
  public func fill(_ images: Tensor, labels: [Int] = []) {
    precondition(
      images.shape.dimensions.dropFirst() == [channels, height, width] && images.shape[0] <= capacity,
      "images \(images.shape) do not fit")
    precondition(
      labels.isEmpty || labels.count == images.shape[0],
      "\(labels.count) labels for \(images.shape[0]) images")
    (count, self.labels) = (images.shape[0], labels)
    images.values.withUnsafeBufferPointer { from in
      guard let address = from.baseAddress else { return }
      for image in 0..<count {
        qn_f32_copy_strided(
          channels, height * width, address + image * imageSize, height * width, 1,
          pixels.pointer + image * imageSize, 1,
          channels)
      }
    }
  }

  /// Reads the images at `indices` of a data set, changed at random where `augmentation` says so.
  ///
  /// What happens to an image depends on the seed, the epoch and its index alone, so that interrupted training sees the
  /// same images again, and neither the batch nor the number of threads matters.
  public func fill(
    _ data: ImageDataset, _ indices: some Collection<Int>, augmentation: Augmentation = .none,
    seed: UInt64 = 0,
    epoch: Int = 0, pool: ThreadPool
  ) {
    precondition(indices.count <= capacity, "\(indices.count) images do not fit in a batch of \(capacity)")
    precondition(
      [data.channels, data.height, data.width] == [channels, height, width], "images of another shape")
    let indices = Array(indices)
    (count, labels) = (indices.count, indices.map { data.labels[$0] })
    let changes = indices.map {
      augmentation.draw(seed: seed, epoch: epoch, index: $0, height: height, width: width)
    }
    let blank = augmentation.blank(channels: channels)
    let pieces = min(indices.count, 4 * pool.threads)
    data.withUnsafePixels { planes in
      guard let planes = planes.baseAddress else { return }
      pool.run(pieces) { piece in
        for position in indices.count * piece / pieces..<indices.count * (piece + 1) / pieces {
          withUnsafePointer(to: changes[position]) { change in
            qn_f32_augment(
              planes + indices[position] * imageSize, Int32(channels), Int32(height), Int32(width), change,
              blank,
              pixels.pointer + position * imageSize)
          }
        }
      }
    }
  }
}
