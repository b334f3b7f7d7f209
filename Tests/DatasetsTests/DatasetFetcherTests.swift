import Datasets
import Diagnostics
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Fetching data sets from a local server")
struct DatasetFetcherTests {
  private let content = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 &* 7 &+ $0 >> 8) }

  private func source(
    _ content: [UInt8], name: String = "toy.gz", unpacked: [String: Int] = [:]
  ) -> DatasetSource {
    DatasetSource(
      name: "toy", base: "http://unused.invalid",
      files: [.init(name: name, bytes: content.count, sha256: sha256(Data(content)))], unpacked: unpacked)
  }

  private func fetcher(
    _ server: LocalServer, attempts: Int = 2, _ source: DatasetSource? = nil
  ) -> DatasetFetcher {
    DatasetFetcher(
      sources: [source ?? self.source(content)], mirror: server.base + "/", timeout: 20, attempts: attempts)
  }

  private func failure(of body: () async throws -> Void) async -> Diagnostic? {
    do {
      try await body()
      Issue.record("nothing was thrown")
    } catch {
      if let diagnostic = error as? Diagnostic { return diagnostic }
      Issue.record("an error of another kind was thrown: \(error)")
    }
    return nil
  }

  @Test("a file arrives whole, progress ends at its length, and a second fetch asks for nothing")
  func whole() async throws {
    let server = try LocalServer(["toy.gz": .honest(content)])
    let folder = try TemporaryFolder()
    let progress = Mutex<[FetchProgress]>([])
    try await fetcher(server).fetch("toy", into: folder.path) { step in progress.withLock { $0.append(step) }
    }
    #expect(folder.read("toy.gz") == Data(content))
    #expect(folder.read("toy.gz.part") == nil)
    let steps = progress.withLock { $0 }
    #expect(steps.last?.received == 50_000 && steps.last?.total == 50_000 && steps.last?.file == "toy.gz")
    #expect(steps.map(\.received) == steps.map(\.received).sorted())
    try await fetcher(server).fetch("toy", into: folder.path)
    #expect(server.requestedRanges == [""])
  }

  @Test("an interrupted download goes on where it stopped")
  func resuming() async throws {
    let server = try LocalServer(["toy.gz": .honest(content)])
    let folder = try TemporaryFolder()
    try folder.write(content.prefix(20_000), to: "toy.gz.part")
    try await fetcher(server).fetch("toy", into: folder.path)
    #expect(server.requestedRanges == ["bytes=20000-"])
    #expect(folder.read("toy.gz") == Data(content))
  }

  @Test("a connection that keeps breaking is taken up again as long as bytes arrive")
  func breaking() async throws {
    let server = try LocalServer(["toy.gz": .breaking(content, after: 15_000)])
    let folder = try TemporaryFolder()
    try await fetcher(server).fetch("toy", into: folder.path)
    #expect(folder.read("toy.gz") == Data(content))
    #expect(server.requestedRanges.count >= 4)
  }

  @Test("a connection that brings nothing is given up, and what was there stays")
  func silent() async throws {
    let server = try LocalServer(["toy.gz": .breaking(content, after: 0)])
    let folder = try TemporaryFolder()
    try folder.write(content.prefix(100), to: "toy.gz.part")
    let diagnostic = try #require(await failure { try await fetcher(server).fetch("toy", into: folder.path) })
    #expect(diagnostic.value == "100 of 50000 bytes")
    #expect(diagnostic.remedy?.contains("put toy.gz into \(folder.path)") == true)
    #expect(folder.read("toy.gz.part")?.count == 100)
    server.behave(.honest(content), at: "toy.gz")
    try await fetcher(server).fetch("toy", into: folder.path)
    #expect(folder.read("toy.gz") == Data(content))
  }

  @Test("a cancelled download says so and keeps what has arrived")
  func cancelled() async throws {
    let server = try LocalServer(["toy.gz": .stalling(content, after: 30_000)])
    let folder = try TemporaryFolder()
    let fetcher = fetcher(server)
    let (arrivals, arrival) = AsyncStream<Int>.makeStream()
    let task = Task {
      try await fetcher.fetch("toy", into: folder.path) { arrival.yield($0.received) }
    }
    for await received in arrivals where received == 30_000 { break }
    task.cancel()
    let diagnostic = try #require(await failure { try await task.value })
    #expect(diagnostic.category == .interrupted)
    #expect(folder.read("toy.gz.part")?.count == 30_000)
  }

  @Test(
    "a server without ranges, and one with wrong ranges, still give the right file", arguments: [false, true])
  func withoutRanges(shifted: Bool) async throws {
    let server = try LocalServer(["toy.gz": shifted ? .shifted(content) : .wholeOnly(content)])
    let folder = try TemporaryFolder()
    try folder.write([9, 9, 9], to: "toy.gz.part")
    try await fetcher(server).fetch("toy", into: folder.path)
    #expect(folder.read("toy.gz") == Data(content))
  }

  @Test("wrong content never takes the file's name, and the next fetch starts afresh")
  func wrongContent() async throws {
    let server = try LocalServer(["toy.gz": .honest(content.reversed())])
    let folder = try TemporaryFolder()
    let diagnostic = try #require(await failure { try await fetcher(server).fetch("toy", into: folder.path) })
    #expect(diagnostic.description.contains("what the server sent is not toy.gz"))
    #expect(diagnostic.rule?.contains(sha256(Data(content))) == true)
    #expect(diagnostic.remedy?.contains("put toy.gz into \(folder.path)") == true)
    #expect(folder.read("toy.gz") == nil && folder.read("toy.gz.part") == nil)
  }

  @Test("a damaged file in the folder is replaced")
  func replaced() async throws {
    let server = try LocalServer(["toy.gz": .honest(content)])
    let folder = try TemporaryFolder()
    try folder.write(content.reversed(), to: "toy.gz")
    try await fetcher(server).fetch("toy", into: folder.path)
    #expect(folder.read("toy.gz") == Data(content))
  }

  @Test("more bytes than the file has are not written")
  func tooLong() async throws {
    let server = try LocalServer(["toy.gz": .honest(content + content)])
    let folder = try TemporaryFolder()
    let diagnostic = try #require(await failure { try await fetcher(server).fetch("toy", into: folder.path) })
    #expect(diagnostic.description.contains("sends more than the file has"))
    #expect(folder.read("toy.gz") == nil)
    #expect(folder.read("toy.gz.part")?.count ?? 0 <= content.count)
  }

  @Test("refusals name address and status", arguments: [404, 403, 500])
  func refused(status: Int) async throws {
    let server = try LocalServer(["toy.gz": .status(status)])
    let folder = try TemporaryFolder()
    let diagnostic = try #require(await failure { try await fetcher(server).fetch("toy", into: folder.path) })
    #expect(diagnostic.value == "HTTP \(status)")
    #expect(diagnostic.remedy?.contains("put toy.gz into \(folder.path)") == true)
    #expect(diagnostic.place?.file == server.base + "/toy.gz")
    #expect(folder.read("toy.gz") == nil)
  }

  @Test("unknown names, generated sets and mirrors that are no addresses are usage errors")
  func usage() async throws {
    let folder = try TemporaryFolder()
    let cases: [(name: String, mirror: String?, phrase: String)] = [
      ("mnits", nil, "did you mean 'mnist'?"), ("glyphs", nil, "needs no download"),
      ("mnist", "no address", "the mirror is no address 'no address'"), ("mnist", "file:///etc", "http://"),
    ]
    for (name, mirror, phrase) in cases {
      let diagnostic = try #require(
        await failure { try await DatasetFetcher(mirror: mirror).fetch(name, into: folder.path) })
      #expect(diagnostic.category == .usage)
      #expect(diagnostic.description.contains(phrase), "\(diagnostic)")
    }
  }

  @Test("an archive is unpacked, checked and removed; unpacked files are not fetched again")
  func unpacking() async throws {
    let archive = Fixture.gzip(
      Fixture.tar([("data/", "5", []), ("data/a.bin", "0", [1, 2, 3]), ("data/b.bin", "0", [])]))
    let server = try LocalServer(["toy.tar.gz": .honest(archive)])
    let folder = try TemporaryFolder()
    let source = source(archive, name: "toy.tar.gz", unpacked: ["data/a.bin": 3, "data/b.bin": 0])
    for _ in 0..<2 { try await fetcher(server, source).fetch("toy", into: folder.path) }
    #expect(folder.read("data/a.bin") == Data([1, 2, 3]))
    #expect(folder.read("toy.tar.gz") == nil)
    #expect(server.requestedRanges.count == 1)
  }

  @Test("an archive without the promised file is refused")
  func incompleteArchive() async throws {
    let archive = Fixture.gzip(Fixture.tar([("data/a.bin", "0", [1, 2, 3])]))
    let server = try LocalServer(["toy.tar.gz": .honest(archive)])
    let folder = try TemporaryFolder()
    let source = source(archive, name: "toy.tar.gz", unpacked: ["data/b.bin": 3])
    let diagnostic = try #require(
      await failure { try await fetcher(server, source).fetch("toy", into: folder.path) })
    #expect(diagnostic.value == "data/b.bin")
  }

  @Test("the published sources have sizes and checksums for everything")
  func known() {
    #expect(DatasetSource.known.map(\.name) == ["mnist", "fashion-mnist", "cifar10"])
    for file in DatasetSource.known.flatMap(\.files) {
      #expect(file.bytes > 0)
      #expect(file.sha256.count == 64 && file.sha256.allSatisfy { $0.isHexDigit && !$0.isUppercase })
    }
  }
}

