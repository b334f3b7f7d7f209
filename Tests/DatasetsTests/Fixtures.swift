import Diagnostics
import Foundation
import Testing

/// A folder that vanishes with its owner.
final class TemporaryFolder: Sendable {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent(
      "quoin-datasets-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  @discardableResult
  func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
    let url = URL(fileURLWithPath: path).appendingPathComponent(name)
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
    return url.path
  }

  func read(_ name: String) -> Data? { FileManager.default.contents(atPath: "\(path)/\(name)") }
}

/// The diagnostic that `body` throws; anything else is a failure of the test.
func diagnostic(of body: () throws -> Void) -> Diagnostic? {
  do {
    try body()
    Issue.record("nothing was thrown")
  } catch let diagnostic as Diagnostic {
    return diagnostic
  } catch {
    Issue.record("an error of another kind was thrown: \(error)")
  }
  return nil
}

/// Writers of small files, independent of the code under test.
enum Fixture {
  static func bigEndian(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
  }

  static func idx(_ dimensions: [Int], _ bytes: [UInt8], magic: [UInt8]? = nil) -> [UInt8] {
    (magic ?? [0, 0, 8, UInt8(dimensions.count)]) + dimensions.flatMap(bigEndian) + bytes
  }

  /// A gzip member with stored blocks only.
  static func gzip(_ bytes: [UInt8]) -> [UInt8] {
    let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
    let trailer: [UInt8] = bigEndian(Int(crc32(bytes))).reversed() + bigEndian(bytes.count).reversed()
    return header + stored(bytes) + trailer
  }

  /// A PNG of 8-bit samples; `size` overrides what the header claims.
  static func png(width: Int, height: Int, rgb: [UInt8], size: (Int, Int)? = nil) -> [UInt8] {
    let (claimedWidth, claimedHeight) = size ?? (width, height)
    let header: [UInt8] = bigEndian(claimedWidth) + bigEndian(claimedHeight) + [8, 2, 0, 0, 0]
    let lines = (0..<height).flatMap { row -> [UInt8] in
      [0] + rgb[(row * width * 3)..<((row + 1) * width * 3)]
    }
    var data: [UInt8] = [0x78, 0x01]
    data += stored(lines)
    data += bigEndian(Int(adler32(lines)))
    let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
    return signature + chunk("IHDR", header) + chunk("IDAT", data) + chunk("IEND", [])
  }

  private static func chunk(_ name: String, _ content: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + content
    return bigEndian(content.count) + body + bigEndian(Int(crc32(body)))
  }

  /// A deflate stream that does not compress.
  private static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var result: [UInt8] = []
    for start in stride(from: 0, through: max(bytes.count - 1, 0), by: 65_535) {
      let piece = bytes[start..<min(start + 65_535, bytes.count)]
      let (low, high) = (UInt8(piece.count & 255), UInt8(piece.count >> 8))
      result += [start + 65_535 >= bytes.count ? 1 : 0, low, high, ~low, ~high] + piece
    }
    return result
  }

  static func crc32(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(0xffff_ffff) { sum, byte in
      (0..<8).reduce(sum ^ UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xedb8_8320 : value >> 1
      }
    }
  }

  private static func adler32(_ bytes: [UInt8]) -> UInt32 {
    var (a, b): (UInt32, UInt32) = (1, 0)
    for byte in bytes {
      a = (a + UInt32(byte)) % 65_521
      b = (b + a) % 65_521
    }
    return b << 16 | a
  }

  /// A ustar archive; every entry is a path, a kind and content.
  static func tar(_ entries: [(path: String, kind: Character, content: [UInt8])]) -> [UInt8] {
    entries.flatMap { entry -> [UInt8] in
      let size = String(entry.content.count, radix: 8)
      var header = field(entry.path, 100) + field("644", 8) + field("0", 8) + field("0", 8)
      header += field(String(repeating: "0", count: 11 - size.count) + size, 12) + field("0", 12)
      header +=
        Array("        ".utf8) + [entry.kind.asciiValue ?? 0] + field("", 100) + Array("ustar".utf8) + [0]
      header += [UInt8](repeating: 0, count: 512 - header.count)
      let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
      header.replaceSubrange(148..<156, with: field(sum, 8))
      return header + entry.content + [UInt8](repeating: 0, count: (512 - entry.content.count % 512) % 512)
    } + [UInt8](repeating: 0, count: 1024)
  }

  private static func field(_ text: String, _ length: Int) -> [UInt8] {
    Array(text.utf8) + [UInt8](repeating: 0, count: length - text.utf8.count)
  }
}

