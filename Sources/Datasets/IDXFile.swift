import Diagnostics
import Foundation

/// A file of the IDX format, in which MNIST and its relatives come: a magic number, big-endian extents,
/// bytes.
///
/// Only unsigned bytes are read, the one element type that image data sets use.
package struct IDXFile {
  /// The extents, outermost first.
  package var dimensions: [Int]
  /// The elements.
  package var bytes: Data
  /// Where they come from, for messages.
  package var path: String

  /// Reads a plain or gzip-compressed file.
  ///
  /// - Throws: ``Diagnostic`` where the file is missing or damaged, is not IDX of `rank` dimensions, or is
  ///   longer or shorter than its extents say.
  package init(path: String, rank: Int) throws {
    let raw = try readFile(path)
    try self.init(Gzip.isCompressed(raw) ? Gzip.unpack(raw, path: path) : raw, path: path, rank: rank)
  }

  /// Reads bytes; `path` is for messages.
  package init(_ data: Data, path: String, rank: Int) throws {
    self.path = path
    let place = Diagnostic.Place(file: path)
    let header = [UInt8](data.prefix(4 + 4 * rank))
    guard header.count == 4 + 4 * rank else {
      throw Diagnostic(
        .unusableFile, "the IDX file is too short", at: place, value: "\(data.count) bytes",
        rule: "the header alone has \(4 + 4 * rank)")
    }
    guard header[0...3].elementsEqual([0, 0, 8, UInt8(rank)]) else {
      throw Diagnostic(
        .unusableFile, "the magic number is wrong", at: place, value: Self.hexadecimal(header[0...3]),
        rule:
          "an IDX file of \(rank)-dimensional bytes starts with \(Self.hexadecimal([0, 0, 8, UInt8(rank)]))")
    }
    dimensions = (0..<rank).map { axis in header[(4 + 4 * axis)...].prefix(4).reduce(0) { $0 << 8 | Int($1) }
    }
    bytes = data.dropFirst(header.count)
    guard let expected = Self.product(dimensions), expected == bytes.count else {
      throw Diagnostic(
        .unusableFile, "the IDX file has \(bytes.count) bytes of data", at: place,
        value: dimensions.map(String.init).joined(separator: "×"), rule: "its header promises so many",
        remedy: "fetch the file again")
    }
  }

  /// `nil` where the product overflows, which extents of a hostile header can.
  private static func product(_ numbers: [Int]) -> Int? {
    numbers.reduce(1 as Int?) { product, number in
      product.flatMap { $0.multipliedReportingOverflow(by: number) }.flatMap {
        $0.overflow ? nil : $0.partialValue
      }
    }
  }

  private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    "0x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
