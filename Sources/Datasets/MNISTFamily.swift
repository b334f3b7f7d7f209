import Diagnostics
import Foundation

/// MNIST and the data sets that took over its files: grey images of 28×28 in four IDX files.
///
/// LeCun, Bottou, Bengio, Haffner: "Gradient-based learning applied to document recognition" (1998); Xiao,
/// Rasul, Vollgraf: "Fashion-MNIST" (2017).
struct MNISTFamily {
  var name: String
  var classes: [String]

  static let digits = MNISTFamily(name: "mnist", classes: (0...9).map(String.init))
  static let fashion = MNISTFamily(
    name: "fashion-mnist",
    classes: [
      "t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot",
    ])

  func load(folder: String, split: DatasetSplit) throws -> ImageDataset {
    let prefix = split == .train ? "train" : "t10k"
    let images = try IDXFile(path: path(of: "\(prefix)-images", rank: 3, in: folder), rank: 3)
    let labels = try IDXFile(path: path(of: "\(prefix)-labels", rank: 1, in: folder), rank: 1)
    guard images.dimensions[0] == labels.dimensions[0] else {
      throw Diagnostic(
        .unusableFile, "there are \(labels.dimensions[0]) labels", at: .init(file: labels.path),
        rule: "\(images.path) holds \(images.dimensions[0]) images, and each has one label")
    }
    guard !images.bytes.isEmpty else {
      throw Diagnostic(.unusableFile, "the file holds no image", at: .init(file: images.path))
    }
    if let position = labels.bytes.firstIndex(where: { $0 >= classes.count }) {
      throw Diagnostic(
        .unusableFile, "label out of range",
        at: .init(file: labels.path, path: "item \(position - labels.bytes.startIndex)"),
        value: "\(labels.bytes[position])", rule: "\(name) has the classes 0 to \(classes.count - 1)")
    }
    return ImageDataset(
      name: name, channels: 1, height: images.dimensions[1], width: images.dimensions[2], classes: classes,
      pixels: [UInt8](images.bytes), labels: labels.bytes.map(Int.init))
  }

  /// The file under any of the names in which it is found in the wild.
  private func path(of stem: String, rank: Int, in folder: String) throws -> String {
    let names = ["-", "."].map { "\(stem)\($0)idx\(rank)-ubyte" }.flatMap { [$0, $0 + ".gz"] }
    let paths = names.map { URL(fileURLWithPath: folder).appendingPathComponent($0).path }
    if let path = paths.first(where: { FileManager.default.fileExists(atPath: $0) }) { return path }
    throw Diagnostic(
      .unusableFile, "there is no file \(names[0]), with or without .gz", at: .init(file: folder),
      remedy: "run 'quoin data fetch \(name)', or name the folder that holds the files")
  }
}
