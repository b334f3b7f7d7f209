import Diagnostics
import Foundation

/// The JSON header of a safetensors file.
struct SafetensorsHeader {
  /// One tensor as the header states it.
  private struct Entry: Codable {
    var dtype: String
    var shape: [Int]
    // swift-format-ignore: AlwaysUseLowerCamelCase
    var data_offsets: [Int]
  }

  /// One tensor after its entry was checked.
  struct CheckedEntry {
    let name: String
    let format: ElementFormat
    let shape: Shape
    /// Where its bytes lie behind the header.
    let range: Range<Int>
  }

  private var entries: [String: Entry] = [:]
  private(set) var metadata: [String: String] = [:]

  private static let metadataKey = "__metadata__"
  /// Headers of real models stay below 10 MB; a longer one is an attack on memory.
  private static let limit = 32 << 20
  private static let formats: [String: ElementFormat] = [
    "F16": .float16, "BF16": .bfloat16, "F32": .float32, "F64": .float64, "I8": .int8, "U8": .uint8, "I16": .int16,
    "I32": .int32, "I64": .int64, "BOOL": .boolean,
  ]

  /// The header of tensors that lie behind each other in the order of their names.
  init(_ tensors: [String: Tensor], metadata: [String: String]) throws {
    guard tensors[Self.metadataKey] == nil else {
      throw Diagnostic(.failure, "a tensor cannot have this name", value: Self.metadataKey)
    }
    self.metadata = metadata
    var start = 0
    for (name, tensor) in tensors.sorted(by: { $0.key < $1.key }) {
      let end = start + 4 * tensor.values.count
      entries[name] = Entry(dtype: "F32", shape: tensor.shape.dimensions, data_offsets: [start, end])
      start = end
    }
  }

  /// The header at the start of a file, and where the numbers start.
  static func read(_ data: Data, path: String) throws -> (header: SafetensorsHeader, start: Int) {
    let place = Diagnostic.Place(file: path)
    guard data.count >= 8 else {
      throw Diagnostic(
        .unusableFile, "the file is not in safetensors format", at: place, rule: "it has 8 bytes or more")
    }
    let length = data.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self)) }
    guard length <= UInt64(min(limit, data.count - 8)) else {
      throw Diagnostic(
        .unusableFile, "the header is too long", at: place, value: "\(length) bytes",
        rule: "it ends inside the file and has at most \(limit) bytes")
    }
    let start = 8 + Int(length)
    let body = data.dropFirst(8).prefix(Int(length))
    do {
      return (try JSONDecoder().decode(SafetensorsHeader.self, from: Data(body)), start)
    } catch {
      throw Diagnostic(
        .unusableFile, "the header cannot be read", at: place,
        rule: "it is a JSON object of dtype, shape and data_offsets by name")
    }
  }

  /// The JSON text, with spaces behind it so that the numbers start at a multiple of 8 bytes.
  func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    var text = try encoder.encode(self)
    text.append(contentsOf: [UInt8](repeating: 32, count: (8 - text.count % 8) % 8))
    return text
  }

  /// The tensors in the order of their bytes, which fill the file without gaps.
  func orderedEntries(dataCount: Int, path: String) throws -> [CheckedEntry] {
    var end = 0
    let checked = try entries.map { try check($0.value, name: $0.key, dataCount: dataCount, path: path) }
      .sorted {
        ($0.range.lowerBound, $0.range.upperBound, $0.name) < ($1.range.lowerBound, $1.range.upperBound, $1.name)
      }
    for entry in checked {
      guard entry.range.lowerBound == end else {
        throw Diagnostic(
          .unusableFile, "the bytes do not follow those of the tensor before", at: .init(file: path, path: entry.name),
          value: "\(entry.range.lowerBound)", rule: "they start at \(end)")
      }
      end = entry.range.upperBound
    }
    guard end == dataCount else {
      throw Diagnostic(
        .unusableFile, "the file's length does not fit its header", at: .init(file: path),
        value: "\(dataCount) bytes of data", rule: "the tensors fill \(end) bytes")
    }
    return checked
  }

  private func check(_ entry: Entry, name: String, dataCount: Int, path: String) throws -> CheckedEntry {
    let place = Diagnostic.Place(file: path, path: name)
    guard let format = Self.formats[entry.dtype] else {
      throw Diagnostic(
        .unusableFile, "unknown number format", at: place, value: entry.dtype,
        rule: "it is one of \(Self.formats.keys.sorted().joined(separator: ", "))",
        nearest: nearestName(to: entry.dtype, among: Self.formats.keys.sorted()))
    }
    let offsets = entry.data_offsets
    guard offsets.count == 2, 0 <= offsets[0], offsets[0] <= offsets[1], offsets[1] <= dataCount else {
      throw Diagnostic(
        .unusableFile, "the offsets do not lie inside the file", at: place,
        value: offsets.prefix(4).map(String.init).joined(separator: ", "),
        rule: "they are a start and an end up to \(dataCount)")
    }
    let shape = Shape(entry.shape)
    let (bytes, overflows) = (shape.checkedElementCount ?? .max).multipliedReportingOverflow(by: format.byteCount)
    guard !overflows, bytes == offsets[1] - offsets[0] else {
      throw Diagnostic(
        .unusableFile, "the offsets do not fit the shape", at: place,
        value: entry.shape.prefix(8).map(String.init).joined(separator: "×"),
        rule: "there are \(offsets[1] - offsets[0]) bytes")
    }
    return CheckedEntry(name: name, format: format, shape: shape, range: offsets[0]..<offsets[1])
  }
}

extension SafetensorsHeader: Codable {
  private struct Key: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }

    init(stringValue: String) { self.stringValue = stringValue }

    init?(intValue: Int) { nil }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: Key.self)
    for key in container.allKeys {
      if key.stringValue == Self.metadataKey {
        metadata = try container.decode([String: String].self, forKey: key)
      } else {
        entries[key.stringValue] = try container.decode(Entry.self, forKey: key)
      }
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: Key.self)
    if !metadata.isEmpty { try container.encode(metadata, forKey: Key(stringValue: Self.metadataKey)) }
    for (name, entry) in entries { try container.encode(entry, forKey: Key(stringValue: name)) }
  }
}
