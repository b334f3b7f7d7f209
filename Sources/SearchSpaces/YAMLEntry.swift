import Diagnostics
import Yams

/// A node of a space or experiment file together with where it stands, so that every complaint can name its place.
package struct YAMLEntry {
  let node: Node
  let file: String?
  /// The path of keys, such as `stages[1].block.mbconv.kernel`.
  let path: String

  var line: Int? { node.mark?.line }

  /// The text of a scalar.
  package var text: String? { node.scalar?.string }

  /// An error about this node; by default with its text as the offending value.
  package func error(
    _ problem: String, value: String? = nil, rule: String? = nil, nearest: String? = nil,
    remedy: String? = nil
  ) -> Diagnostic {
    Diagnostic(
      .unusableFile, problem, at: .init(file: file, line: line, path: path), value: value ?? text, rule: rule,
      nearest: nearest, remedy: remedy)
  }

  func child(_ node: Node, key: String) -> YAMLEntry {
    YAMLEntry(node: node, file: file, path: path.isEmpty ? key : "\(path).\(key)")
  }

  func child(_ node: Node, at position: Int) -> YAMLEntry {
    YAMLEntry(node: node, file: file, path: "\(path)[\(position)]")
  }

  /// The entries of a list, or `nil` where this is no list.
  package var elements: [YAMLEntry]? {
    guard let sequence = node.sequence else { return nil }
    return sequence.enumerated().map { child($0.element, at: $0.offset) }
  }

  /// The only key of a mapping with its value, or the text of a scalar; what names a kind.
  var tagged: (key: String, entry: YAMLEntry?)? {
    if let text { return (text, nil) }
    guard let mapping = node.mapping, mapping.count == 1, let pair = mapping.first, let key = pair.key.string
    else { return nil }
    return (key, child(pair.value, key: key))
  }

  /// The entries of a mapping by key.
  ///
  /// - Throws: ``Diagnostic`` where this is no mapping, or a key is none of `legal`.
  package func fields(_ legal: [String], rule: String? = nil) throws -> Fields {
    let keys = "the keys are \(legal.joined(separator: ", "))"
    guard let mapping = node.mapping else {
      throw error("a mapping of keys is needed", rule: rule ?? keys)
    }
    var entries: [String: YAMLEntry] = [:]
    for (key, value) in mapping {
      let name = key.string ?? ""
      let place = YAMLEntry(node: key, file: file, path: path)
      guard key.string != nil else { throw place.error("a key is a word", rule: rule ?? keys) }
      guard legal.contains(name) else {
        throw place.error("unknown key", rule: rule ?? keys, nearest: nearestName(to: name, among: legal))
      }
      entries[name] = child(value, key: name)
    }
    return Fields(owner: self, entries: entries)
  }

  /// The entries of a mapping.
  package struct Fields {
    let owner: YAMLEntry
    let entries: [String: YAMLEntry]

    package subscript(key: String) -> YAMLEntry? { entries[key] }

    package func required(_ key: String, rule: String) throws -> YAMLEntry {
      guard let entry = entries[key] else {
        throw Diagnostic(
          .unusableFile, "a key is missing",
          at: .init(file: owner.file, line: owner.line, path: owner.path.isEmpty ? nil : owner.path),
          value: key,
          rule: rule)
      }
      return entry
    }
  }
}
