import Diagnostics
import Foundation
import Tensors

/// Numbers of a model that lie in files beside it, as PyTorch writes them by default.
///
/// A file is not trusted: what it names lies in its own folder, links included, every range lies inside its file, and all
/// ranges together are no longer than the files.
struct ONNXExternalData {
  /// The path of the ONNX file, for messages.
  let path: String
  /// Whether other files may be read at all.
  private let isAllowed: Bool
  private let folder: URL
  private var files: [String: Data] = [:]
  /// Bytes of all files, and bytes taken from them.
  private(set) var byteCount = 0
  private var taken = 0

  init(beside path: String, isAllowed: Bool = true) {
    (self.path, self.isAllowed) = (path, isAllowed)
    folder = URL(fileURLWithPath: path).deletingLastPathComponent().resolvingSymlinksInPath().standardizedFileURL
  }

  /// Puts the bytes of a tensor that lie elsewhere into it.
  ///
  /// - Throws: ``Diagnostic`` where the file is missing, lies elsewhere, or is too short.
  mutating func load(_ tensor: inout ONNXTensorProto) throws {
    guard tensor.dataLocation == .external else { return }
    guard isAllowed else {
      throw unusable(tensor, "the tensor lies in another file", nil, "all numbers lie in the model itself")
    }
    let entries = Dictionary(tensor.externalData.map { ($0.key, $0.value) }) { first, _ in first }
    guard let location = entries["location"], !location.isEmpty else {
      throw unusable(tensor, "the tensor lies in another file that is not named", nil, "external_data has a location")
    }
    let data = try file(location, tensor)
    let offset = try number(entries["offset"], tensor) ?? 0
    let length = try number(entries["length"], tensor) ?? max(0, data.count - offset)
    guard offset <= data.count, length <= data.count - offset else {
      throw unusable(
        tensor, "the tensor lies behind the end of its file", location,
        "\(length) bytes from \(offset) on, the file has \(data.count); it may be cut off")
    }
    taken += length
    guard taken <= byteCount else {
      throw unusable(tensor, "tensors share the bytes of a file", location, "every tensor has bytes of its own")
    }
    tensor.rawData = data.subdata(in: data.startIndex + offset..<data.startIndex + offset + length)
    tensor.dataLocation = .default
  }

  private mutating func file(_ location: String, _ tensor: ONNXTensorProto) throws -> Data {
    if let data = files[location] { return data }
    let rule = "the file lies in the model's folder"
    let parts = location.split(separator: "/", omittingEmptySubsequences: false)
    guard !location.hasPrefix("/"), !location.contains("\0"), parts.allSatisfy({ $0 != ".." && !$0.isEmpty }) else {
      throw unusable(tensor, "the tensor lies outside the model's folder", location, rule)
    }
    let file = folder.appendingPathComponent(location).resolvingSymlinksInPath().standardizedFileURL
    guard file.path.hasPrefix(folder.path == "/" ? "/" : folder.path + "/") else {
      throw unusable(tensor, "the tensor lies outside the model's folder", location, rule)
    }
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: file.path, isDirectory: &isFolder), !isFolder.boolValue,
      (try? file.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true,
      let data = try? Data(contentsOf: file, options: .mappedIfSafe)
    else {
      throw Diagnostic(
        .unusableFile, "the file with the model's numbers cannot be read", at: .init(file: path, path: tensor.name),
        value: location, rule: rule, remedy: "copy it along with the model, or save the model without external data")
    }
    files[location] = data
    byteCount += data.count
    return data
  }

  private func number(_ text: String?, _ tensor: ONNXTensorProto) throws -> Int? {
    guard let text else { return nil }
    guard let number = Int(text), number >= 0 else {
      throw unusable(tensor, "the tensor's place in its file is no number", String(text.prefix(40)), nil)
    }
    return number
  }

  private func unusable(
    _ tensor: ONNXTensorProto, _ problem: String, _ value: String?, _ rule: String?
  ) -> Diagnostic {
    Diagnostic(
      .unusableFile, problem, at: .init(file: path, path: tensor.name), value: value, rule: rule,
      remedy: "save the model without external data")
  }
}
