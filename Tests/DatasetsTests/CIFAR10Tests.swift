import Datasets
import Diagnostics
import Foundation
import Testing

@Suite("CIFAR-10 files")
struct CIFAR10Tests {
  private func record(_ label: UInt8, _ value: UInt8) -> [UInt8] {
    [label] + [UInt8](repeating: value, count: 3072)
  }

  private func folder(beneath prefix: String = "", first: [UInt8]? = nil) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    for batch in 1...5 {
      let bytes = batch == 1 ? first : nil
      try folder.write(
        bytes ?? record(UInt8(batch), UInt8(10 * batch)) + record(9, 1),
        to: "\(prefix)data_batch_\(batch).bin")
    }
    try folder.write(record(3, 99), to: "\(prefix)test_batch.bin")
    return folder
  }

  @Test(
    "five files are one training set, found in the archive's folder as well",
    arguments: ["", "cifar-10-batches-bin/"])
  func reading(prefix: String) throws {
    let folder = try folder(beneath: prefix)
    let train = try DatasetCatalog.load("cifar10", folder: folder.path, split: .train)
    #expect(train.labels == [1, 9, 2, 9, 3, 9, 4, 9, 5, 9])
    #expect(train.pixels[2 * 3072] == 20)
    let test = try DatasetCatalog.load("cifar10", folder: folder.path, split: .test)
    #expect(test.labels == [3])
    #expect(test.classes[3] == "cat")
    #expect(test.batch(of: [0]).shape == [1, 3, 32, 32])
  }

  @Test("damaged files are refused with file, value and rule")
  func damaged() throws {
    let cases: [(bytes: [UInt8], phrase: String)] = [
      ([], "'0 bytes'"), ([0, 1, 2], "'3 bytes'"), (record(1, 1).dropLast(), "records of 3073 bytes"),
      (record(1, 1) + record(10, 1), "record 1: label out of range '10'"),
    ]
    for (bytes, phrase) in cases {
      let folder = try folder(first: bytes)
      let diagnostic = try #require(
        diagnostic { _ = try DatasetCatalog.load("cifar10", folder: folder.path, split: .train) })
      #expect(diagnostic.place?.file == folder.path + "/data_batch_1.bin")
      #expect(diagnostic.description.contains(phrase), "\(diagnostic)")
    }
  }

  @Test("a missing batch is named")
  func missing() throws {
    let folder = try folder()
    try FileManager.default.removeItem(atPath: folder.path + "/data_batch_4.bin")
    let diagnostic = try #require(
      diagnostic { _ = try DatasetCatalog.load("cifar10", folder: folder.path, split: .train) })
    #expect(diagnostic.place?.file?.hasSuffix("data_batch_4.bin") == true)
  }
}
