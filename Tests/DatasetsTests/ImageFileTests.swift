import Datasets
import Diagnostics
import Foundation
import TestSupport
import Testing

@Suite("Image files")
struct ImageFileTests {
  private func pixel(_ image: RGBImage, _ x: Int, _ y: Int) -> [UInt8] {
    Array(image.pixels[((y * image.width + x) * 3)..<((y * image.width + x) * 3 + 3)])
  }

  private func isClose(_ a: [UInt8], _ b: [UInt8], within tolerance: Int) -> Bool {
    zip(a, b).allSatisfy { abs(Int($0) - Int($1)) <= tolerance }
  }

  @Test("a PNG gives its exact pixels")
  func png() throws {
    let rgb = (0..<(5 * 3 * 3)).map { UInt8($0 * 5) }
    let image = try ImageFile.decode(Data(Fixture.png(width: 5, height: 3, rgb: rgb)), path: "a.png")
    #expect(image == RGBImage(width: 5, height: 3, pixels: rgb))
  }

  @Test("JPEG, CMYK JPEG and palette PNG give the colours they were made from")
  func colours() throws {
    for (bytes, tolerance) in [(Sample.jpeg, 12), (Sample.cmykJPEG, 12), (Sample.palettePNG, 0)] {
      let image = try ImageFile.decode(Data(bytes), path: "sample")
      #expect(image.width == 16 && image.height == 8)
      #expect(isClose(pixel(image, 2, 4), Sample.left, within: tolerance))
      #expect(isClose(pixel(image, 13, 4), Sample.right, within: tolerance))
    }
  }

  @Test("a grey JPEG has equal channels, and transparent pixels become white")
  func greyAndTransparent() throws {
    let grey = try ImageFile.decode(Data(Sample.greyJPEG), path: "grey.jpg")
    #expect(Set(pixel(grey, 2, 2)).count == 1)
    let blank = try ImageFile.decode(Data(Sample.transparentPNG), path: "blank.png")
    #expect(blank.pixels.allSatisfy { $0 == 255 })
  }

  @Test("the luma of one plane and the order of three")
  func planes() {
    let image = RGBImage(width: 2, height: 1, pixels: [255, 0, 0, 10, 20, 30])
    #expect(image.planes(channels: 3) == [255, 10, 0, 20, 0, 30])
    #expect(image.planes(channels: 1) == [76, 18])
  }

  @Test("every damaged file is refused with its name", arguments: DamagedImage.allCases)
  func damaged(_ damage: DamagedImage) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(damage.bytes, to: "bad.img")
    let diagnostic = try #require(diagnostic { _ = try ImageFile.decode(path) })
    #expect(diagnostic.category == .unusableFile)
    #expect(diagnostic.place?.file == path)
    #expect(diagnostic.description.contains(damage.phrase), "\(diagnostic)")
  }

  @Test("every prefix of a file is an error, never a crash")
  func prefixes() {
    let png = Fixture.png(width: 5, height: 3, rgb: [UInt8](repeating: 7, count: 45))
    for file in [png, Sample.jpeg, Sample.palettePNG] {
      for count in 0..<(file.count - 12) {
        #expect(throws: Diagnostic.self) { try ImageFile.decode(Data(file.prefix(count)), path: "cut") }
      }
    }
  }

  @Test("a changed byte never crashes")
  func changedBytes() {
    for file in [Sample.jpeg, Sample.cmykJPEG, Sample.palettePNG] {
      for position in file.indices {
        var bytes = file
        bytes[position] ^= 0x55
        _ = try? ImageFile.decode(Data(bytes), path: "changed")
      }
    }
  }
}

enum DamagedImage: String, CaseIterable, Sendable {
  case empty, text, truncatedPNG, brokenChecksum, giantPNG, truncatedJPEG, giantJPEG

  var bytes: [UInt8] {
    let png = Fixture.png(width: 4, height: 4, rgb: [UInt8](repeating: 9, count: 48))
    switch self {
    case .empty: return []
    case .text: return Array("P6 4 4 255".utf8)
    case .truncatedPNG: return Array(png.prefix(60))
    case .brokenChecksum: return png.enumerated().map { $0 == 50 ? $1 ^ 1 : $1 }
    case .giantPNG: return Fixture.png(width: 1, height: 1, rgb: [0, 0, 0], size: (900_000, 900_000))
    case .truncatedJPEG: return Array(Sample.jpeg.prefix(Sample.jpeg.count - 20))
    case .giantJPEG: return resizedHeader
    }
  }

  var phrase: String {
    switch self {
    case .empty: "empty"
    case .text: "images are PNG or JPEG"
    case .truncatedPNG, .brokenChecksum: "damaged"
    case .giantPNG: "PNG image is"
    case .truncatedJPEG: "ends too early"
    case .giantJPEG: "too large '65000×65000'"
    }
  }

  /// The start-of-frame marker with lying sizes.
  private var resizedHeader: [UInt8] {
    var bytes = Sample.jpeg
    let frame = bytes.indices.first { bytes[$0] == 0xff && bytes[$0 + 1] == 0xc0 } ?? 0
    bytes.replaceSubrange((frame + 5)..<(frame + 9), with: [0xfd, 0xe8, 0xfd, 0xe8])
    return bytes
  }
}

@Suite("Resizing")
struct ResizingTests {
  @Test("the same size changes nothing, and a flat picture stays flat")
  func identity() {
    let image = RGBImage(width: 3, height: 2, pixels: (0..<18).map { UInt8($0 * 13) })
    #expect(image.resized(width: 3, height: 2) == image)
    let flat = RGBImage(width: 7, height: 5, pixels: [UInt8](repeating: 77, count: 105))
    for (width, height) in [(1, 1), (3, 9), (32, 32), (2, 4)] {
      #expect(flat.resized(width: width, height: height).pixels.allSatisfy { $0 == 77 })
    }
  }

  @Test("shrinking averages, so that a fine pattern becomes grey instead of noise")
  func shrinking() {
    let stripes = RGBImage(
      width: 64, height: 1, pixels: (0..<64).flatMap { [UInt8](repeating: $0 % 2 == 0 ? 0 : 254, count: 3) })
    let small = stripes.resized(width: 8, height: 1)
    #expect(small.pixels.dropFirst(3).dropLast(3).allSatisfy { abs(Int($0) - 127) <= 2 })
  }

  @Test("enlarging interpolates between the pixels' centres")
  func enlarging() {
    let pair = RGBImage(width: 2, height: 1, pixels: [0, 0, 0, 100, 100, 100])
    let wide = pair.resized(width: 4, height: 1)
    #expect(wide.pixels.enumerated().filter { $0.offset % 3 == 0 }.map(\.element) == [0, 25, 75, 100])
  }
}
