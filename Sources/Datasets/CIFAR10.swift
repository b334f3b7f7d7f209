import Diagnostics
import Foundation

/// CIFAR-10 in its binary layout: records of a label byte and three planes of 32×32.
///
/// Krizhevsky: "Learning multiple layers of features from tiny images" (2009).
enum CIFAR10 {
  static let name = "cifar10"
  static let classes = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]
  /// The folder inside the published archive.
  static let archiveFolder = "cifar-10-batches-bin"
  static let trainingFiles = (1...5).map { "data_batch_\($0).bin" }
  static let testFiles = ["test_batch.bin"]

  private static let imageBytes = 3 * 32 * 32
  private static let recordBytes = 1 + imageBytes
  /// Ten times what a published file has.
  private static let fileLimit = 100_000 * recordBytes

  static func load(folder: String, split: DatasetSplit) throws -> ImageDataset {
    let names = split == .train ? trainingFiles : testFiles
    let folder = try folderOfBatches(in: folder, firstFile: names[0])
    var pixels: [UInt8] = []
    var labels: [Int] = []
    for name in names {
      try append(folder.appendingPathComponent(name).path, pixels: &pixels, labels: &labels)
    }
    return ImageDataset(
      name: name, channels: 3, height: 32, width: 32, classes: classes, pixels: pixels, labels: labels)
  }

  private static func folderOfBatches(in folder: String, firstFile: String) throws -> URL {
    let root = URL(fileURLWithPath: folder)
    for candidate in [root, root.appendingPathComponent(archiveFolder)] {
      let file = candidate.appendingPathComponent(firstFile).path
      if FileManager.default.fileExists(atPath: file) { return candidate }
    }
    throw Diagnostic(
      .unusableFile, "there is no file \(firstFile), nor \(archiveFolder)/\(firstFile)",
      at: .init(file: folder),
      remedy: "run 'quoin data fetch \(name)', or name the folder that holds the binary files")
  }

  private static func append(_ path: String, pixels: inout [UInt8], labels: inout [Int]) throws {
    let data = try readFile(path, limit: fileLimit)
    guard !data.isEmpty, data.count.isMultiple(of: recordBytes) else {
      throw Diagnostic(
        .unusableFile, "the file is cut off or is not CIFAR-10's binary version", at: .init(file: path),
        value: "\(data.count) bytes", rule: "a file is one or more records of \(recordBytes) bytes")
    }
    let count = data.count / recordBytes
    pixels.reserveCapacity(pixels.count + count * imageBytes)
    try data.withUnsafeBytes { bytes in
      for record in 0..<count {
        let label = bytes[record * recordBytes]
        guard label < classes.count else {
          throw Diagnostic(
            .unusableFile, "label out of range", at: .init(file: path, path: "record \(record)"),
            value: "\(label)",
            rule: "\(name) has the classes 0 to \(classes.count - 1)")
        }
        labels.append(Int(label))
        pixels.append(contentsOf: bytes[(record * recordBytes + 1)..<((record + 1) * recordBytes)])
      }
    }
  }
}
