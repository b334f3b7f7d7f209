/// Writers of small files, independent of the code under test.
public enum Fixture {
  /// Four bytes, the highest first.
  public static func bigEndian(_ value: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
  }

  /// An IDX file of bytes.
  public static func idx(_ dimensions: [Int], _ bytes: [UInt8], magic: [UInt8]? = nil) -> [UInt8] {
    (magic ?? [0, 0, 8, UInt8(dimensions.count)]) + dimensions.flatMap(bigEndian) + bytes
  }

  /// A gzip member with stored blocks only.
  public static func gzip(_ bytes: [UInt8]) -> [UInt8] {
    let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]
    let trailer: [UInt8] = bigEndian(Int(crc32(bytes))).reversed() + bigEndian(bytes.count).reversed()
    return header + stored(bytes) + trailer
  }

  /// A PNG of 8-bit samples; `size` overrides what the header claims.
  public static func png(width: Int, height: Int, rgb: [UInt8], size: (Int, Int)? = nil) -> [UInt8] {
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

  /// The checksum of gzip and PNG.
  public static func crc32(_ bytes: [UInt8]) -> UInt32 {
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
  public static func tar(_ entries: [(path: String, kind: Character, content: [UInt8])]) -> [UInt8] {
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
