import Datasets
import Diagnostics
import Foundation
import TestSupport
import Testing

@Suite("Folders of one's own images")
struct ImageFolderTests {
  private func picture(_ value: UInt8, side: Int = 4) -> [UInt8] {
    Fixture.png(width: side, height: side, rgb: [UInt8](repeating: value, count: side * side * 3))
  }

  private let small = ImageFolderOptions(channels: 3, height: 2, width: 2)

  @Test("train and test beneath the folder are the parts; names give classes and order")
  func parts() throws {
    let folder = try TemporaryFolder()
    try folder.write(picture(20), to: "train/dog/b.png")
    try folder.write(picture(10, side: 9), to: "train/dog/a.PNG")
    try folder.write(Sample.jpeg, to: "train/cat/x.jpeg")
    try folder.write(Array("a note".utf8), to: "train/cat/notes.txt")
    try folder.write(picture(1), to: "train/.hidden/a.png")
    try folder.write(picture(30), to: "test/dog/c.png")
    let train = try DatasetCatalog.load("folder", folder: folder.path, split: .train, images: small)
    #expect(train.classes == ["cat", "dog"])
    #expect(train.labels == [0, 1, 1])
    let flat: [UInt8] = (0..<24).map { $0 < 12 ? 10 : 20 }
    #expect(train.pixels.dropFirst(12).elementsEqual(flat))
    let test = try DatasetCatalog.load("folder", folder: folder.path, split: .test, images: small)
    #expect(test.labels == [1])
    #expect(test.pixels.allSatisfy { $0 == 30 })
    #expect(test.classes == train.classes)
  }

  @Test("an undivided folder is divided by names: completely, per class, and always alike")
  func divided() throws {
    let folder = try TemporaryFolder()
    for (name, values) in [("a", 0..<10), ("b", 100..<105)] {
      for value in values { try folder.write(picture(UInt8(value)), to: "\(name)/\(value).png") }
    }
    let grey = ImageFolderOptions(channels: 1, height: 1, width: 1)
    let train = try DatasetCatalog.load("folder", folder: folder.path, split: .train, images: grey)
    let test = try DatasetCatalog.load("folder", folder: folder.path, split: .test, images: grey)
    #expect(train.classCounts == [8, 4])
    #expect(test.classCounts == [2, 1])
    #expect(
      Set(train.pixels + test.pixels) == Set((0..<10).map { UInt8($0) } + (100..<105).map { UInt8($0) }))
    let again = try DatasetCatalog.load("folder", folder: folder.path, split: .test, images: grey)
    #expect(again.pixels == test.pixels)
  }

  @Test("the first picture that cannot be read is named, whatever order the cores take")
  func unreadable() throws {
    let folder = try TemporaryFolder()
    for index in 10..<40 { try folder.write(picture(1), to: "train/a/\(index).png") }
    for index in [23, 31, 37] { try folder.write([0x89, 0x50, 0x4e, 0x47, 0], to: "train/a/\(index).png") }
    try folder.write(picture(1), to: "train/b/0.png")
    try folder.write(picture(1), to: "test/b/0.png")
    for _ in 0..<5 {
      let diagnostic = try #require(
        diagnostic {
          _ = try DatasetCatalog.load("folder", folder: folder.path, split: .train, images: small)
        })
      #expect(diagnostic.place?.file == folder.path + "/train/a/23.png")
    }
  }

  @Test("folders that are no data set say why")
  func unusable() throws {
    let cases: [(files: [String], phrase: String)] = [
      ([], "too few class folders '0'"), (["a/0.png", "a/1.png"], "too few class folders '1'"),
      (["a/0.png", "a/1.png", "b/0.png"], "needs two pictures"),
      (["a/0.png", "b/note.txt"], "needs two pictures"),
      (["train/a/0.png", "train/b/0.png"], "'train' but no 'test'"),
      (["train/a/0.png", "train/b/note.txt", "test/a/0.png"], "the class has no picture"),
      (["train/cat/0.png", "train/dog/0.png", "test/cats/0.png"], "did you mean 'cat'?"),
    ]
    for (files, phrase) in cases {
      let folder = try TemporaryFolder()
      for file in files { try folder.write(picture(1), to: file) }
      let diagnostic = try #require(
        diagnostic {
          for split in DatasetSplit.allCases {
            _ = try DatasetCatalog.load("folder", folder: folder.path, split: split, images: small)
          }
        })
      #expect(diagnostic.description.contains(phrase), "\(diagnostic)")
    }
  }

  @Test("wrong options are usage errors")
  func options() throws {
    let folder = try TemporaryFolder()
    for options in [
      ImageFolderOptions(channels: 2), .init(height: 0), .init(width: 100_000), .init(testFraction: 1),
      .init(testFraction: .nan),
    ] {
      let diagnostic = try #require(
        diagnostic {
          _ = try DatasetCatalog.load("folder", folder: folder.path, split: .train, images: options)
        })
      #expect(diagnostic.category == .usage)
    }
    #expect(
      diagnostic { _ = try DatasetCatalog.load("folder", folder: nil, split: .train) }?.category == .usage)
  }

  @Test(
    "the JPEG files of CIFAR-10",
    .enabled(if: sharedData("cifar10/cifar10-jpeg.tar.gz") != nil, "needs shared/data/cifar10"))
  func cifar() throws {
    let path = try #require(sharedData("cifar10/cifar10-jpeg.tar.gz"))
    let archive = try TarArchive(Gzip.unpack(readFile(path), path: path), path: path)
    #expect(archive.entries.filter { $0.path.hasSuffix(".jpg") }.count == 60_000)
    let folder = try TemporaryFolder()
    for entry in archive.entries where entry.path.hasSuffix("0000.jpg") || entry.path.hasSuffix("0007.jpg") {
      try folder.write(entry.content, to: entry.path)
    }
    let test = try DatasetCatalog.load("folder", folder: folder.path, split: .test)
    #expect(
      test.classes == [
        "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
      ])
    #expect(test.classCounts.allSatisfy { $0 == 2 })
  }
}