/// Two halves, left (200, 60, 20), right (20, 60, 200), 16×8 pixels, in the formats that cannot be written by
/// hand.
enum Sample {
  static let left: [UInt8] = [200, 60, 20]
  static let right: [UInt8] = [20, 60, 200]
  static let jpeg = bytes(
    """
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMU
    FRUVDA8XGBYUGBIUFRT/2wBDAQMEBAUEBQkFBQkUDQsNFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU
    FBQUFBQUFBT/wAARCAAIABADASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUF
    BAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVW
    V1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi
    4+Tl5ufo6erx8vP09fb3+Pn6/8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAEC
    AxEEBSExBhJBUQdhcRMiMoEIFEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVm
    Z2hpanN0dXZ3eHl6goOEhYaHiImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq
    8vP09fb3+Pn6/9oADAMBAAIRAxEAPwDyyvJ6KK+s8Ef+Zj/3C/8Ach9x4vf8wH/cT/3Gf//Z
    """)
  static let greyJPEG = bytes(
    """
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgMCAgMDAwMEAwMEBQgFBQQEBQoHBwYIDAoMDAsKCwsNDhIQDQ4RDgsLEBYQERMU
    FRUVDA8XGBYUGBIUFRT/wAALCAAIABABAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUF
    BAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVW
    V1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi
    4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/APLK8nr/2Q==
    """)
  static let cmykJPEG = bytes(
    """
    /9j/7gAOQWRvYmUAZAAAAAAA/9sAQwACAQEBAQECAQEBAgICAgIEAwICAgIFBAQDBAYFBgYGBQYGBgcJCAYHCQcGBggLCAkKCgoK
    CgYICwwLCgwJCgoK/8AAFAgACAAQBEMRAE0RAFkRAEsRAP/EAB8AAAEFAQEBAQEBAAAAAAAAAAABAgMEBQYHCAkKC//EALUQAAIB
    AwMCBAMFBQQEAAABfQECAwAEEQUSITFBBhNRYQcicRQygZGhCCNCscEVUtHwJDNicoIJChYXGBkaJSYnKCkqNDU2Nzg5OkNERUZH
    SElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6g4SFhoeIiYqSk5SVlpeYmZqio6Slpqeoqaqys7S1tre4ubrCw8TFxsfIycrS09TV
    1tfY2drh4uPk5ebn6Onq8fLz9PX29/j5+v/aAA4EQwBNAFkASwAAPwD9IK/O+vxPr9/K/kvor+tCiv/Z
    """)
  static let palettePNG = bytes(
    """
    iVBORw0KGgoAAAANSUhEUgAAABAAAAAIAQMAAADKuO3UAAAABlBMVEXIPBQUPMgeFYiIAAAAD0lEQVR4nGNg+M/EwICJABaqAQ5o
    yh6fAAAAAElFTkSuQmCC
    """)
  static let transparentPNG = bytes(
    """
    iVBORw0KGgoAAAANSUhEUgAAABAAAAAICAYAAADwdn+XAAAAHklEQVR4nGM8YSPCgA/4MGzBK8+EV5YIMGrAYDAAAC9gAihQC1mK
    AAAAAElFTkSuQmCC
    """)

  private static func bytes(_ text: String) -> [UInt8] {
    [UInt8](Data(base64Encoded: text.filter { !$0.isWhitespace }) ?? Data())
  }
}
