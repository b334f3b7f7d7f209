import Diagnostics
import Foundation
import Tensors

extension ImageDataset {
  /// The number of images of every class.
  public var classCounts: [Int] {
    var counts = [Int](repeating: 0, count: classes.count)
    for label in labels { counts[label] += 1 }
    return counts
  }

  /// Holds `validation` images out, as many of every class as its share of the whole demands.
  ///
  /// The same seed gives the same split; both parts keep the images' order.
  ///
  /// - Precondition: `validation` is between 0 and ``count``.
  public func split(validation: Int, seed: UInt64) -> (training: ImageDataset, validation: ImageDataset) {
    precondition((0...count).contains(validation), "\(validation) of \(count) images cannot be held out")
    var random = RandomSource(seed: seed, purpose: "validation split")
    let quotas = Self.quotas(of: validation, among: classCounts)
    var left = quotas
    var isHeldOut = [Bool](repeating: false, count: count)
    for index in random.shuffled(Array(0..<count)) where left[labels[index]] > 0 {
      left[labels[index]] -= 1
      isHeldOut[index] = true
    }
    return (
      subset(isHeldOut.indices.filter { !isHeldOut[$0] }), subset(isHeldOut.indices.filter { isHeldOut[$0] })
    )
  }

  /// Shares `total` out in proportion to `counts` by largest remainders, so that the parts add up exactly.
  private static func quotas(of total: Int, among counts: [Int]) -> [Int] {
    let sum = counts.reduce(0, +)
    guard sum > 0 else { return counts }
    var quotas = counts.map { $0 * total / sum }
    let remainders = counts.map { $0 * total % sum }
    let order = counts.indices.sorted { (remainders[$0], $1) > (remainders[$1], $0) }
    for position in order.prefix(total - quotas.reduce(0, +)) { quotas[position] += 1 }
    return quotas
  }

  /// SHA-256 over sizes, classes, labels and pixels: two data sets with equal fingerprints are the same data.
  public var fingerprint: String {
    let checksum = SHA256Checksum()
    let head = "\(channels)×\(height)×\(width)\n" + classes.joined(separator: "\n") + "\n"
    checksum.update(with: Data(head.utf8))
    checksum.update(with: Data(labels.map { UInt8(truncatingIfNeeded: $0) }))
    checksum.update(with: Data(labels.map { UInt8(truncatingIfNeeded: $0 >> 8) }))
    checksum.update(with: Data(pixels))
    return checksum.finish()
  }
}
