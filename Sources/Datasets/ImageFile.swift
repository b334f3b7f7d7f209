import CImageCodecs
import Diagnostics
import Foundation

/// PNG and JPEG files.
///
///     let image = try ImageFile.decode("cat.jpg").resized(width: 32, height: 32)
///     let input = Tensor([1, 3, 32, 32], image.planes(channels: 3).map(Float.init))
public enum ImageFile {
  /// The file name extensions that mark an image, in lower case.
  public static let extensions: Set<String> = ["png", "jpg", "jpeg"]

  /// The most pixels that an image may have; a few bytes of PNG can claim billions.
  public static let pixelLimit = 64 << 20

  /// Decodes a file; its first bytes decide the format, not its name.
  ///
  /// Grey, palette, 16-bit and CMYK images become RGB, and transparent pixels are laid on white. An
  /// orientation that a camera has noted in EXIF is not applied.
  ///
  /// - Throws: ``Diagnostic`` that names the file where it is missing, damaged, too large, or in another
  ///   format.
  public static func decode(_ path: String) throws -> RGBImage {
    try decode(readFile(path, limit: 1 << 30), path: path)
  }

  /// Decodes bytes; `path` is for messages.
  public static func decode(_ data: Data, path: String) throws -> RGBImage {
    let format = try Format(of: data, path: path)
    var image = quoin_image()
    let status = data.withUnsafeBytes { bytes in
      let start = bytes.bindMemory(to: UInt8.self).baseAddress
      return switch format {
      case .png: quoin_png_decode(start, bytes.count, UInt64(pixelLimit), &image)
      case .jpeg: quoin_jpeg_decode(start, bytes.count, UInt64(pixelLimit), &image)
      }
    }
    guard status == quoin_codec_done, let pixels = image.pixels else {
      throw diagnostic(for: status, image, format: format, path: path)
    }
    defer { quoin_free(pixels) }
    let (width, height) = (Int(image.width), Int(image.height))
    return RGBImage(
      width: width, height: height,
      pixels: Array(UnsafeBufferPointer(start: pixels, count: width * height * 3)))
  }

  private enum Format: String {
    case png = "PNG"
    case jpeg = "JPEG"

    init(of data: Data, path: String) throws {
      if data.starts(with: [0x89, 0x50, 0x4e, 0x47]) {
        self = .png
      } else if data.starts(with: [0xff, 0xd8]) {
        self = .jpeg
      } else {
        throw Diagnostic(
          .unusableFile, data.isEmpty ? "the file is empty" : "the file is no image that can be read",
          at: .init(file: path), rule: "images are PNG or JPEG")
      }
    }
  }

  private static func diagnostic(
    for status: quoin_codec_status, _ image: quoin_image, format: Format, path: String
  ) -> Diagnostic {
    let place = Diagnostic.Place(file: path)
    let message = text(of: image.message)
    return switch status {
    case quoin_codec_too_large:
      Diagnostic(
        .unusableFile, "the \(format.rawValue) image is too large", at: place,
        value: "\(image.width)×\(image.height)", rule: "at most \(pixelLimit) pixels are decoded",
        remedy: "scale the image down")
    case quoin_codec_out_of_memory:
      Diagnostic(
        .failure, "there is no memory to decode the image", at: place, value: "\(image.width)×\(image.height)"
      )
    case quoin_codec_truncated:
      Diagnostic(
        .unusableFile, "the \(format.rawValue) image ends too early", at: place, value: message,
        remedy: "replace the file by a complete copy")
    default:
      Diagnostic(
        .unusableFile, "the \(format.rawValue) image is damaged", at: place, value: message,
        remedy: "replace or remove the file")
    }
  }
}

/// The text of a C array of characters, which Swift sees as a tuple.
func text<Characters>(of characters: Characters) -> String {
  withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
