import Diagnostics
import Foundation
import Tensors

/// How pictures of any size become a data set.
public struct ImageFolderOptions: Hashable, Sendable, Codable {
  /// 1 for grey, 3 for colour.
  public var channels: Int
  /// Rows of every image after scaling.
  public var height: Int
  /// Columns of every image after scaling.
  public var width: Int
  /// The share of a folder without `train` and `test` that becomes the test set.
  public var testFraction: Double

  /// Creates options; without any, pictures become 3×32×32, and a fifth of an undivided folder is for
  /// testing.
  public init(channels: Int = 3, height: Int = 32, width: Int = 32, testFraction: Double = 0.2) {
    self.channels = channels
    self.height = height
    self.width = width
    self.testFraction = testFraction
  }
}

/// A folder with one folder of PNG or JPEG pictures per class, whose names are the classes.
///
/// With `train` and `test` beneath it, these are the parts. Without, every class is divided by a checksum of
/// the pictures' names: the same pictures give the same parts on every machine.
package struct ImageFolder {
  /// The folder's path.
  package var path: String
  /// Sizes and shares.
  package var options: ImageFolderOptions

  /// The most bytes that a data set in memory may have.
  private static let memoryLimit = 8 << 30

  /// Creates a data set's description; nothing is read yet.
  package init(path: String, options: ImageFolderOptions) {
    self.path = path
    self.options = options
  }

  /// A picture and its class.
  private struct Item {
    var path: String
    var label: Int
  }

  /// Reads and scales all pictures of one part.
  ///
  /// - Throws: ``Diagnostic`` that names the first picture which cannot be read, in the order of the names.
  package func load(_ split: DatasetSplit) throws -> ImageDataset {
    try checkOptions()
    let (classes, items) = try listed(split)
    let bytes = options.channels * options.height * options.width
    guard items.count <= Self.memoryLimit / bytes else {
      throw Diagnostic(
        .unusableFile, "the pictures do not fit into memory", at: .init(file: path),
        value: "\(items.count) of \(options.channels)×\(options.height)×\(options.width)",
        rule: "at most \(Self.memoryLimit) bytes are kept", remedy: "choose a smaller size")
    }
    return ImageDataset(
      name: "folder", channels: options.channels, height: options.height, width: options.width,
      classes: classes,
      pixels: try decoded(items), labels: items.map(\.label))
  }

  private func checkOptions() throws {
    guard options.channels == 1 || options.channels == 3 else {
      throw Diagnostic(
        .usage, "wrong number of channels", value: "\(options.channels)", rule: "1 is grey, 3 is colour")
    }
    guard (1...4096).contains(options.height), (1...4096).contains(options.width) else {
      throw Diagnostic(
        .usage, "wrong image size", value: "\(options.height)×\(options.width)",
        rule: "sides are 1 to 4096 pixels")
    }
    guard options.testFraction > 0, options.testFraction < 1 else {
      throw Diagnostic(
        .usage, "wrong share of test images", value: "\(options.testFraction)",
        rule: "it lies between 0 and 1")
    }
  }

  private func listed(_ split: DatasetSplit) throws -> (classes: [String], items: [Item]) {
    let entries = try FolderListing(path)
    guard entries.folders.contains("train") else { return try divided(entries, split) }
    guard entries.folders.contains("test") else {
      throw Diagnostic(
        .unusableFile, "there is 'train' but no 'test'", at: .init(file: path),
        rule: "a data set has both, or neither and is divided by itself")
    }
    let classes = try classNames(FolderListing(path + "/train"))
    if split == .train { return (classes, try items(of: classes, in: path + "/train")) }
    let tested = try FolderListing(path + "/test")
    if let unknown = tested.folders.first(where: { !classes.contains($0) }) {
      throw Diagnostic(
        .unusableFile, "a class of 'test' does not occur in 'train'", at: .init(file: tested.path),
        value: unknown,
        rule: "the classes are the folders of 'train'", nearest: nearestName(to: unknown, among: classes))
    }
    return (
      classes, try items(of: classes.filter(tested.folders.contains), in: tested.path, classes: classes)
    )
  }

  private func divided(_ entries: FolderListing, _ split: DatasetSplit) throws -> ([String], [Item]) {
    let classes = try classNames(entries)
    let parts = try classes.map { name in
      let items = try items(of: [name], in: path, classes: classes)
      guard items.count >= 2 else {
        throw Diagnostic(
          .unusableFile, "a class needs two pictures to be divided", at: .init(file: "\(path)/\(name)"),
          remedy: "add pictures, or make the folders 'train' and 'test'")
      }
      let ranked = items.map { (key: sha256(Data(relativeName($0.path).utf8)), item: $0) }.sorted {
        $0.key < $1.key
      }
      let tests = min(max(Int((options.testFraction * Double(items.count)).rounded()), 1), items.count - 1)
      let chosen = split == .test ? ranked.prefix(tests) : ranked.dropFirst(tests)
      return chosen.map(\.item).sorted { $0.path < $1.path }
    }
    return (classes, parts.flatMap { $0 })
  }

  private func relativeName(_ file: String) -> String { String(file.dropFirst(path.count + 1)) }

  private func classNames(_ listing: FolderListing) throws -> [String] {
    guard listing.folders.count >= 2 else {
      throw Diagnostic(
        .unusableFile, "there are too few class folders", at: .init(file: listing.path),
        value: "\(listing.folders.count)",
        rule: "every class is a folder of PNG or JPEG images, and there are two or more")
    }
    return listing.folders
  }

  /// The pictures of some classes; their labels are positions in `classes`.
  private func items(of names: [String], in folder: String, classes: [String]? = nil) throws -> [Item] {
    let classes = classes ?? names
    return try names.flatMap { name in
      let listing = try FolderListing("\(folder)/\(name)")
      let pictures = listing.files.filter {
        ImageFile.extensions.contains(URL(fileURLWithPath: $0).pathExtension.lowercased())
      }
      guard !pictures.isEmpty else {
        throw Diagnostic(
          .unusableFile, "the class has no picture", at: .init(file: listing.path),
          rule: "pictures end in " + ImageFile.extensions.sorted().map { "." + $0 }.joined(separator: ", "))
      }
      let label = classes.firstIndex(of: name) ?? 0
      return pictures.map { Item(path: "\(listing.path)/\($0)", label: label) }
    }
  }

  /// Decodes on all cores into one array.
  private func decoded(_ items: [Item]) throws -> [UInt8] {
    let size = options.channels * options.height * options.width
    var failure: Diagnostic?
    let pixels = [UInt8](unsafeUninitializedCapacity: items.count * size) { buffer, count in
      let pieces = DisjointPieces(buffer, size: size)
      failure = firstFailure(count: items.count) { index in
        let picture = try ImageFile.decode(items[index].path)
          .resized(width: options.width, height: options.height)
        pieces.fill(index, with: picture.planes(channels: options.channels))
      }
      count = failure == nil ? items.count * size : 0
    }
    if let failure { throw failure }
    return pixels
  }
}

/// The visible folders and files of a folder, sorted by name so that every machine sees the same order.
private struct FolderListing {
  var path: String
  var folders: [String] = []
  var files: [String] = []

  init(_ path: String) throws {
    self.path = path
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      throw Diagnostic(.unusableFile, "the folder cannot be read", at: .init(file: path))
    }
    for name in names.sorted() where !name.hasPrefix(".") {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: "\(path)/\(name)", isDirectory: &isFolder) else {
        continue
      }
      if isFolder.boolValue { folders.append(name) } else { files.append(name) }
    }
  }
}
