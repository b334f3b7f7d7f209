import Diagnostics
import Foundation

/// The files in a tar archive (POSIX ustar and GNU), enough for published data sets.
///
/// Folders and metadata are passed over; links, devices and paths that leave the folder are refused, not
/// skipped: an archive that has them is not the one that was asked for.
package struct TarArchive {
  /// A file inside.
  package struct Entry {
    /// The path relative to the archive's root.
    package var path: String
    /// The content.
    package var content: Data
  }

  /// All files in the order of the archive.
  package private(set) var entries: [Entry] = []

  private static let blockSize = 512
  private static let entryLimit = 100_000

  /// Reads an archive that is not compressed; `path` is for messages.
  ///
  /// - Throws: ``Diagnostic`` with the entry's name or position where the archive is damaged or would write
  ///   elsewhere.
  package init(_ data: Data, path: String) throws {
    var offset = data.startIndex
    while data.endIndex - offset >= Self.blockSize {
      let block = [UInt8](data[offset..<(offset + Self.blockSize)])
      if block.allSatisfy({ $0 == 0 }) { return }
      let header = try Header(block, place: .init(file: path, path: "byte \(offset - data.startIndex)"))
      offset += Self.blockSize
      guard header.size <= data.endIndex - offset else { throw Self.truncated(path, entry: header.name) }
      if try header.isFile(in: path) {
        guard entries.count < Self.entryLimit else {
          throw Diagnostic(
            .unusableFile, "the archive has too many files", at: .init(file: path),
            rule: "at most \(Self.entryLimit)")
        }
        try Self.checkSafe(header.name, in: path)
        entries.append(Entry(path: header.name, content: data[offset..<(offset + header.size)]))
      }
      let padded = (header.size + Self.blockSize - 1) / Self.blockSize * Self.blockSize
      offset += min(padded, data.endIndex - offset)
    }
    throw Self.truncated(path, entry: entries.last?.path ?? "")
  }

  private static func truncated(_ path: String, entry: String) -> Diagnostic {
    Diagnostic(
      .unusableFile, "the archive ends too early", at: .init(file: path, path: entry.isEmpty ? nil : entry),
      remedy: "fetch it again: the copy is incomplete")
  }

  private static func checkSafe(_ name: String, in path: String) throws {
    let parts = name.split(separator: "/", omittingEmptySubsequences: false)
    guard !name.hasPrefix("/"), !parts.contains(".."), !parts.contains(""), !name.contains("\0") else {
      throw Diagnostic(
        .unusableFile, "a path in the archive leaves its folder", at: .init(file: path), value: name,
        rule: "paths are relative and have no '..'")
    }
  }

  private struct Header {
    var name: String
    var size: Int
    var kind: UInt8

    init(_ block: [UInt8], place: Diagnostic.Place) throws {
      guard let sum = Self.octal(block[148..<156]), sum == Self.checksum(block) else {
        throw Diagnostic(
          .unusableFile, "the archive is damaged", at: place, rule: "every header carries its own checksum")
      }
      guard let size = Self.octal(block[124..<136]) else {
        throw Diagnostic(
          .unusableFile, "the length of a file in the archive is no octal number", at: place,
          value: Self.string(block[124..<136]))
      }
      self.size = size
      kind = block[156]
      // GNU's own format keeps times where ustar keeps the front of a long path.
      let isPortable = block[257..<263].elementsEqual(Array("ustar\0".utf8))
      let prefix = isPortable ? Self.string(block[345..<500]) : ""
      name = (prefix.isEmpty ? "" : prefix + "/") + Self.string(block[0..<100])
      if name.hasPrefix("./") { name.removeFirst(2) }
    }

    func isFile(in path: String) throws -> Bool {
      switch kind {
      case UInt8(ascii: "0"), 0: return true
      // Folders, and metadata of POSIX (pax) that ordinary files do without.
      case UInt8(ascii: "5"), UInt8(ascii: "x"), UInt8(ascii: "g"): return false
      default:
        throw Diagnostic(
          .unusableFile, "an entry of the archive is neither file nor folder", at: .init(file: path),
          value: name,
          rule: "links, devices and long GNU names are refused")
      }
    }

    /// The sum of the header's bytes, its own field counted as spaces.
    private static func checksum(_ block: [UInt8]) -> Int {
      block.indices.reduce(0) { $0 + ((148..<156).contains($1) ? 32 : Int(block[$1])) }
    }

    private static func string(_ field: ArraySlice<UInt8>) -> String {
      String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func octal(_ field: ArraySlice<UInt8>) -> Int? {
      let text = string(field).trimmingCharacters(in: .whitespaces)
      return Int(text, radix: 8).flatMap { $0 >= 0 ? $0 : nil }
    }
  }
}
