import Diagnostics
import Foundation
import TestSupport
import Testing

@Suite("Files")
struct FileTests {
  @Test("what is written is read, in new folders and over old content")
  func roundTrip() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/a/b/file.json"
      try writeAtomically(Data("old content".utf8), to: path)
      try writeAtomically(Data("new".utf8), to: path)
      #expect(try readFile(path) == Data("new".utf8))
      try writeAtomically(Data(), to: path)
      #expect(try readFile(path).isEmpty)
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/a/b") == ["file.json"])
    }
  }

  @Test("a write that fails names the path, keeps what was there, and leaves nothing behind")
  func failedWrite() throws {
    try withTemporaryFolder { folder in
      try writeAtomically(Data("kept".utf8), to: "\(folder)/file")
      let below = #expect(throws: Diagnostic.self) { try writeAtomically(Data("x".utf8), to: "\(folder)/file/below") }
      #expect(below?.place?.file == "\(folder)/file/below" && below?.exitCode == 1)
      #expect(below?.problem.contains("Not a directory") == true)
      #expect(try readFile("\(folder)/file") == Data("kept".utf8))
      try writeAtomically(Data("kept".utf8), to: "\(folder)/full/file")
      #expect(throws: Diagnostic.self) { try writeAtomically(Data("x".utf8), to: "\(folder)/full") }
      #expect(try readFile("\(folder)/full/file") == Data("kept".utf8))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["file", "full"])
    }
  }

  @Test("a link stays a link, its file is written; a device takes the bytes or says why not")
  func specialFiles() throws {
    try withTemporaryFolder { folder in
      let (link, file) = ("\(folder)/link", "\(folder)/below/file")
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "below/file")
      for text in ["first", "second"] {
        try writeAtomically(Data(text.utf8), to: link)
        #expect(try readFile(file) == Data(text.utf8))
      }
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "below/file")
      #expect(try FileManager.default.contentsOfDirectory(atPath: "\(folder)/below") == ["file"])
      try writeAtomically(Data("dropped".utf8), to: "/dev/null")
      let full = #expect(throws: Diagnostic.self) { try writeAtomically(Data("x".utf8), to: "/dev/full") }
      #expect(full?.problem.contains("No space left") == true)
    }
  }

  @Test("links that lead round in a circle are refused")
  func circle() throws {
    try withTemporaryFolder { folder in
      try FileManager.default.createSymbolicLink(atPath: "\(folder)/a", withDestinationPath: "b")
      try FileManager.default.createSymbolicLink(atPath: "\(folder)/b", withDestinationPath: "a")
      #expect(throws: Diagnostic.self) { try writeAtomically(Data("x".utf8), to: "\(folder)/a") }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a", "b"])
    }
  }

  @Test("readers see one version or the other, never a part, while several threads write")
  func concurrentWriters() throws {
    try withTemporaryFolder { folder in
      let path = "\(folder)/file"
      let versions = (0..<4).map { Data(repeating: UInt8($0), count: 10_000 + $0) }
      try writeAtomically(versions[0], to: path)
      DispatchQueue.concurrentPerform(iterations: 8) { worker in
        for round in 0..<10 {
          if worker % 2 == 0 {
            #expect(throws: Never.self) { try writeAtomically(versions[(worker / 2 + round) % 4], to: path) }
          } else {
            // A mapped file would change under the reader; its content is compared at once.
            #expect((try? readFile(path)).map(versions.contains) == true)
          }
        }
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["file"])
    }
  }

  @Test("what cannot be read is named: missing, a folder, too large")
  func refused() throws {
    try withTemporaryFolder { folder in
      let missing = #expect(throws: Diagnostic.self) { try readFile("\(folder)/none") }
      #expect(missing?.problem == "no such file" && missing?.place?.file == "\(folder)/none" && missing?.exitCode == 65)
      #expect(throws: Diagnostic.self) { try readFile(folder) }
      try writeAtomically(Data(repeating: 1, count: 100), to: "\(folder)/large")
      let large = #expect(throws: Diagnostic.self) { try readFile("\(folder)/large", limit: 99) }
      #expect(large?.value == "100 bytes" && large?.rule?.contains("99") == true)
      #expect(try readFile("\(folder)/large", limit: 100).count == 100)
    }
  }

  /// The vectors of FIPS 180-4 and its examples.
  @Test(
    "checksums are SHA-256",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
      ),
    ])
  func checksums(text: String, digest: String) {
    #expect(sha256(Data(text.utf8)) == digest)
    let checksum = SHA256Checksum()
    for byte in text.utf8 { checksum.update(with: Data([byte])) }
    #expect(checksum.finish() == digest)
  }
}
