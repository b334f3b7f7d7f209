/// A decoded picture: 8-bit red, green and blue, interleaved, row by row.
public struct RGBImage: Hashable, Sendable {
  /// Columns.
  public let width: Int
  /// Rows.
  public let height: Int
  /// `height · width · 3` bytes.
  public let pixels: [UInt8]

  /// Creates a picture from its bytes.
  ///
  /// - Precondition: there are three bytes per pixel and at least one pixel.
  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(width > 0 && height > 0, "a picture of \(width)×\(height) has no pixel")
    precondition(
      pixels.count == width * height * 3, "\(pixels.count) bytes do not fill \(width)×\(height) pixels")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// The picture as planes, the way data sets and networks want it.
  ///
  /// One channel is the luma of ITU-R BT.601 (0.299 R + 0.587 G + 0.114 B), three are red, green and blue.
  ///
  /// - Precondition: `channels` is 1 or 3.
  public func planes(channels: Int) -> [UInt8] {
    precondition(channels == 1 || channels == 3, "a picture has 1 or 3 planes, not \(channels)")
    let count = width * height
    return [UInt8](unsafeUninitializedCapacity: count * channels) { buffer, initialized in
      pixels.withUnsafeBufferPointer { source in
        for pixel in 0..<count {
          let (red, green, blue) = (source[3 * pixel], source[3 * pixel + 1], source[3 * pixel + 2])
          if channels == 1 {
            buffer[pixel] = Self.luma(red, green, blue)
          } else {
            buffer[pixel] = red
            buffer[count + pixel] = green
            buffer[2 * count + pixel] = blue
          }
        }
      }
      initialized = count * channels
    }
  }

  /// In 16-bit fixed point, so that every machine rounds alike; the weights add up to 65536.
  private static func luma(_ red: UInt8, _ green: UInt8, _ blue: UInt8) -> UInt8 {
    let weighted: UInt32 = 19_595 * UInt32(red) + 38_470 * UInt32(green) + 7_471 * UInt32(blue)
    return UInt8((weighted + 32_768) >> 16)
  }
}
