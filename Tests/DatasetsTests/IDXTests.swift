import Datasets
import Diagnostics
import Foundation
import TestSupport
import Testing

@Suite("MNIST and Fashion-MNIST files")
struct IDXTests {
  /// Three images of 2×2.
  private func folder(
    images: [UInt8]? = nil, labels: [UInt8]? = nil, imagesName: String = "train-images-idx3-ubyte",
    labelsName: String = "train-labels-idx1-ubyte"
  ) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try folder.write(images ?? Fixture.idx([3, 2, 2], Array(1...12)), to: imagesName)
    try folder.write(labels ?? Fixture.idx([3], [7, 0, 9]), to: labelsName)
    return folder
  }

  @Test(
    "plain and compressed files give the same images", arguments: [false, true], ["mnist", "fashion-mnist"])
  func reading(compressed: Bool, name: String) throws {
    let images = Fixture.idx([3, 2, 2], Array(1...12))
    let folder = try folder(
      images: compressed ? Fixture.gzip(images) : images,
      imagesName: "train-images-idx3-ubyte" + (compressed ? ".gz" : ""), labelsName: "train-labels.idx1-ubyte"
    )
    let dataset = try DatasetCatalog.load(name, folder: folder.path, split: .train)
    #expect(dataset.labels == [7, 0, 9])
    #expect(dataset.pixels == Array(1...12))
    #expect((dataset.channels, dataset.height, dataset.width) == (1, 2, 2))
    #expect(dataset.classes.count == 10)
  }

  @Test("gzip with two members is one file")
  func members() throws {
    let file = Data(Fixture.gzip([1, 2]) + Fixture.gzip([3]))
    #expect(try Gzip.unpack(file, path: "two.gz") == Data([1, 2, 3]))
  }

  @Test("damaged image files are refused with file, value and rule", arguments: DamagedIDX.allCases)
  func damaged(_ damage: DamagedIDX) throws {
    let folder = try folder(images: damage.images, labels: damage.labels)
    let diagnostic = try #require(
      diagnostic { _ = try DatasetCatalog.load("mnist", folder: folder.path, split: .train) })
    #expect(diagnostic.category == .unusableFile)
    #expect(diagnostic.place?.file?.hasPrefix(folder.path) == true)
    #expect(diagnostic.description.contains(damage.phrase), "\(diagnostic)")
  }

  @Test("a compressed file that unpacks to more than the limit is stopped at it")
  func bomb() throws {
    let file = Data(Fixture.gzip([UInt8](repeating: 0, count: 100_000)))
    #expect(try Gzip.unpack(file, path: "a.gz", limit: 100_000).count == 100_000)
    let diagnostic = try #require(diagnostic { _ = try Gzip.unpack(file, path: "a.gz", limit: 99_999) })
    #expect(diagnostic.description.contains("at most 99999 bytes"))
  }

  @Test("every prefix of a compressed file is an error")
  func truncatedGzip() {
    let file = Fixture.gzip(Array(0..<200))
    for count in 0..<file.count {
      #expect(throws: Diagnostic.self) { try Gzip.unpack(Data(file.prefix(count)), path: "cut.gz") }
    }
  }

  @Test("missing files, folders and names tell what to do")
  func missing() throws {
    let empty = try TemporaryFolder()
    let noFile = try #require(
      diagnostic { _ = try DatasetCatalog.load("mnist", folder: empty.path, split: .test) })
    #expect(noFile.description.contains("t10k-images-idx3-ubyte"))
    #expect(noFile.description.contains("quoin data fetch mnist"))
    let noFolder = try #require(
      diagnostic { _ = try DatasetCatalog.load("cifar10", folder: "/nowhere", split: .test) })
    #expect(noFolder.description.contains("/nowhere"))
    let noName = try #require(diagnostic { _ = try DatasetCatalog.load("mnits", folder: nil, split: .test) })
    #expect(noName.nearest == "mnist")
    #expect(noName.category == .usage)
  }

  @Test("MNIST itself", .enabled(if: sharedData("mnist") != nil, "needs shared/data/mnist"))
  func mnist() throws {
    let test = try DatasetCatalog.load("mnist", folder: sharedData("mnist"), split: .test)
    #expect(test.count == 10_000)
    #expect((test.channels, test.height, test.width) == (1, 28, 28))
    #expect(test.labels.prefix(5) == [7, 2, 1, 0, 4])
    #expect(test.classCounts == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])
  }
}

enum DamagedIDX: String, CaseIterable, Sendable {
  case empty, headerOnly, wrongMagic, floats, tooShort, tooLong, overflow, fewerLabels, labelOutOfRange,
    noImages
  case brokenGzip, garbageAfterGzip

  var images: [UInt8]? {
    let good = Fixture.idx([3, 2, 2], Array(1...12))
    switch self {
    case .empty: return []
    case .headerOnly: return Array(good.prefix(10))
    case .wrongMagic: return [1] + good.dropFirst()
    case .floats: return Fixture.idx([3, 2, 2], Array(1...12), magic: [0, 0, 13, 3])
    case .tooShort: return good.dropLast()
    case .tooLong: return good + [0]
    case .overflow: return Fixture.idx([-1, -1, -1], [1])
    case .noImages: return Fixture.idx([0, 2, 2], [])
    case .brokenGzip: return Fixture.gzip(good).enumerated().map { $0 == 30 ? $1 ^ 1 : $1 }
    case .garbageAfterGzip: return Fixture.gzip(good) + Array("garbage after the member".utf8)
    case .fewerLabels, .labelOutOfRange: return nil
    }
  }

  var labels: [UInt8]? {
    switch self {
    case .fewerLabels: Fixture.idx([2], [7, 0])
    case .labelOutOfRange: Fixture.idx([3], [7, 10, 0])
    case .noImages: Fixture.idx([0], [])
    default: nil
    }
  }

  var phrase: String {
    switch self {
    case .empty, .headerOnly: "the header alone has 16"
    case .wrongMagic: "wrong '0x01000803'"
    case .floats: "wrong '0x00000d03'"
    case .tooShort: "has 11 bytes of data '3×2×2'"
    case .tooLong: "has 13 bytes of data '3×2×2'"
    case .overflow: "'4294967295×4294967295×4294967295'"
    case .fewerLabels: "there are 2 labels"
    case .labelOutOfRange: "item 1: label out of range '10'"
    case .noImages: "holds no image"
    case .brokenGzip, .garbageAfterGzip: "damaged"
    }
  }
}
