import CKernels
import Tensors

/// Random changes of training images that leave their class alone.
public struct Augmentation: Hashable, Sendable, Codable {
  /// The image is shifted by up to this many pixels in each direction, as if padded and cropped.
  public var shift: Int
  /// Whether half of the images are mirrored left to right.
  public var mirrors: Bool
  /// The side of a square that is blanked out at a random place (DeVries and Taylor, "Cutout", 2017); 0 for none.
  public var cutout: Int
  /// What stands outside the image and in the cut-out square, per channel, 0…255; empty for 0.
  public var blank: [Float]

  /// Creates an augmentation.
  public init(shift: Int = 0, mirrors: Bool = false, cutout: Int = 0, blank: [Float] = []) {
    (self.shift, self.mirrors, self.cutout, self.blank) = (shift, mirrors, cutout, blank)
  }

  /// The images as they are.
  public static let none = Augmentation()

  func blank(channels: Int) -> [Float] {
    blank.count == channels ? blank : Array(repeating: 0, count: channels)
  }

  /// What happens to one image in one epoch.
  func draw(seed: UInt64, epoch: Int, index: Int, height: Int, width: Int) -> qn_augmentation {
    var change = qn_augmentation()
    guard self != .none else { return change }
    // Odd constants spread epoch and index over all bits; the generator's own seeding does the rest.
    let mixed =
      seed ^ (UInt64(epoch) &+ 1) &* 0x9e37_79b9_7f4a_7c15 ^ (UInt64(index) &+ 1) &* 0xd1b5_4a32_d192_ed03
    var random = RandomSource(seed: mixed, purpose: "augmentation")
    change.shift_y = Int32(random.below(2 * shift + 1) - shift)
    change.shift_x = Int32(random.below(2 * shift + 1) - shift)
    change.mirrored = mirrors ? Int32(random.below(2)) : 0
    change.cut_size = Int32(cutout)
    change.cut_top = Int32(random.below(height) - cutout / 2)
    change.cut_left = Int32(random.below(width) - cutout / 2)
    return change
  }
}
