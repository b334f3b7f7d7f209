import Diagnostics
import Foundation

/// The two parts that a data set is published in.
public enum DatasetSplit: String, Hashable, Sendable, CaseIterable, Codable {
  /// For learning and choosing.
  case train
  /// For the one last number.
  case test
}

/// The data sets that can be asked for by name.
///
///     let images = try DatasetCatalog.load("glyphs", folder: nil, split: .train)
public enum DatasetCatalog {
  /// All legal names: `glyphs` is generated and needs no files; `folder` is one's own images.
  public static let names = [Glyphs.name, "mnist", "fashion-mnist", CIFAR10.name, "folder"]

  /// Loads one part of a data set into memory.
  ///
  /// - Parameters:
  ///   - name: one of ``names``.
  ///   - folder: where its files are; without one, where `quoin data fetch` puts them. `glyphs` has no files.
  ///   - images: how `folder` turns pictures of any size into a data set; the other data sets have their own
  ///     size.
  /// - Throws: ``Diagnostic`` for an unknown name, a missing folder, and for every file that breaks its
  ///   format.
  public static func load(
    _ name: String, folder: String?, split: DatasetSplit, images: ImageFolderOptions = .init()
  ) throws -> ImageDataset {
    switch name {
    case Glyphs.name: return Glyphs.standard(split)
    case "mnist": return try MNISTFamily.digits.load(folder: existing(folder, for: name), split: split)
    case "fashion-mnist":
      return try MNISTFamily.fashion.load(folder: existing(folder, for: name), split: split)
    case CIFAR10.name: return try CIFAR10.load(folder: existing(folder, for: name), split: split)
    case "folder":
      guard let folder else {
        throw Diagnostic(
          .usage, "the data set 'folder' needs a folder",
          remedy: "name one that holds a folder of PNG or JPEG images for every class")
      }
      return try ImageFolder(path: existing(folder, for: name), options: images).load(split)
    default:
      throw Diagnostic(
        .usage, "unknown data set", value: name, rule: "there are " + names.joined(separator: ", "),
        nearest: nearestName(to: name, among: names))
    }
  }

  /// Where `quoin data fetch` puts a data set: `$XDG_CACHE_HOME/quoin/datasets/NAME`, or
  /// `~/.cache/quoin/datasets/NAME`.
  public static func defaultFolder(for name: String) -> String {
    let home = FileManager.default.homeDirectoryForCurrentUser.appendingPathComponent(".cache")
    let cache = ProcessInfo.processInfo.environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
    return URL(fileURLWithPath: cache ?? home.path).appendingPathComponent("quoin/datasets/\(name)").path
  }

  private static func existing(_ folder: String?, for name: String) throws -> String {
    let path = folder ?? defaultFolder(for: name)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw Diagnostic(
        .unusableFile, "there is no such folder", at: .init(file: path),
        remedy: DatasetSource.known.contains { $0.name == name }
          ? "run 'quoin data fetch \(name)', or name the folder that holds \(name)" : "check the path")
    }
    guard isFolder.boolValue else {
      throw Diagnostic(
        .unusableFile, "a file stands where the data set's folder is needed", at: .init(file: path))
    }
    return path
  }
}
