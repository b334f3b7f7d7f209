import Foundation

/// Looks for a key that stands twice in one object of a JSON text, which Foundation's decoder silently drops.
///
/// One pass over the bytes, without recursion. It knows just enough of JSON to tell keys from values: whether the text
/// is well formed is for the decoder to say.
struct RepeatedKeys {
  /// A key that stands twice.
  struct Finding: Equatable {
    let key: String
    /// The object, as a path of keys and indices.
    let place: String
    let line: Int
  }

  /// An object or a list that has begun.
  private struct Frame {
    /// Where the object's keys begin in `keys`; negative for a list.
    let firstKey: Int
    /// Which element of a list is being read.
    var index = 0
    /// The object's keys as texts, once there are many or one is not plain.
    var texts: Set<String>?
  }

  /// Foundation's decoder reads no deeper texts.
  private static let deepest = 512
  /// So many plain keys are compared one by one.
  private static let fewKeys = 16

  private let bytes: UnsafeRawBufferPointer
  private var frames: [Frame] = []
  /// The keys of all objects that have begun, without quotation marks.
  private var keys: [Range<Int>] = []

  /// The first key that stands twice; `nil` where there is none before the text ends or ceases to be JSON in UTF-8.
  static func first(in json: Data) -> Finding? {
    json.withUnsafeBytes { bytes in
      var scanner = RepeatedKeys(bytes: bytes)
      return scanner.scan()
    }
  }

  private init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private mutating func scan() -> Finding? {
    var (position, expectsKey) = (0, false)
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        guard frames.count < Self.deepest else { return nil }
        expectsKey = byte == UInt8(ascii: "{")
        frames.append(Frame(firstKey: expectsKey ? keys.count : -1))
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard let frame = frames.popLast() else { return nil }
        if frame.firstKey >= 0 { keys.removeSubrange(frame.firstKey...) }
        expectsKey = false
      case UInt8(ascii: ","):
        guard let last = frames.indices.last else { return nil }
        expectsKey = frames[last].firstKey >= 0
        frames[last].index += 1
      case UInt8(ascii: "\""):
        guard let (end, isPlain) = string(from: position) else { return nil }
        if expectsKey {
          guard note(position..<end, isPlain: isPlain) else { return finding(position..<end) }
          expectsKey = false
        }
        position = end + 1
      default: break
      }
    }
    return nil
  }

  /// Where the text ends that begins here, and whether its bytes are what it says; `nil` where it has no end.
  private func string(from start: Int) -> (end: Int, isPlain: Bool)? {
    var (position, isPlain) = (start, true)
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "\""): return (position, isPlain)
      case UInt8(ascii: "\\"): (position, isPlain) = (position + 2, false)
      case 0x80...: (position, isPlain) = (position + 1, false)
      default: position += 1
      }
    }
    return nil
  }

  /// Takes down a key of the innermost object; false where the object has it already.
  private mutating func note(_ key: Range<Int>, isPlain: Bool) -> Bool {
    guard let last = frames.indices.last else { return true }
    let first = frames[last].firstKey
    if frames[last].texts == nil, isPlain, keys.count - first < Self.fewKeys {
      for known in first..<keys.count where isEqual(keys[known], key) { return false }
    } else {
      if frames[last].texts == nil { frames[last].texts = Set(keys[first...].map(text)) }
      let new = text(key)
      guard frames[last].texts?.insert(new).inserted == true else { return false }
    }
    keys.append(key)
    return true
  }

  private func isEqual(_ a: Range<Int>, _ b: Range<Int>) -> Bool {
    guard a.count == b.count, let start = bytes.baseAddress else { return false }
    return memcmp(start + a.lowerBound, start + b.lowerBound, a.count) == 0
  }

  /// A key as a text, escapes read.
  private func text(_ key: Range<Int>) -> String {
    let plain = String(decoding: bytes[key], as: UTF8.self)
    guard bytes[key].contains(UInt8(ascii: "\\")) else { return plain }
    return (try? JSONDecoder().decode(String.self, from: Data("\"\(plain)\"".utf8))) ?? plain
  }

  private func finding(_ key: Range<Int>) -> Finding {
    var place = ""
    for (depth, frame) in frames.dropLast().enumerated() {
      guard frame.firstKey >= 0 else {
        place += "[\(frame.index)]"
        continue
      }
      // The last key before the next object that has begun is the one whose value that is in.
      let next = frames[(depth + 1)...].first { $0.firstKey >= 0 }?.firstKey ?? keys.count
      place += (place.isEmpty ? "" : ".") + text(keys[next - 1])
    }
    return Finding(
      key: text(key), place: place, line: 1 + bytes[..<key.lowerBound].count { $0 == UInt8(ascii: "\n") })
  }
}