@Suite("tar archives")
struct TarArchiveTests {
  @Test("files come out with their paths, folders and metadata do not")
  func files() throws {
    let archive = Fixture.tar([
      ("./a/", "5", []), ("a/one", "0", [1]), ("pax", "x", [5, 5]), ("two", "0", Array(0..<200)),
    ])
    let entries = try TarArchive(Data(archive), path: "a.tar").entries
    #expect(entries.map(\.path) == ["a/one", "two"])
    #expect(entries.map { [UInt8]($0.content) } == [[1], Array(0..<200)])
  }

  @Test("archives that would write elsewhere, or are damaged, are refused")
  func refused() throws {
    var damaged = Fixture.tar([("a", "0", [1])])
    damaged[3] ^= 1
    let cases: [(bytes: [UInt8], phrase: String)] = [
      (Fixture.tar([("../evil", "0", [1])]), "leaves its folder '../evil'"),
      (Fixture.tar([("/etc/evil", "0", [1])]), "leaves its folder '/etc/evil'"),
      (Fixture.tar([("a/../../evil", "0", [1])]), "leaves its folder"),
      (Fixture.tar([("a/./../evil", "0", [1])]), "leaves its folder"),
      (Fixture.tar([("link", "2", [])]), "neither file nor folder 'link'"),
      (Fixture.tar([("hard", "1", [])]), "neither file nor folder 'hard'"), (damaged, "its own checksum"),
      (Array(Fixture.tar([("a", "0", [UInt8](repeating: 1, count: 2000))]).prefix(1024)), "ends too early"),
      (Array(Fixture.tar([("a", "0", [1])]).prefix(700)), "ends too early"), ([], "ends too early"),
      ([UInt8](repeating: 65, count: 2048), "its own checksum"),
    ]
    for (bytes, phrase) in cases {
      let diagnostic = try #require(diagnostic { _ = try TarArchive(Data(bytes), path: "a.tar") })
      #expect(diagnostic.category == .unusableFile)
      #expect(diagnostic.description.contains(phrase), "\(diagnostic)")
    }
  }
}
