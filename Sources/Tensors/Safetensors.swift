import Diagnostics
import Foundation

/// Named tensors and texts in the safetensors format: a JSON header with shapes and offsets, then the numbers.
///
///     try Safetensors(tensors: weights, metadata: ["epoch": "3"]).write(to: "net.safetensors")
///     let weights = try Safetensors.read("net.safetensors").tensors
///
/// The same content gives the same bytes: names stand in order, and so do their numbers.
public struct Safetensors: Hashable, Sendable {
  /// Tensors by name.
  public var tensors: [String: Tensor]
  /// Texts by name.
  public var metadata: [String: String]

  /// Collects what a file shall hold.
  public init(tensors: [String: Tensor], metadata: [String: String] = [:]) {
    self.tensors = tensors
    self.metadata = metadata
  }

  /// Reads a file; numbers of other formats than FP32 are converted.
  ///
  /// - Throws: ``Diagnostic`` where the file is missing or damaged: a header that is too long or no JSON of the format,
  ///   an unknown number format, offsets that leave the file, overlap, leave gaps or do not fit the shape.
  public static func read(_ path: String) throws -> Safetensors {
    try Safetensors(decoding: readFile(path), path: path)
  }

  /// Writes the file: it is there in full or as it was before.
  ///
  /// - Throws: ``Diagnostic`` where the file cannot be written, or a tensor bears the name that is kept for metadata.
  public func write(to path: String) throws { try writeAtomically(encoded(), to: path) }

  /// Reads the bytes of a file; `path` is for messages.
  ///
  /// - Throws: ``Diagnostic`` as ``read(_:)`` does.
  public init(decoding data: Data, path: String) throws {
    let (header, start) = try SafetensorsHeader.read(data, path: path)
    let entries = try header.orderedEntries(dataCount: data.count - start, path: path)
    tensors = try data.withUnsafeBytes { bytes in
      var tensors: [String: Tensor] = [:]
      for entry in entries {
        let slice = UnsafeRawBufferPointer(
          rebasing: bytes[start + entry.range.lowerBound..<start + entry.range.upperBound])
        tensors[entry.name] = Tensor(
          entry.shape, try entry.format.floats(slice, at: .init(file: path, path: entry.name)))
      }
      return tensors
    }
    metadata = header.metadata
  }

  /// The bytes of the file.
  ///
  /// - Throws: ``Diagnostic`` where a tensor bears the name that is kept for metadata.
  public func encoded() throws -> Data {
    let names = tensors.keys.sorted()
    let header = try SafetensorsHeader(tensors, metadata: metadata).encoded()
    var data = Data(capacity: 8 + header.count + tensors.values.reduce(0) { $0 + 4 * $1.values.count })
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { data.append(contentsOf: $0) }
    data.append(header)
    for name in names { tensors[name]?.values.withUnsafeBytes { data.append(contentsOf: $0) } }
    return data
  }
}
